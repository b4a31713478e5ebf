/** A handoff as its reviewer gets it, written out: one with everything that there can be in it, one with as little as there can be. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import type { GateView } from '../../src/core/gate-evidence.ts';
import { type HandoffInput, handoffBundle } from '../../src/core/handoff.ts';
import { readPackets } from '../../src/core/packets.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { type Given, goodPacket } from '../packets/good-packet.ts';
import { reportOf } from '../support/turn-report.ts';

const [BASE, HEAD, HASH] = ['b', 'c', 'a'].map((digit) => digit.repeat(40));
if (BASE === undefined || HEAD === undefined || HASH === undefined) throw new Error('no commits');
const REF = { path: 'artifacts/x.json', sha256: HASH };

/** Records with these events, a second apart; what else a record holds is not looked at. */
function recordsOf(...events: readonly (readonly [actor: string, event: object])[]): readonly JournalRecord[] {
  return events.map(([actor, event], n) => ({ actor, event, atMs: 1_000 * (n + 1), sum: HASH }) as JournalRecord);
}

function inputOf(packet: Given, more: Partial<HandoffInput>): HandoffInput {
  const [reading] = readPackets(JSON.stringify([packet]), sha256).readings;
  if (reading === undefined) throw new Error('the packet cannot be read');
  return {
    runId: 'run_x',
    packetHash: HASH ?? '',
    packet: reading.packet,
    branch: 'work/x',
    baseBranch: 'main',
    baseCommit: BASE ?? '',
    headCommit: HEAD ?? '',
    commits: [],
    files: [],
    fileCount: 0,
    instructionChanges: { paths: [], count: 0 },
    gates: [],
    rounds: [],
    policy: {},
    records: [],
    ...more,
  };
}

const command = { argv: ['npm', 'test', 'a b'], exitCode: 0, signal: null, durationMs: 12, outputTail: 'fine\n' };
const finding = { severity: 'minor', message: 'A name\nis odd', file: 'src/`a`.js', line: 3 };
const verification: GateView = {
  gate: 'verification',
  status: 'PASS',
  epoch: 2,
  commit: HEAD,
  evidence: REF,
  override: null,
  summary: '3 of 3 passed.',
  findings: [],
  criteria: [],
  commands: [
    command,
    { ...command, argv: ['lint'], exitCode: null, signal: 'SIGKILL' },
    { ...command, argv: ['gone'], exitCode: null },
  ],
};
const review: GateView = {
  ...verification,
  gate: 'review',
  status: 'ACCEPTED',
  evidence: null,
  override: { by: 'ann', reason: 'good enough' },
  summary: 'Nearly.',
  findings: [finding, { severity: 'major', message: 'Nowhere' }],
  commands: [],
} as GateView;

const RICH = inputOf(
  { ...goodPacket(), approval: { status: 'approved', approved_by: 'ann' } },
  {
    commits: [
      { commit: HEAD, subject: 'Rotate *widgets*' },
      { commit: BASE, subject: '' },
    ],
    files: ['src/a.js', 'src/`b`.js'],
    fileCount: 5,
    gates: [verification, review],
    rounds: [
      {
        round: 1,
        commit: BASE,
        gates: [
          { gate: 'review', status: 'FAIL', summary: 'No.', findings: [finding], commands: [], problem: null },
          { gate: 'verification', status: 'FAIL', summary: '', findings: [], commands: [], problem: 'it is gone' },
        ],
      },
    ],
    policy: { attemptsMax: 2 },
    records: recordsOf(
      ['run', { type: 'packetReceived', packetHash: HASH, packet: REF }],
      ['run', { type: 'taskRequested', taskId: 'implementation-e0-a1', agent: 'coder', rescueRef: null }],
      ['implementation-e0-a1', { type: 'workerSpawned', startedAtMs: 2_500 }],
      ['implementation-e0-a1', { type: 'workerEnded', result: 'failed', blocker: { code: 'PAWL_WORKER_EXIT' } }],
      [
        'run',
        { type: 'taskRequested', taskId: 'implementation-e0-a2', agent: 'coder', rescueRef: 'refs/pawl/rescue/x' },
      ],
      ['implementation-e0-a2', { type: 'workerSpawned', startedAtMs: 5_500 }],
      [
        'implementation-e0-a2',
        {
          type: 'workerEnded',
          result: 'completed',
          blocker: null,
          turn: reportOf({
            usage: { scope: 'session', tokens: 1_200, usd: 0.25 },
            denials: [{ tool: 'WebFetch', reason: 'no', isExpected: true }],
          }),
        },
      ],
      ['run', { type: 'workCommitted', commit: BASE, surfacesAdded: ['path:acme/widgets/src/\\[id].js'] }],
      ['run', { type: 'gateJudged', gate: 'review', epoch: 1, status: 'FAIL', commit: BASE }],
      [
        'run',
        {
          type: 'packetReplaced',
          packetHash: HASH,
          packet: REF,
          by: 'ann',
          reason: 'a typo',
          surfacesBeyond: ['path:acme/widgets/docs'],
        },
      ],
      ['run', { type: 'decisionMade', decision: 'accept', by: 'ann', reason: 'good enough' }],
      ['run', { type: 'taskRequested', taskId: 'fix-e1-a1', agent: 'coder', rescueRef: null }],
      [
        'run',
        {
          type: 'workCommitted',
          commit: HEAD,
          surfacesAdded: ['path:acme/widgets/more'],
          leftOut: {
            emptySubmodules: { paths: ['lib/a'], count: 1 },
            filesBelowSubmodules: { paths: ['lib/b/x', 'lib/b/y'], count: 7 },
          },
        },
      ],
    ),
  },
);
const BARE = inputOf(
  {
    ...goodPacket(),
    scm_target: { repo: 'acme/widgets', intended_branch: 'work/x' },
    scope: { acceptance_criteria: ['It works'] },
  },
  { records: recordsOf(['run', { type: 'workEmpty' }]) },
);

describe('a handoff', () => {
  it.each([
    ['handoff', RICH],
    ['handoff-bare', BARE],
  ])('is as it is written out: %s', async (name, input) => {
    const { json, markdown } = handoffBundle(input);
    await expect(markdown).toMatchFileSnapshot(`data/${name}.md`);
    await expect(`${JSON.stringify(JSON.parse(json), null, 2)}\n`).toMatchFileSnapshot(`data/${name}.json.txt`);
  });
});
