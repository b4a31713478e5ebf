/** Every guard of the run machine by itself: what it holds for, and that it holds for its own event alone. */
import { describe, expect, it } from 'vitest';
import { freshContext, stageToResume } from '../../machines/run/context.ts';
import { runMachine } from '../../machines/run/run.machine.ts';
import type { RunContext, Stage } from '../../src/model/run-context.ts';
import { HASH, POLICY } from '../../src/prove/model/settlements.ts';
import { RUN_INPUT } from '../support/run-input.ts';

const CONTEXT: RunContext = {
  ...freshContext({
    ...RUN_INPUT,
    policy: { ...POLICY, attemptsMax: 2, lostRetriesMax: 1, interruptionsMax: 1, limitWaitsMax: 1, fixAttemptsMax: 2 },
  }),
  epoch: 1,
  purpose: 'review',
  headCommit: 'c',
  lease: { surfaces: [], expiresAtMs: 9 },
};
const CANCEL = { by: 'ann', reason: 'r' } as const;
const EXCEEDED = { taskId: 't', commit: 'c', surfaces: ['path:o/r/x'], holder: null } as const;

/** Whether the guard holds. `event` needs to say no more than what the guard reads. */
function holds(
  name: string,
  event: Readonly<Record<string, unknown>>,
  context: Partial<RunContext> = {},
  params?: unknown,
): boolean {
  const guard: unknown = Reflect.get(runMachine.implementations.guards, name);
  if (typeof guard !== 'function') throw new Error(`no guard ${name}`);
  return Boolean(
    Reflect.apply(guard, null, [{ context: { ...CONTEXT, ...context }, event: { atMs: 1, ...event } }, params]),
  );
}

const decided = (decision: string) => ({ type: 'decisionMade', decision, by: 'ann', reason: 'r' });
const settled = (result: string) => ({ type: 'taskSettled', taskId: 't', result, blocker: null, outcomeHash: HASH });
const judged = (changes: Readonly<Record<string, unknown>> = {}) => ({
  ...{ type: 'gateJudged', gate: 'review', taskId: 't', epoch: 1, commit: 'c', status: 'FAIL', findingCount: 1 },
  ...{ evidence: { path: 'p', sha256: HASH }, blocker: null, findingKeys: ['a'], isAllInFix: false },
  ...changes,
});
const same = { gate: 'review', commit: 'x', keys: ['a'], isAllInFix: false } as const;

type Row = readonly [
  expected: boolean,
  event: Readonly<Record<string, unknown>>,
  context?: Partial<RunContext>,
  params?: unknown,
];

/** Of an event that is not its own a guard says no, though it says everything else that it asks for. */
const another = (event: Readonly<Record<string, unknown>>) => ({ ...event, type: 'another' });

