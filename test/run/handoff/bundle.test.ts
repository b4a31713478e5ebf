/** What a passed run hands off: the commit that was judged, and what its work touched beyond its packet. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/base/sha256.ts';
import type { JournalEvent } from '../../../src/model/event.ts';
import { type JournalRecord, RUN_ACTOR } from '../../../src/model/record.ts';
import { FIRST_PREV, RECORD_VERSION } from '../../../src/model/system-record.ts';
import { readPackets } from '../../../src/packets/packets.ts';
import { BASE, COMMIT, HASH, POLICY, packetReceived, packetReplaced } from '../../../src/prove/model/settlements.ts';
import { handoffBundle } from '../../../src/run/handoff/bundle.ts';
import type { HandoffInput } from '../../../src/run/handoff/document.ts';
import { goodPacket } from '../../packets/good-packet.ts';

const BRANCH = 'work/x;reboot';

function recordOf(event: JournalEvent, seq: number): JournalRecord {
  const hashes = { post: HASH, prev: FIRST_PREV, sum: HASH };
  return { v: RECORD_VERSION, seq, gen: 1, atMs: seq, actor: RUN_ACTOR, event, effects: [], ...hashes };
}

function workCommitted(surfacesAdded?: readonly string[]): JournalEvent {
  const work = { commit: COMMIT, fileCount: 1, filesChanged: ['x'], patchHash: HASH, outcomeHash: HASH };
  const event = { type: 'workCommitted' as const, key: 'k', taskId: 'implementation-e0-a1', ...work };
  return surfacesAdded === undefined ? event : { ...event, surfacesAdded };
}

function bundleOf(...events: readonly JournalEvent[]): { readonly json: string; readonly markdown: string } {
  return bundleWith({}, ...events);
}

function bundleWith(
  more: Partial<HandoffInput>,
  ...events: readonly JournalEvent[]
): { readonly json: string; readonly markdown: string } {
  const [reading] = readPackets(JSON.stringify([goodPacket()]), sha256).readings;
  if (reading === undefined) throw new Error('the packet cannot be read');
  const input: HandoffInput = {
    runId: 'run_x',
    packetHash: HASH,
    packet: reading.packet,
    branch: BRANCH,
    baseBranch: 'main',
    baseCommit: BASE,
    headCommit: COMMIT,
    commits: [{ commit: COMMIT, subject: 'work' }],
    files: ['x'],
    fileCount: 1,
    instructionChanges: { paths: [], count: 0 },
    diffStat: { files: [{ path: 'x', added: 3, deleted: 1, isBinary: false }], fileCount: 1, added: 3, deleted: 1 },
    outside: { paths: [], count: 0 },
    summaries: [],
    gates: [],
    rounds: [],
    policy: {},
    records: events.map((event, at) => recordOf(event, at + 1)),
    ...more,
  };
  return handoffBundle(input);
}

describe('a handoff', () => {
  it('names the commit that was judged wherever it says what to read, and its branch only by the way', () => {
    const { json, markdown } = bundleOf(workCommitted());
    expect(JSON.parse(json)).toMatchObject({ headCommit: COMMIT, baseCommit: BASE, branch: BRANCH });
    expect(markdown).toContain(`- Commit \`${COMMIT}\`, which both gates judged`);
    const commands = markdown.split('\n').filter((line) => line.includes('git '));
    expect(commands).toEqual([`- Review: \`git log --patch ${BASE.slice(0, 12)}..${COMMIT.slice(0, 12)}\``]);
  });

  it('names what the work touched beyond the conflict surface, of all tasks, and says nothing where it stayed inside', () => {
    const added = ['path:acme/widgets/src/widget.js', 'path:acme/widgets/docs/\\[id].md'];
    const { json, markdown } = bundleOf(
      workCommitted([added[0] ?? '']),
      workCommitted(),
      workCommitted(added.slice(1)),
    );
    expect(JSON.parse(json).surfacesAdded).toEqual(added);
    expect(markdown).toContain('## Outside the conflict surface');
    expect(markdown).toContain("these were leased along with the packet's own: `src/widget.js`, `docs/[id].md`.");
    const inside = bundleOf(workCommitted());
    expect(JSON.parse(inside.json).surfacesAdded).toEqual([]);
    expect(inside.markdown).not.toContain('conflict surface');
  });

  it('shows first that files were changed which instruct agents, by their names, and says nothing where none was', () => {
    const instructionChanges = { paths: ['CLAUDE.md', 'a`b/AGENTS.md'], count: 3 };
    const { json, markdown } = bundleWith({ instructionChanges }, workCommitted());
    expect(JSON.parse(json).instructionChanges).toEqual(instructionChanges);
    const [, second = ''] = markdown.split(/^#+ /m).slice(1);
    expect(second).toMatch(/^Look at these first: files that instruct agents were changed \(3\)\n/);
    expect(second).toContain('- `CLAUDE.md`\n- `` a`b/AGENTS.md ``\n- and 1 more\n');
    const none = bundleOf(workCommitted());
    expect(JSON.parse(none.json).instructionChanges).toEqual({ paths: [], count: 0 });
    expect(none.markdown).not.toContain('instruct');
  });

  it('of a packet that was replaced says which version was judged, who has replaced it, and what was judged under the others', () => {
    const judged = (epoch: number): JournalEvent => ({
      type: 'gateJudged',
      key: 'k',
      gate: 'verification',
      taskId: `verification-e${epoch}-a1`,
      epoch,
      status: 'PASS',
      commit: COMMIT,
      evidence: { path: 'e', sha256: HASH },
      findingCount: 0,
      blocker: null,
    });
    const replaced = packetReplaced({ packetHash: HASH, policy: POLICY });
    const events = [packetReceived(), workCommitted(['path:acme/widgets/docs']), judged(1), replaced, judged(2)];
    const { json, markdown } = bundleOf(...events);
    expect(JSON.parse(json)).toMatchObject({
      surfacesAdded: [],
      packets: [
        { version: 1, packetHash: HASH, by: null, reason: null, rounds: [1] },
        {
          version: 2,
          packetHash: replaced.packetHash,
          packet: replaced.packet,
          by: 'operator',
          reason: 'r',
          rounds: [2],
        },
      ],
    });
    expect(markdown).toContain('## Packet: version 2 was judged');
    expect(markdown).toContain(`- Version 1 \`${HASH}\`, submitted at 1970-01-01T00:00:00.001Z (round 1)`);
    expect(markdown).toMatch(/- Version 2 `d+`, submitted as a replacement by operator at .*: r \(round 2\)/);
    const never = bundleOf(packetReceived(), workCommitted(), judged(1));
    expect(never.json).not.toContain('"packets"');
    expect(never.markdown).not.toContain('## Packet');
  });

  it('names what the last commit could not hold because of submodules, and nothing that an earlier one could not', () => {
    const leftOut = {
      emptySubmodules: { paths: ['lib/a'], count: 1 },
      filesBelowSubmodules: { paths: ['lib/b/x', 'lib/b/`y`'], count: 7 },
    };
    const told = bundleOf(workCommitted(), { ...workCommitted(), leftOut } as JournalEvent);
    expect(JSON.parse(told.json).leftOut).toEqual(leftOut);
    expect(told.markdown).toContain('## Empty submodules (1)');
    expect(told.markdown).toContain('## Not committed (7)');
    expect(told.markdown).toContain('- `lib/b/x`\n');
    expect(told.markdown).toContain('- and 5 more\n');
    const forgotten = bundleOf({ ...workCommitted(), leftOut } as JournalEvent, workCommitted());
    expect(JSON.parse(forgotten.json).leftOut).toBeNull();
    expect(forgotten.markdown).not.toMatch(/submodule|Not committed/);
  });
});
