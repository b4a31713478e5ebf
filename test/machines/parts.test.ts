/** What the run machine notes in its context, each step by itself, and the blockers that it makes. */
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import { exhausted, fixLimitReached, interruptedTooOften, waitedTooOften } from '../../machines/run/blockers.ts';
import { freshContext, headOf } from '../../machines/run/context.ts';
import { stuckBlockers } from '../../machines/run/fix-loop.ts';
import { underNewPacket } from '../../machines/run/replacing.ts';
import { runMachine } from '../../machines/run/run.machine.ts';
import { grownLease, leftOutBy, surfacesToLease } from '../../machines/run/surfaces.ts';
import { waitForLimit } from '../../machines/run/waits.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { blocker } from '../../src/model/blocker.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { RunContext } from '../../src/model/run-context.ts';
import { blockerOf } from '../../src/prove/model/sample-blockers.ts';
import { HASH, POLICY } from '../../src/prove/model/settlements.ts';
import { RUN_INPUT } from '../support/run-input.ts';

const INPUT = { ...RUN_INPUT, surfaces: ['path:o/r/src'] };
const CONTEXT: RunContext = { ...freshContext(INPUT), epoch: 2, purpose: 'review', headCommit: 'c' };
const CAUSE = blockerOf('PAWL_GATE_FAILED');
const EVIDENCE = { path: 'artifacts/review/x.json', sha256: HASH };

/** What the named action would change. */
function noted(name: string, context: Partial<RunContext>, event: unknown, params: unknown = event): unknown {
  const action: unknown = Reflect.get(runMachine.implementations.actions, name);
  const assignment: unknown = typeof action === 'function' ? Reflect.get(action, 'assignment') : null;
  if (typeof assignment !== 'function') throw new Error(`${name} assigns nothing`);
  return Reflect.apply(assignment, null, [{ context: { ...CONTEXT, ...context }, event }, params]);
}

const decided = (decision: string) => ({ type: 'decisionMade', decision, by: 'ann', reason: 'r', atMs: 7 });

describe('blockers', () => {
  it('of used-up attempts name purpose and task, the cause after it where there is one', () => {
    const [first, ...rest] = exhausted({ ...CONTEXT, openTask: 'review-e2-a1' }, CAUSE);
    expect(first).toMatchObject({
      params: { purpose: 'review' },
      evidence: ['tasks/review-e2-a1'],
    });
    expect(rest).toEqual([CAUSE]);
    expect(exhausted(CONTEXT, null)).toMatchObject([{ code: 'PAWL_ATTEMPTS_EXHAUSTED', evidence: [] }]);
  });

  it('of too many interruptions, and of too many waits, count the last one in', () => {
    expect(interruptedTooOften({ ...CONTEXT, interruptions: 2, openTask: 't' })).toMatchObject([
      { params: { purpose: 'review', times: 3 }, evidence: ['tasks/t'] },
    ]);
    expect(interruptedTooOften(CONTEXT)[0]?.evidence).toEqual([]);
    expect(waitedTooOften({ ...CONTEXT, limitWaits: 2, openTask: 't' })).toMatchObject([
      { params: { times: 3 }, evidence: ['tasks/t'] },
    ]);
    expect(waitedTooOften(CONTEXT)[0]?.evidence).toEqual([]);
  });

  it('of a limit that is waited for name the task, where one is open', () => {
    const event = {
      type: 'taskSettled',
      taskId: 't',
      result: 'limited',
      atMs: 0,
      resetsAtMs: 5,
    };
    expect(waitForLimit({ ...CONTEXT, openTask: 't' }, event as never).blockers?.[0]?.evidence).toEqual(['tasks/t']);
    expect(waitForLimit(CONTEXT, event as never)).toMatchObject({ waitUntilMs: 5, blockers: [{ evidence: [] }] });
    expect(waitForLimit(CONTEXT, { ...event, type: 'another' } as never).waitUntilMs).toBe(BOUNDS.limitWaitFirstMs);
  });

  it('of the fix limit name the gate and its evidence, the cause after it where there is one', () => {
    expect(fixLimitReached({ ...CONTEXT, fixes: 2 }, 'review', CAUSE, EVIDENCE)).toMatchObject([
      { code: 'PAWL_FIX_LIMIT', params: { gate: 'review', fixes: 2 }, evidence: [EVIDENCE.path] },
      CAUSE,
    ]);
    expect(fixLimitReached(CONTEXT, 'review', null, EVIDENCE)).toHaveLength(1);
  });

  it('of a loop that does not converge are for verdicts alone, and name a reason though none was found', () => {
    const judged = {
      type: 'gateJudged',
      gate: 'review',
      commit: 'c',
      findingKeys: ['a'],
      evidence: EVIDENCE,
      blocker: null,
    };
    expect(stuckBlockers(CONTEXT, judged as never)).toMatchObject([{ params: { reason: 'same' } }]);
    expect(stuckBlockers(CONTEXT, { ...judged, type: 'another' } as never)).toEqual([]);
  });

  it('of an insufficient packet name what it lacks', () => {
    const [born] = initialTransition(runMachine, INPUT);
    const received = {
      type: 'packetReceived',
      missingFields: ['approval.approved', 'scope.goal'],
      atMs: 1,
      surfaces: [],
    };
    const [insufficient] = transition(runMachine, born, received as never);
    expect(insufficient.value).toBe('blockedPlanInsufficient');
    expect(insufficient.context.blockers).toMatchObject([
      {
        code: 'PAWL_PACKET_INSUFFICIENT',
        params: { missing: ['approval.approved', 'scope.goal'] },
        evidence: ['approval.approved', 'scope.goal'],
      },
    ]);
  });
});