const GUARDS: Readonly<Record<string, readonly Row[]>> = {
  isSufficient: [
    [true, { type: 'packetReceived', missingFields: [] }],
    [false, { type: 'packetReceived', missingFields: ['approval.approved'] }],
    [false, { type: 'another', missingFields: [] }],
  ],
  needsSetup: [
    [true, {}, { hasSetup: true, isSetUp: false }],
    [false, {}, { hasSetup: true, isSetUp: true }],
    [false, {}, { hasSetup: false, isSetUp: false }],
  ],
  hasNoOpenTask: [
    [true, {}, { openTask: null }],
    [false, {}, { openTask: 't' }],
  ],
  isLeaseDeadline: [
    [true, { type: 'deadlineReached', id: 'lease' }],
    [false, { type: 'deadlineReached', id: 'limit' }],
    [false, { type: 'deadlineReached', id: 'lease' }, { lease: null }],
    [false, { type: 'another', id: 'lease' }],
  ],
  isLimitDeadline: [
    [true, { type: 'deadlineReached', id: 'limit' }, { waitUntilMs: 5 }],
    [false, { type: 'deadlineReached', id: 'lease' }, { waitUntilMs: 5 }],
    [false, { type: 'deadlineReached', id: 'limit' }, { waitUntilMs: null }],
    [false, { type: 'another', id: 'limit' }, { waitUntilMs: 5 }],
  ],
  mayWaitForLimit: [
    [true, settled('limited')],
    [false, settled('limited'), { limitWaits: 1 }],
    [false, settled('failed')],
    [false, another(settled('limited'))],
  ],
  isResult: [
    [true, settled('lost'), {}, { result: 'lost' }],
    [false, settled('lost'), {}, { result: 'failed' }],
    [false, another(settled('lost')), {}, { result: 'lost' }],
  ],
  mayRepeatFailure: [
    [true, settled('failed')],
    [false, settled('failed'), { failures: 1 }],
  ],
  mayRepeatLoss: [
    [true, settled('lost')],
    [false, settled('lost'), { losses: 1 }],
    [false, settled('failed')],
    [false, another(settled('lost'))],
  ],
  mayRepeatInterruption: [
    [true, settled('interrupted')],
    [false, settled('interrupted'), { interruptions: 1 }],
    [false, settled('lost')],
    [false, another(settled('interrupted'))],
  ],
  isFailureToRepeat: [
    [true, settled('failed')],
    [true, settled('timedOut')],
    [false, settled('timedOut'), { failures: 1 }],
    [false, settled('lost')],
    [false, another(settled('failed'))],
  ],
  isEmptyAllowed: [
    [true, { type: 'workEmpty', isAllowed: true }],
    [false, { type: 'workEmpty', isAllowed: false }],
    [false, { type: 'another', isAllowed: true }],
  ],
  isGate: [
    [true, judged({ status: 'PASS' }), {}, { status: 'PASS' }],
    [false, judged({ status: 'FAIL' }), {}, { status: 'PASS' }],
    [false, judged({ status: 'PASS', gate: 'verification' }), {}, { status: 'PASS' }],
    [false, judged({ status: 'PASS', epoch: 0 }), {}, { status: 'PASS' }],
    [false, judged({ status: 'PASS', commit: 'd' }), {}, { status: 'PASS' }],
    [false, another(judged({ status: 'PASS' })), {}, { status: 'PASS' }],
  ],
  isGateToFix: [
    [true, judged()],
    [true, judged(), { fixes: 1 }],
    [false, judged(), { fixes: 2 }],
    [false, judged({ status: 'PASS' })],
    [false, judged({ commit: 'd' })],
  ],
  isFixStuck: [
    [true, judged(), { judgements: [same, same] }],
    [false, judged(), { judgements: [same] }],
    [false, judged(), { judgements: [same, same], fixes: 2 }],
    [false, judged({ status: 'BLOCKED' }), { judgements: [same, same] }],
    [false, judged({ epoch: 2 }), { judgements: [same, same] }],
  ],
  isAbandon: [
    [true, decided('abandon')],
    [false, decided('retry')],
    [false, decided('abandon'), { openTask: 't' }],
    [false, another(decided('abandon'))],
  ],
  isReclaimable: [
    [true, {}],
    [false, {}, { openTask: 't' }],
    [false, {}, { lease: null }],
  ],
  isFirstCancelInDoubt: [
    [true, {}, { openTask: 't' }],
    [false, {}, { openTask: null }],
    [false, {}, { openTask: 't', cancel: CANCEL }],
  ],
  isCancelInDoubt: [
    [true, decided('retry'), { openTask: 't', cancel: CANCEL }],
    [true, decided('abandon'), { openTask: 't', cancel: CANCEL }],
    [false, decided('accept'), { openTask: 't', cancel: CANCEL }],
    [false, decided('retry'), { openTask: null, cancel: CANCEL }],
    [false, decided('retry'), { openTask: 't' }],
    [false, another(decided('retry')), { openTask: 't', cancel: CANCEL }],
  ],
  endsTask: [
    [true, decided('retry'), { openTask: 't' }, { decision: 'retry' }],
    [false, decided('retry'), { openTask: 't' }, { decision: 'abandon' }],
    [false, decided('retry'), { openTask: null }, { decision: 'retry' }],
    [false, another(decided('retry')), { openTask: 't' }, { decision: 'retry' }],
  ],
  isResumption: [
    [true, decided('retry')],
    [false, decided('retry'), { openTask: 't' }],
    [false, decided('abandon'), { blockedGate: 'verification' }],
    [false, decided('accept')],
    [true, decided('accept'), { blockedGate: 'verification' }],
    [false, another(decided('retry'))],
  ],
  hasStageToResume: [
    [true, {}, { resumeAt: 'fix' }],
    [false, {}, { resumeAt: null }],
  ],
  hasNoLease: [
    [true, {}, { lease: null }],
    [false, {}],
  ],
  resumesAt: [
    [true, {}, { resumeAt: 'fix' }, { stage: 'fix' }],
    [false, {}, { resumeAt: 'fix' }, { stage: 'review' }],
    [false, {}, { resumeAt: null, stage: 'fix' }, { stage: 'fix' }],
  ],
  isReplacement: [
    [true, { type: 'packetReplaced', previousHash: HASH, packetHash: 'new' }],
    [false, { type: 'packetReplaced', previousHash: 'older', packetHash: 'new' }],
    [false, { type: 'packetReplaced', previousHash: HASH, packetHash: HASH }],
    [false, { type: 'packetReplaced', previousHash: HASH, packetHash: 'new' }, { openTask: 't' }],
    [false, { type: 'another', previousHash: HASH, packetHash: 'new' }],
  ],
  mayRetry: [
    [true, decided('retry')],
    [false, decided('accept')],
    [false, another(decided('retry'))],
  ],
};

