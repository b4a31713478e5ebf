import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { persistedHash, restoreProblem, snapshotOf, stateHash } from '../../src/kernel/image.ts';
import { blocker } from '../../src/model/blocker.ts';
import type { KeyedEffect } from '../../src/model/effect.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { COMMIT, HASH, inputFor, packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { decideRun, definitionOf, type RunState, runSystem } from '../../src/run/system.ts';

function must(state: RunState | null, actor: string, event: JournalEvent, atMs = 1): RunState {
  const decision = decideRun('run_x', state, { actor, event, atMs });
  if (decision.kind === 'refused') throw new Error(`${decision.code}: ${decision.reason}`);
  return decision.state;
}

/** Settles what is owed, one effect at a time, with `settle` (null: the good settlement), until nothing can be settled. */
function drive(
  start: RunState,
  settle: (effect: KeyedEffect, state: RunState) => JournalEvent | null | undefined = () => undefined,
  until: (state: RunState) => boolean = () => false,
): RunState {
  let state = start;
  for (let n = 0; n < 200; n += 1) {
    if (until(state)) return state;
    let moved = false;
    for (const effect of state.owed) {
      const custom = settle(effect, state);
      const event = custom === undefined ? settlementOf(effect) : custom;
      if (event === null) continue;
      const { actor, event: input, atMs } = inputFor(effect, event, n);
      state = must(state, actor, input, atMs);
      moved = true;
      break;
    }
    if (!moved) return state;
  }
  throw new Error('the run does not come to rest');
}

const begun = () => must(null, RUN_ACTOR, packetReceived());