it('before there is a commit nothing builds on one', () => {
  expect(headOf(CONTEXT)).toBe('c');
  expect(() => headOf({ ...CONTEXT, headCommit: null })).toThrow(/no commit yet/);
});

describe('the lease', () => {
  const lease = { surfaces: ['a'], expiresAtMs: 5 };

  it('grows by what the work touches, and is not made by it', () => {
    const event = { type: 'workCommitted', surfacesAdded: ['b'] } as never;
    expect(grownLease({ ...CONTEXT, lease, surfacesAdded: ['z'] }, event)).toEqual({
      surfacesAdded: ['z', 'b'],
      lease: { ...lease, surfaces: ['a', 'b'] },
    });
    expect(grownLease({ ...CONTEXT, lease: null }, event)).toEqual({ surfacesAdded: ['b'], lease: null });
    for (const none of [{ type: 'workCommitted' }, { type: 'workCommitted', surfacesAdded: [] }]) {
      expect(grownLease({ ...CONTEXT, lease }, none as never)).toEqual({});
    }
    const undef = { type: 'workCommitted', surfacesAdded: undefined } as never;
    expect(grownLease({ ...CONTEXT, lease }, undef)).toEqual({});
    expect(surfacesToLease({ ...CONTEXT, surfacesAdded: ['b'] })).toEqual(['path:o/r/src', 'b']);
    expect(surfacesToLease(CONTEXT)).toEqual(['path:o/r/src']);
  });

  it('is renewed from the instant of the event, and not made by it', () => {
    expect(noted('renewLease', { lease }, { type: 'deadlineReached', atMs: 7 })).toEqual({
      lease: { surfaces: ['a'], expiresAtMs: 7 + POLICY.leaseTtlMs },
    });
    expect(noted('renewLease', { lease: null }, { type: 'deadlineReached', atMs: 7 })).toEqual({ lease: null });
  });
});

it('what a commit could not hold is forgotten with the next one, and a conflict with what clears its blockers', () => {
  const leftOut = { submodules: ['lib'], submoduleCount: 1, below: [], belowCount: 0 } as never;
  expect(leftOutBy({ type: 'workCommitted', leftOut } as never)).toEqual({ leftOut });
  expect(leftOutBy({ type: 'workCommitted' } as never)).toEqual({ leftOut: null });
  expect(leftOutBy({ type: 'another' } as never)).toEqual({ leftOut: null });
  const surfaceConflict = { taskId: 't', commit: 'c', surfaces: [], holder: null };
  expect(Reflect.get(runMachine.implementations.actions, 'clearBlockers')).toHaveProperty('assignment', {
    blockers: [],
    blockedGate: null,
    contention: null,
    surfaceConflict: null,
  });
  expect(surfacesToLease({ ...CONTEXT, surfaceConflict })).toEqual(surfacesToLease(CONTEXT));
});