describe.each(Object.entries(GUARDS))('%s', (name, rows) => {
  it.each(rows.map((row, at) => ({ at, row })))('row $at', ({ row: [expected, event, context, params] }) => {
    expect(holds(name, event, context, params)).toBe(expected);
  });
});

/** Where a decision has a run continue. */
const RESUMED: readonly (readonly [stage: Stage | null, event: object, context: Partial<RunContext>])[] = [
  ['fix', decided('retry'), { stage: 'fix' }],
  [null, another(decided('retry')), { stage: 'fix' }],
  ['review', decided('accept'), { blockedGate: 'verification' }],
  ['handoff', decided('accept'), { blockedGate: 'review' }],
  ['fixCommit', decided('accept'), { surfaceConflict: EXCEEDED, stage: 'fixCommit' }],
  [null, decided('accept'), { stage: 'fixCommit' }],
  [null, decided('accept'), { stage: 'fixCommit', surfaceConflict: null }],
  // An abandon resumes nothing, whatever could be accepted.
  [null, decided('abandon'), { blockedGate: 'verification', stage: 'review' }],
  [null, decided('abandon'), { surfaceConflict: EXCEEDED, stage: 'fixCommit' }],
  // Work in nobody's way is done again; so is work of which no commit could be made.
  ['fix', decided('retry'), { surfaceConflict: EXCEEDED, stage: 'fixCommit' }],
  ['implementation', decided('retry'), { surfaceConflict: EXCEEDED, stage: 'implementationCommit' }],
  ['implementation', decided('retry'), { surfaceConflict: EXCEEDED, stage: 'verification' }],
  ['fixCommit', decided('retry'), { surfaceConflict: { ...EXCEEDED, holder: 'run_y' }, stage: 'fixCommit' }],
  ['fix', { ...decided('retry'), isDoneAgain: true }, { stage: 'fixCommit' }],
  ['implementation', { ...decided('retry'), isDoneAgain: true }, { stage: 'implementationCommit' }],
  ['review', { ...decided('retry'), isDoneAgain: true }, { stage: 'review' }],
];

describe('the stage to resume at', () => {
  it.each(RESUMED.map((row, at) => ({ at, row })))('row $at', ({ row: [stage, event, context] }) => {
    expect(stageToResume({ ...CONTEXT, ...context }, event as never)).toBe(stage);
  });
});

it('no guard is left out, but for the one that has a test of its own', () => {
  expect([...Object.keys(GUARDS), 'bothGatesHold'].sort()).toEqual(
    Object.keys(runMachine.implementations.guards).sort(),
  );
});