describe('decide', () => {
  it('a run whose workers all succeed reaches readyForManualReview, owes nothing and holds no lease', () => {
    const state = drive(begun());
    expect(state.root.value).toBe('readyForManualReview');
    expect(state.root.status).toBe('done');
    expect(state.owed).toEqual([]);
    expect(state.root.context.lease).toBeNull();
    expect(Object.keys(state.children)).toEqual(['implementation-e0-a1', 'verification-e1-a1', 'review-e1-a1']);
  });

  it('a packet that lacks something ends in blockedPlanInsufficient and asks for nothing', () => {
    const state = must(null, RUN_ACTOR, packetReceived(['conflict_surface']));
    expect(state.root.value).toBe('blockedPlanInsufficient');
    expect(state.owed).toEqual([]);
    expect(state.root.context.blockers[0]?.code).toBe('PAWL_PACKET_INSUFFICIENT');
  });

  it('a failing gate leads through fixLoop to a fresh epoch, and past the limit to a person', () => {
    const state = drive(begun(), (effect) => {
      const event = settlementOf(effect);
      return event?.type === 'gateJudged' ? { ...event, status: 'FAIL' } : undefined;
    });
    expect(state.root.value).toBe('blockedNeedsHuman');
    expect(state.root.context.epoch).toBe(3);
    expect(state.root.context.blockers[0]?.code).toBe('PAWL_FIX_LIMIT');
    const retried = drive(
      must(state, RUN_ACTOR, { type: 'decisionMade', commandId: '1', by: 'me', decision: 'retry', reason: 'again' }),
    );
    expect(retried.root.value).toBe('readyForManualReview');
    expect(Object.keys(retried.children)).toContain('fix-e3-a1');
    const accepted = drive(
      must(state, RUN_ACTOR, { type: 'decisionMade', commandId: '1', by: 'me', decision: 'accept', reason: 'fine' }),
    );
    expect(accepted.root.value).toBe('readyForManualReview');
    expect(accepted.root.context.gates.verification).toMatchObject({ status: 'ACCEPTED', reason: 'fine', epoch: 3 });
  });

  it('a settlement whose key is not owed is stale and changes nothing', () => {
    const state = begun();
    const decision = decideRun('run_x', state, {
      actor: RUN_ACTOR,
      event: { type: 'leaseAcquired', key: 'run_x/1.0:acquireLease', surfaces: [] },
      atMs: 1,
    });
    expect(decision).toEqual({
      kind: 'refused',
      code: 'PAWL_EVENT_STALE',
      reason: 'leaseAcquired settles run_x/1.0:acquireLease, which is not owed',
    });
  });

  it('an effect is settled only by the actor that asked for it, though another one in the same state would take the event', () => {
    const running = drive(begun(), undefined, (state) => state.owed.some((effect) => effect.kind === 'watchWorker'));
    const [[taskId, task] = ['']] = Object.entries(running.children);
    const watch = running.owed.find((effect) => effect.kind === 'watchWorker');
    if (watch === undefined || task === undefined) return expect.fail('no task is watched');
    const two: RunState = { ...running, children: { ...running.children, other: task } };
    const event = settlementOf(watch);
    if (event === null) return expect.fail('nothing settles it');
    for (const actor of ['other', RUN_ACTOR]) {
      const decision = decideRun('run_x', two, { actor, event, atMs: 1 });
      expect(decision, actor).toMatchObject({ kind: 'refused', code: 'PAWL_EVENT_STALE' });
    }
    const settled = must(two, taskId, event);
    expect([settled.children[taskId]?.context.settlement?.result, settled.children.other]).toEqual(['completed', task]);
  });

  it('a run that has ended takes no event', () => {
    const state = drive(begun());
    const decision = decideRun('run_x', state, {
      actor: RUN_ACTOR,
      event: { type: 'cancelRequested', commandId: '1', by: 'me', reason: '' },
      atMs: 1,
    });
    expect(decision).toMatchObject({
      kind: 'refused',
      code: 'PAWL_EVENT_REFUSED',
      reason: expect.stringMatching(/^cancelRequested is not accepted by run .*readyForManualReview/),
    });
  });

  it('cancelling a run with an open task ends the task first', () => {
    const running = drive(begun(), undefined, (state) => state.owed.some((effect) => effect.kind === 'watchWorker'));
    const cancelling = must(running, RUN_ACTOR, { type: 'cancelRequested', commandId: '1', by: 'me', reason: 'no' });
    expect(cancelling.root.value).toBe('cancelling');
    expect(cancelling.owed.map((effect) => effect.kind)).toEqual(['deadline', 'endTask']);
    const ended = drive(cancelling);
    expect(ended.root.value).toBe('cancelled');
    expect(ended.owed).toEqual([]);
  });

  it('interrupted workers are tried again without being charged, lost ones once', () => {
    let interrupted = 0;
    const state = drive(begun(), (effect) => {
      const event = settlementOf(effect);
      if (event?.type !== 'workerEnded' || interrupted >= 10) return undefined;
      interrupted += 1;
      return { ...event, result: 'interrupted' };
    });
    expect(state.root.value).toBe('readyForManualReview');
    expect(Object.keys(state.children)).toHaveLength(13);
    const lost = drive(begun(), (effect) => {
      const event = settlementOf(effect);
      return event?.type === 'workerEnded' ? { ...event, result: 'lost' } : undefined;
    });
    expect(lost.root.value).toBe('failedExecution');
    expect(Object.keys(lost.children)).toHaveLength(2);
  });

  it('a task in doubt parks the run; an operator who decides ends the task first, then the run continues with a fresh attempt', () => {
    let doubted = false;
    const parked = drive(begun(), (effect) => {
      if (effect.kind !== 'watchWorker' || doubted) return undefined;
      doubted = true;
      return {
        type: 'hostDoubted',
        key: effect.key,
        blocker: blocker('PAWL_HOST_UNKNOWN', { reason: 'unclaimed' }, []),
      };
    });
    expect(parked.root.value).toBe('blockedNeedsHuman');
    expect(parked.owed).toEqual([]);
    const decided = must(parked, RUN_ACTOR, {
      type: 'decisionMade',
      commandId: '1',
      by: 'me',
      decision: 'retry',
      reason: '',
    });
    expect(decided.root.value).toEqual({ endingTask: 'thenRetry' });
    expect(decided.owed.map((effect) => effect.kind).sort()).toEqual(['deadline', 'endTask']);
    const ended = drive(decided, (effect) => {
      const event = settlementOf(effect);
      return effect.kind === 'endTask' && event?.type === 'workerEnded'
        ? { ...event, result: 'interrupted', by: 'operator' }
        : undefined;
    });
    expect(ended.root.value).toBe('readyForManualReview');
    expect(Object.keys(ended.children)).toContain('implementation-e0-a2');
  });

  it('a lease that was reclaimed is taken again before the run continues where it stood', () => {
    const judging = drive(begun(), undefined, (state) => state.owed.some((effect) => effect.kind === 'judgeGate'));
    const waiting = must(judging, RUN_ACTOR, { type: 'leaseReclaimed', by: 'run_y' });
    expect(waiting.root.value).toBe('blockedLockConflict');
    const done = drive(waiting);
    expect(done.root.value).toBe('readyForManualReview');
    expect(done.root.context.gates.verification).toMatchObject({ status: 'PASS', epoch: 2, commit: COMMIT });
  });

  it('what is stored is what XState persists, restores to itself, and hashes like the live state', () => {
    const state = drive(begun(), undefined, (s) => s.owed.some((effect) => effect.kind === 'judgeGate'));
    const snapshot = snapshotOf(runSystem, state, HASH, HASH);
    for (const [actor, persisted] of Object.entries(snapshot.actors))
      expect(restoreProblem(definitionOf(actor), persisted)).toBeNull();
    expect(persistedHash(runSystem, JSON.parse(canonicalJson(snapshot)), sha256)).toBe(
      stateHash(runSystem, state, sha256),
    );
  });
});

