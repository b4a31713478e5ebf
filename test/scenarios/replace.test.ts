/** A packet that parked its run is corrected and replaced through the built command line, and its run ends ready for review; nothing is lost. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codesOf, documentOf, type RunsDocument, runOf } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { goodWork, type Plain, packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
let scenario: Scenario;

interface Replaced extends RunsDocument {
  readonly packets: readonly Plain[];
}

const BROKEN = packetOf('A', {
  verification: { commands: ['node missing-check.js'] },
  limits: { fix_attempts_max: 0 },
});
const MENDED = packetOf('A', { verification: { commands: ['true'] }, scope: { goal: 'The check that exists passes' } });

/** The run of the broken packet is parked: its verification command fails, whatever the work is. */
async function parked(): Promise<string> {
  scenario.scripted({}, { verification: { allow: ['true', 'node *'] } });
  const { code, of } = await scenario.run(scenario.packets(BROKEN));
  expect(code).toBe(3);
  expect(codesOf(of('A'))).toContain('PAWL_FIX_LIMIT');
  return of('A').runId;
}

function artifacts(runId: string, stage: string): readonly string[] {
  return readdirSync(join(scenario.registry, 'runs', runId, 'artifacts', stage)).sort();
}

describe('a run that is parked because of its packet', () => {
  let runId = '';
  let mended = '';
  let starts = 0;
  let kept: readonly string[] = [];
  beforeAll(async () => {
    scenario = new Scenario();
    runId = await parked();
    mended = scenario.packets(MENDED);
    starts = scenario.startsOf(runId).length;
    kept = ['verification', 'intake'].flatMap((stage) => artifacts(runId, stage));
  }, SLOW);
  afterAll(() => scenario.end());

  test('is replaced or refused packet by packet, and a refusal changes nothing of it', { timeout: SLOW }, async () => {
    const journal = join(scenario.registry, 'runs', runId, 'events.jsonl');
    const before = readFileSync(journal, 'utf8');
    const unapproved = { ...MENDED, approved: false };
    const file = scenario.packets(unapproved, packetOf('NEW'), MENDED);
    const { code, document } = await scenario.json<Replaced>('intake', '--replace', file);
    expect(code).toBe(3);
    expect(document.packets.map(({ taskId, outcome }) => [taskId, outcome])).toEqual([
      ['A', 'refused'],
      ['NEW', 'refused'],
      ['A', 'refused'],
    ]);
    expect(readFileSync(journal, 'utf8')).toBe(before);
  });

  test('is shown with the corrected one in status, and refuses that a second time', { timeout: SLOW }, async () => {
    const replaced = await scenario.json<Replaced>('intake', '--replace', mended, '--reason', 'that check is gone');
    expect([replaced.code, replaced.document.packets]).toEqual([
      0,
      [{ taskId: 'A', runId, outcome: 'replaced', error: null }],
    ]);
    expect(runOf(replaced.document, 'A')).toMatchObject({
      runId,
      state: 'queued',
      isNew: false,
      replacement: { count: 1, reason: 'that check is gone' },
    });
    expect((await scenario.call('status', runId)).stdout).toMatch(/packet {2}replaced by /);
    const again = await scenario.json<Replaced>('intake', '--replace', mended);
    expect([again.code, again.document.packets]).toEqual([
      3,
      [
        {
          taskId: 'A',
          runId,
          outcome: 'refused',
          error: expect.objectContaining({ code: 'PAWL_REPLACE_REFUSED', message: expect.stringContaining('exactly') }),
        },
      ],
    ]);
  });

  test('continues under the corrected one to its handoff, which lists both; the old evidence is still there', {
    timeout: SLOW,
  }, async () => {
    const { code, of } = await scenario.run(mended);
    expect([code, of('A').runId, of('A').state]).toEqual([0, runId, 'readyForManualReview']);
    // The work was kept: only the review is new.
    expect(scenario.startsOf(runId).slice(starts)).toEqual(['review-e2-a1']);
    const all = ['verification', 'intake'].flatMap((stage) => artifacts(runId, stage));
    expect(all).toEqual(expect.arrayContaining([...kept]));
    expect(artifacts(runId, 'intake')).toHaveLength(2);
    const shown = await scenario.json<Plain>('show', runId);
    expect(shown.document.packets).toMatchObject([
      { version: 1, by: null, rounds: [1] },
      { version: 2, reason: 'that check is gone', rounds: [2] },
    ]);
    const said = await scenario.call('events', runId);
    expect(said.stdout).toMatch(/packet replaced by .*: that check is gone/);
    const handoff = artifacts(runId, 'handoff').find((name) => name.endsWith('.md')) ?? 'handoff.md';
    const page = readFileSync(join(scenario.registry, 'runs', runId, 'artifacts/handoff', handoff), 'utf8');
    expect(page).toContain('## Packet: version 2 was judged');
    expect(page).toContain('that check is gone (round 2)');
    expect(page).toContain('The check that exists passes');
  });
});

describe('a packet that replaces another', () => {
  beforeEach(() => {
    scenario = new Scenario();
  });
  afterEach(() => scenario.end());

  test('while a pawl runs: it refuses the packet of a run whose worker is at work, and replaces that of a parked one and drives it on', {
    timeout: SLOW,
  }, async () => {
    const works = [
      { do: 'waitFor', path: 'go' },
      { do: 'remove', path: 'go' },
      ...(goodWork('B').implementation ?? []),
    ];
    scenario.scripted({ B: { implementation: works } });
    const driven = scenario.start(
      'run',
      '--packets',
      scenario.packets(BROKEN, packetOf('B')),
      '--max-parallel',
      '2',
      '--json',
    );
    const a = await scenario.shownOnce('A', ({ state }) => state === 'blockedNeedsHuman');
    const b = await scenario.shownOnce('B', ({ substate }) => substate === 'working');
    const { code, document } = await scenario.json<Replaced>(
      'intake',
      '--replace',
      scenario.packets(MENDED, packetOf('B', { scope: { goal: 'Something else' } })),
    );
    expect([code, document.packets]).toEqual([
      3,
      [
        { taskId: 'A', runId: a.runId, outcome: 'replaced', error: null },
        {
          taskId: 'B',
          runId: b.runId,
          outcome: 'refused',
          error: expect.objectContaining({
            code: 'PAWL_REPLACE_REFUSED',
            message: expect.stringContaining('implementation-e0-a1'),
            hint: expect.stringContaining(`pawl cancel ${b.runId}`),
          }),
        },
      ],
    ]);
    await scenario.shownOnce('A', ({ state }) => state === 'readyForManualReview');
    writeFileSync(join(scenario.registry, 'worktrees', b.runId, 'go'), '');
    const end = await driven.ended;
    expect(end.code).toBe(0);
    expect(runOf(documentOf(end), 'B').state).toBe('readyForManualReview');
  });

  test.each([
    ['--again', ['--replace', '--again']],
    ['--all-or-nothing', ['--replace', '--all-or-nothing']],
    ['a reason without --replace', ['--reason', 'because']],
  ])('with %s is refused, and nothing is written', { timeout: SLOW }, async (_name, options) => {
    const packets = scenario.packets(MENDED);
    const before = fingerprint(scenario.path);
    const { code, document } = await scenario.json<Plain>('intake', packets, ...options);
    expect([code, document.error]).toEqual([2, expect.objectContaining({ code: 'PAWL_USAGE' })]);
    expect(changedPaths(before, fingerprint(scenario.path))).toEqual([]);
  });
});
