/** Every guard of the run machine by itself: what it holds for, and that it holds for its own event alone. */
import { describe, expect, it } from 'vitest';
import { runMachine } from '../../machines/run.machine.ts';
import { freshContext, type RunContext } from '../../machines/run-context.ts';
import { blockerOf } from '../../src/prove/model/sample-blockers.ts';
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
const BLOCKER = blockerOf('PAWL_GATE_BLOCKED');
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
  isAbandonPending: [
    [true, {}, { pendingDecision: 'abandon' }],
    [false, {}, { pendingDecision: 'retry' }],
    [false, {}, { pendingDecision: null }],
  ],
  isReclaimable: [
    [true, {}],
    [false, {}, { openTask: 't' }],
    [false, {}, { lease: null }],
  ],
  isRetryWithOpenTask: [
    [true, decided('retry'), { openTask: 't' }],
    [true, decided('abandon'), { openTask: 't' }],
    [false, decided('accept'), { openTask: 't' }],
    [false, decided('retry'), { openTask: null }],
    [false, decided('retry'), { openTask: 't', pendingDecision: 'abandon' }],
    [false, another(decided('retry')), { openTask: 't' }],
  ],
  mustRegainLease: [
    [true, decided('retry'), { lease: null }],
    [false, decided('retry')],
    [false, decided('retry'), { lease: null, openTask: 't' }],
    [false, another(decided('retry')), { lease: null }],
  ],
  resumesAt: [
    [true, decided('retry'), { stage: 'fix' }, { stage: 'fix' }],
    [false, decided('retry'), { stage: 'fix' }, { stage: 'review' }],
    [false, decided('retry'), { stage: 'fix', openTask: 't' }, { stage: 'fix' }],
    [true, { type: 'leaseAcquired' }, { resumeAt: 'fix', openTask: 't' }, { stage: 'fix' }],
    [false, { type: 'leaseAcquired' }, { resumeAt: null, stage: 'fix' }, { stage: 'fix' }],
    [true, settled('lost'), { pendingDecision: 'retry', stage: 'fix' }, { stage: 'fix' }],
    [false, settled('lost'), { pendingDecision: null, stage: 'fix' }, { stage: 'fix' }],
    [true, decided('accept'), { blockedGate: 'verification' }, { stage: 'review' }],
    [true, decided('accept'), { blockedGate: 'review' }, { stage: 'handoff' }],
    [true, decided('accept'), { surfaceConflict: EXCEEDED, stage: 'fixCommit' }, { stage: 'fixCommit' }],
    [false, decided('accept'), { stage: 'fixCommit' }, { stage: 'fixCommit' }],
    [false, decided('accept'), { stage: 'fixCommit', surfaceConflict: null }, { stage: 'fixCommit' }],
    // An abandon resumes nothing, whatever could be accepted.
    [false, decided('abandon'), { blockedGate: 'verification', stage: 'review' }, { stage: 'review' }],
    [false, decided('abandon'), { surfaceConflict: EXCEEDED, stage: 'fixCommit' }, { stage: 'fixCommit' }],
    // Work in nobody's way is done again; so is work of which no commit could be made.
    [true, decided('retry'), { surfaceConflict: EXCEEDED, stage: 'fixCommit' }, { stage: 'fix' }],
    [true, decided('retry'), { surfaceConflict: EXCEEDED, stage: 'implementationCommit' }, { stage: 'implementation' }],
    [true, decided('retry'), { surfaceConflict: EXCEEDED, stage: 'verification' }, { stage: 'implementation' }],
    [
      true,
      decided('retry'),
      { surfaceConflict: { ...EXCEEDED, holder: 'run_y' }, stage: 'fixCommit' },
      { stage: 'fixCommit' },
    ],
    [true, { ...decided('retry'), isDoneAgain: true }, { stage: 'fixCommit' }, { stage: 'fix' }],
    [true, { ...decided('retry'), isDoneAgain: true }, { stage: 'implementationCommit' }, { stage: 'implementation' }],
    [true, { ...decided('retry'), isDoneAgain: true }, { stage: 'review' }, { stage: 'review' }],
  ],
  isDecisionOnBlocked: [
    [true, decided('retry'), { blockers: [BLOCKER] }, { decision: 'retry' }],
    [false, decided('retry'), { blockers: [BLOCKER] }, { decision: 'abandon' }],
    [false, decided('retry'), { blockers: [] }, { decision: 'retry' }],
    [false, another(decided('retry')), { blockers: [BLOCKER] }, { decision: 'retry' }],
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

it('no guard is left out, but for those that say one thing of the context or have a test of their own', () => {
  const apart = ['bothGatesHold', 'isCancelling', 'isNotCancelling'];
  expect([...Object.keys(GUARDS), ...apart].sort()).toEqual(Object.keys(runMachine.implementations.guards).sort());
  expect([holds('isCancelling', {}), holds('isNotCancelling', {})]).toEqual([false, true]);
  const cancel = { by: 'ann', reason: 'r' };
  expect([holds('isCancelling', {}, { cancel }), holds('isNotCancelling', {}, { cancel })]).toEqual([true, false]);
});