describe('what is noted', () => {
  it('of an admission: how a worktree that is there was set up is not asked again', () => {
    const admitted = { type: 'runAdmitted', agents: {}, hasSetup: true };
    expect(noted('noteAdmission', { headCommit: null }, admitted)).toMatchObject({ hasSetup: true });
    expect(noted('noteAdmission', { hasSetup: false }, admitted)).toMatchObject({ hasSetup: false });
  });

  it('of judgements: the last ones, the new one among them', () => {
    const before = Array.from(
      { length: BOUNDS.judgements },
      (_, n) => ({ gate: 'review', commit: `${n}`, keys: [], isAllInFix: false }) as const,
    );
    const judged = { type: 'gateJudged', gate: 'review', commit: 'new', findingKeys: ['k'] };
    const { judgements } = noted('noteJudgement', { judgements: before }, judged) as {
      judgements: { commit: string }[];
    };
    expect(judgements).toHaveLength(BOUNDS.judgements);
    expect([judgements[0]?.commit, judgements.at(-1)?.commit]).toEqual(['1', 'new']);
  });

  it('of a budget: it counts from zero only after a retry or a new packet, and only if it was used up', () => {
    const blockers = [blocker('PAWL_BUDGET_EXCEEDED', { reason: 'byAgent', usage: null, said: '' }, [])];
    for (const [event, expected] of [
      [decided('retry'), { budgetSinceMs: 7 }],
      [{ type: 'packetReplaced', atMs: 7 }, { budgetSinceMs: 7 }],
      [decided('accept'), {}],
      [decided('abandon'), {}],
      [{ ...decided('retry'), type: 'another' }, {}],
    ] as const) {
      expect(noted('noteGrant', { blockers }, event)).toEqual(expected);
      expect(noted('noteGrant', { blockers: [CAUSE] }, event)).toEqual({});
      expect(noted('noteGrant', { blockers: [] }, event)).toEqual({});
    }
  });

  it('of an acceptance: who takes which gate for passed, or the work as it is; of no other decision anything', () => {
    const gates = {
      verification: null,
      review: { status: 'FAIL', epoch: 2, commit: 'c', evidence: EVIDENCE, by: null, reason: null },
    } as const;
    const accepted = { status: 'ACCEPTED', epoch: 2, commit: 'c', evidence: EVIDENCE, by: 'ann', reason: 'r' };
    expect(noted('noteAcceptance', { blockedGate: 'review', gates }, decided('accept'))).toEqual({
      gates: { ...gates, review: accepted },
    });
    expect(noted('noteAcceptance', { blockedGate: 'verification', gates }, decided('accept'))).toEqual({
      gates: { ...gates, verification: { ...accepted, evidence: null } },
    });
    const surfaceConflict = { taskId: 't', commit: 'c', surfaces: ['s'], holder: null };
    expect(noted('noteAcceptance', { surfaceConflict }, decided('accept'))).toEqual({
      surfacesAccepted: { surfaces: ['s'], by: 'ann', reason: 'r' },
    });
    for (const context of [{ blockedGate: 'review' as const, gates }, { surfaceConflict }]) {
      expect(noted('noteAcceptance', context, decided('retry'))).toEqual({});
    }
    expect(noted('noteAcceptance', {}, decided('accept'))).toEqual({});
    expect(noted('noteAcceptance', { blockedGate: 'review', headCommit: null }, decided('accept'))).toEqual({});
  });

  it('of a new packet: what the work touches beyond it, and nothing of what it touched beyond the one before', () => {
    const event = {
      type: 'packetReplaced',
      packetHash: 'n',
      packet: EVIDENCE,
      surfaces: [],
      policy: POLICY,
      by: 'a',
      reason: 'r',
      atMs: 1,
    };
    const under = (context: Partial<RunContext>, beyond?: readonly string[]): object =>
      underNewPacket({ ...CONTEXT, ...context }, {
        ...event,
        ...(beyond === undefined ? {} : { surfacesBeyond: beyond }),
      } as never);
    expect(under({})).toMatchObject({ surfacesAdded: [] });
    expect(under({ surfacesAdded: ['a'] })).toMatchObject({ surfacesAdded: [] });
    expect(under({}, ['b'])).toMatchObject({ surfacesAdded: ['b'] });
    expect(under({ surfacesAdded: ['a'] }, ['b'])).toMatchObject({ surfacesAdded: ['b'] });
  });
});

describe('the end of a task tells the run', () => {
  /** What the run is told when the task ends so. */
  function told(turn: unknown): unknown {
    const input = { taskId: 't', purpose: 'fix', epoch: 1, attempt: 1, requestHash: HASH, hostStartsMax: 5 } as const;
    const [born] = initialTransition(taskMachine, input);
    const ended = {
      type: 'workerEnded',
      atMs: 1,
      result: 'limited',
      by: 'host',
      blocker: null,
      outcomeHash: 'o',
      completionHash: null,
      turn,
    };
    const [, actions] = transition(taskMachine, born, ended as never);
    return actions.find(({ type }) => type === 'tell')?.params;
  }

  it('until when its agent is limited, as far as the turn says that', () => {
    const settled = { type: 'taskSettled', taskId: 't', result: 'limited', blocker: null, outcomeHash: 'o' };
    expect(told({ limited: { resetsAtMs: 9 } })).toEqual({ actor: 'run', event: { ...settled, resetsAtMs: 9 } });
    expect(told({ limited: null })).toEqual({ actor: 'run', event: settled });
    expect(told({})).toEqual({ actor: 'run', event: settled });
    expect(told(undefined)).toEqual({ actor: 'run', event: settled });
  });
});