describe('what is refused says what, by whom and where that is', () => {
  const refused = (state: RunState | null, actor: string, event: unknown): readonly [string, string] => {
    const decision = decideRun('run_x', state, { actor, event: event as JournalEvent, atMs: 1 });
    if (decision.kind !== 'refused') throw new Error('accepted');
    return [decision.code, decision.reason];
  };

  it('before there is a run, and of an actor that is none', () => {
    const opened = { type: 'surfaceFreed', key: 'k' };
    expect(refused(null, RUN_ACTOR, opened)).toEqual([
      'PAWL_EVENT_REFUSED',
      'a run opens with packetReceived, not with surfaceFreed',
    ]);
    expect(refused(null, 'fix-e1-a1', packetReceived())[0]).toBe('PAWL_EVENT_REFUSED');
    expect(refused(begun(), 'fix-e1-a1', { type: 'workerAdopted' })).toEqual([
      'PAWL_EVENT_REFUSED',
      'workerAdopted is not accepted by fix-e1-a1 (which does not exist)',
    ]);
  });

  it('of a run that moves, and of one that has ended', () => {
    expect(refused(begun(), RUN_ACTOR, { type: 'workerAdopted' })).toEqual([
      'PAWL_EVENT_REFUSED',
      'workerAdopted is not accepted by run in {"queued":"admitting"}',
    ]);
    const ended = drive(begun());
    const [, reason] = refused(ended, RUN_ACTOR, { type: 'cancelRequested', commandId: '1', by: 'a', reason: '' });
    expect(reason).toBe('cancelRequested is not accepted by run in "readyForManualReview" (done)');
    const [, stale] = refused(ended, RUN_ACTOR, { type: 'surfaceFreed', key: 'run_x/1.0:awaitSurface' });
    expect(stale).toBe('surfaceFreed settles run_x/1.0:awaitSurface, which is not owed');
    expect(refused(ended, 'review-e1-a1', { type: 'workerAdopted' })[1]).toContain(
      'is not accepted by review-e1-a1 in {',
    );
  });
});
