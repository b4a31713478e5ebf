/**
 * What a handoff is made from, for tests: with everything that there can be in it, and with as little as there can be.
 *
 * Owns: both inputs. Does not own: what is made of them.
 */
import { sha256 } from '../../src/base/sha256.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import type { TurnReport } from '../../src/model/turn.ts';
import { readPackets } from '../../src/packets/packets.ts';
import type { GateView } from '../../src/run/gate-evidence.ts';
import type { HandoffInput } from '../../src/run/handoff/document.ts';
import { type Given, goodPacket } from '../packets/good-packet.ts';
import { reportOf } from './turn-report.ts';

const BASE = 'b'.repeat(40);
const HEAD = 'c'.repeat(40);
const HASH = 'a'.repeat(40);
const refOf = (name: string) => ({ path: `artifacts/${name}.json`, sha256: HASH });

/** Records with these events, a second apart; what else a record holds is not looked at. */
function recordsOf(...events: readonly (readonly [actor: string, event: object])[]): readonly JournalRecord[] {
  return events.map(([actor, event], n) => ({ actor, event, atMs: 1_000 * (n + 1), sum: HASH }) as JournalRecord);
}

function inputOf(packet: Given, more: Partial<HandoffInput>): HandoffInput {
  const [reading] = readPackets(JSON.stringify([packet]), sha256).readings;
  if (reading === undefined) throw new Error('the packet cannot be read');
  return {
    runId: 'run_x',
    packetHash: HASH,
    packet: reading.packet,
    branch: 'work/x',
    baseBranch: 'main',
    baseCommit: BASE,
    headCommit: HEAD,
    commits: [],
    files: [],
    fileCount: 0,
    diffStat: { files: [], fileCount: 0, added: 0, deleted: 0 },
    instructionChanges: { paths: [], count: 0 },
    outside: { paths: [], count: 0 },
    summaries: [],
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
  evidence: refOf('verification'),
  override: null,
  summary: '3 of 3 passed.',
  findings: [],
  criteria: [],
  commands: [
    command,
    { ...command, argv: ['lint'], exitCode: null, signal: 'SIGKILL' },
    { ...command, argv: ['gone'], exitCode: null, outputTail: '' },
  ],
};
const review: GateView = {
  ...verification,
  gate: 'review',
  status: 'ACCEPTED',
  evidence: null,
  override: { by: 'ann', reason: 'good enough' },
  summary: 'Nearly.',
  findings: [
    finding,
    { severity: 'major', message: 'Nowhere' },
    { severity: 'minor', message: 'R2 is a matter of taste' },
  ],
  criteria: [
    { criterion: 'A1: It works', status: 'met', evidence: 'test/a.js:3' },
    { criterion: 'it is clear.', status: 'notMet', evidence: '' },
    { criterion: 'Z9', status: 'unclear', evidence: 'whatever that is' },
  ],
  commands: [],
};

/** A turn, its denials with the command that they concern. */
function turnOf(changes: Partial<TurnReport>, denials: readonly object[] = []): TurnReport {
  return reportOf({ ...changes, denials: denials as TurnReport['denials'] });
}

const requested = (taskId: string, agent: string, rescueRef: string | null = null) =>
  ['run', { type: 'taskRequested', taskId, agent, rescueRef }] as const;
const ended = (taskId: string, turn: TurnReport, result = 'completed') =>
  [taskId, { type: 'workerEnded', result, blocker: null, completionHash: HASH, turn }] as const;

/** A packet that was replaced, two rounds, a person's word, and something to tell of everything. */
export const RICH = inputOf(
  {
    ...goodPacket(),
    approval: { status: 'approved', approved_by: 'ann' },
    scope: {
      goal: 'A goal',
      acceptance_criteria: ['It works', "npm test 'a b' covers the edge", 'Nothing shows this *one*'],
    },
    review: { criteria: ['It is clear', 'It is nice'] },
  },
  {
    commits: [
      { commit: HEAD, subject: 'Rotate *widgets*' },
      { commit: BASE, subject: '' },
    ],
    files: ['src/a.js', 'src/`b`.js', 'x\ty'],
    fileCount: 6,
    diffStat: {
      files: [
        { path: 'src/a.js', added: 12, deleted: 3, isBinary: false },
        { path: 'src/`b`.js', added: 0, deleted: 1, isBinary: true },
      ],
      fileCount: 5,
      added: 12,
      deleted: 4,
    },
    instructionChanges: { paths: ['CLAUDE.md'], count: 2 },
    outside: { paths: ['docs/x.md', 'more'], count: 4 },
    summaries: [
      { taskId: 'implementation-e0-a2', summary: 'Rotated the *widgets*.', problem: null },
      { taskId: 'fix-e1-a1', summary: null, problem: 'its answer is missing' },
    ],
    gates: [verification, review],
    rounds: [
      {
        round: 1,
        commit: BASE,
        gates: [
          { gate: 'review', status: 'FAIL', summary: 'No.', findings: [finding], commands: [], problem: null },
          { gate: 'verification', status: 'FAIL', summary: '', findings: [], commands: [], problem: 'it is gone' },
          {
            ...{ gate: 'verification', status: 'FAIL', summary: 'One failed.', findings: [], problem: null },
            commands: [{ ...command, exitCode: 1, outputTail: 'expected 1\n' }],
          },
        ],
      },
    ],
    policy: { attemptsMax: 2 },
    records: recordsOf(
      ['run', { type: 'packetReceived', packetHash: HASH, packet: refOf('first') }],
      requested('implementation-e0-a1', 'coder'),
      ['implementation-e0-a1', { type: 'workerSpawned', startedAtMs: 2_500 }],
      [
        'implementation-e0-a1',
        { type: 'workerEnded', result: 'failed', blocker: { code: 'PAWL_WORKER_EXIT' }, completionHash: null },
      ],
      requested('implementation-e0-a2', 'coder', 'refs/pawl/rescue/x'),
      ['implementation-e0-a2', { type: 'workerSpawned', startedAtMs: 5_500 }],
      ended(
        'implementation-e0-a2',
        turnOf({ usage: { scope: 'session', tokens: 1_200, usd: 0.25 } }, [
          { tool: 'WebFetch', reason: 'no', isExpected: true },
          { tool: 'Bash', reason: 'not allowed', isExpected: false, what: 'git push `origin`' },
        ]),
      ),
      [
        'run',
        {
          ...{ type: 'workCommitted', taskId: 'implementation-e0-a2', commit: BASE },
          surfacesAdded: ['path:acme/widgets/src/\\[id].js'],
        },
      ],
      requested('review-e1-a1', 'critic'),
      ended(
        'review-e1-a1',
        turnOf({
          ...{ agent: 'critic', kind: 'codex', cliVersion: '2.0', model: null, session: 's-2', askedSession: null },
          ...{ isResume: true, sessionMismatch: { asked: 's-0', got: 's-2' }, permissionMode: 'plan' },
          ...{ limited: { kind: 'rate', resetsAtMs: 5_000 }, answerFrom: 'mcp', bypassesPermissions: true },
          usage: { scope: 'turn', tokens: 400, usd: null },
        }),
      ),
      ['run', { type: 'gateJudged', gate: 'review', epoch: 1, status: 'FAIL', commit: BASE }],
      [
        'run',
        {
          type: 'packetReplaced',
          packetHash: HASH,
          packet: refOf('second'),
          by: 'ann',
          reason: 'a typo',
          surfacesBeyond: ['path:acme/widgets/docs'],
        },
      ],
      ['run', { type: 'decisionMade', decision: 'accept', by: 'ann', reason: 'good enough' }],
      requested('fix-e1-a1', 'coder'),
      // The session of the implementer, resumed: what it reports is the whole of it.
      ended('fix-e1-a1', turnOf({ usage: { scope: 'session', tokens: 1_500, usd: 0.35 } })),
      [
        'run',
        {
          ...{ type: 'workCommitted', taskId: 'fix-e1-a1', commit: HEAD, surfacesAdded: ['path:acme/widgets/more'] },
          leftOut: {
            emptySubmodules: { paths: ['lib/a'], count: 1 },
            filesBelowSubmodules: { paths: ['lib/b/x', 'lib/b/y'], count: 7 },
          },
        },
      ],
      requested('fix-e1-a2', 'tool'),
      requested('verification-e2-a1', 'pawl'),
      requested('review-e2-a1', 'critic'),
      ended('review-e2-a1', turnOf({ agent: 'critic', usage: { scope: 'estimate', tokens: 90, usd: 0.001 } }), 'lost'),
    ),
  },
);

/** Nothing was changed, and nothing is told of the gates. */
export const BARE = inputOf(
  {
    ...goodPacket(),
    scm_target: { repo: 'acme/widgets', intended_branch: 'work/x' },
    scope: { acceptance_criteria: ['It works'] },
    verification: { commands: ['true'] },
    review: { reviewer_plan: ['Read it'] },
  },
  { records: recordsOf(['run', { type: 'workEmpty', taskId: 'implementation-e0-a1', isAllowed: true }]) },
);
