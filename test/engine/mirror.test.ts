import { describe, expect, it } from 'vitest';
import type { InspectionEvent } from 'xstate';
import { Mirror } from '../../src/engine/mirror.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { blockerOf } from '../../src/prove/model/sample-blockers.ts';
import { packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { decideRun, type RunState } from '../../src/run/system.ts';

/** Drives a happy run; `onStep` sees every decision. */
function drive(onStep: (deliveries: Parameters<Mirror['feed']>[0], state: RunState) => void): RunState {
  let state: RunState | null = null;
  const step = (actor: string, event: JournalEvent): RunState => {
    const decision = decideRun('run_x', state, { actor, event, atMs: 5 });
    if (decision.kind === 'refused') throw new Error(decision.reason);
    state = decision.state;
    onStep(decision.deliveries, decision.state);
    return decision.state;
  };
  let current = step(RUN_ACTOR, packetReceived());
  for (;;) {
    const effect = current.owed.find((each) => settlementOf(each) !== null);
    const event = effect === undefined ? null : settlementOf(effect);
    if (effect === undefined || event === null) return current;
    current = step(effect.actor, event);
  }
}

/** A run whose worker fails as often as it may. */
function fail() {
  const steps: { deliveries: Parameters<Mirror['feed']>[0]; state: RunState }[] = [];
  const blocker = blockerOf('PAWL_WORKER_FAILED');
  let state: RunState | null = null;
  for (let event: JournalEvent | null = packetReceived(), actor: string = RUN_ACTOR; event !== null; ) {
    const decision = decideRun('run_x', state, { actor, event, atMs: 5 });
    if (decision.kind === 'refused') throw new Error(decision.reason);
    steps.push({ deliveries: decision.deliveries, state: decision.state });
    state = decision.state;
    const effect = state.owed.find((each) => settlementOf(each) !== null);
    const good: JournalEvent | null = effect === undefined ? null : settlementOf(effect);
    actor = effect?.actor ?? RUN_ACTOR;
    event = good?.type === 'workerEnded' ? { ...good, result: 'failed', blocker } : good;
  }
  if (state?.root.value !== 'failedExecution') throw new Error('it has not failed');
  return { steps, state };
}

describe('Mirror', () => {
  it('equals the committed state after every record, and an observer sees run and tasks move', () => {
    const seen: InspectionEvent[] = [];
    const mirror = new Mirror((event) => seen.push(event), null);
    const end = drive((deliveries, state) => mirror.feed(deliveries, state));
    expect(end.root.status).toBe('done');
    const events = seen.filter((event) => event.type === '@xstate.event').map((event) => event.event.type);
    expect(events).toContain('gateJudged');
    expect(events).toContain('workerEnded');
    expect(seen.filter((event) => event.type === '@xstate.actor')).toHaveLength(4);
    mirror.stop();
  });

  it('continues from a state in the middle, as after a restart', () => {
    const states: { deliveries: Parameters<Mirror['feed']>[0]; state: RunState }[] = [];
    drive((deliveries, state) => states.push({ deliveries, state }));
    const middle = states[9];
    if (middle === undefined) throw new Error('no such step');
    const seen: InspectionEvent[] = [];
    const mirror = new Mirror((event) => seen.push(event), middle.state);
    const rest = states.slice(10);
    for (const { deliveries, state } of rest) mirror.feed(deliveries, state);
    mirror.stop();
    const fed = seen.flatMap((event) => (event.type === '@xstate.event' && 'atMs' in event.event ? [event.event] : []));
    expect(fed).toEqual(rest.flatMap(({ deliveries }) => deliveries.map(({ event }) => event)));
    const last = seen.findLast(
      (event) => event.type === '@xstate.snapshot' && 'id' in event.actorRef && event.actorRef.id === 'run_x',
    );
    expect(last).toMatchObject({ snapshot: { status: 'done', value: 'readyForManualReview' } });
  });

  it('follows a run that had failed and continues, also where it was started after the failure', () => {
    const failed = fail();
    const retry: JournalEvent = { type: 'decisionMade', commandId: 'c', by: 'b', decision: 'retry', reason: 'r' };
    const decision = decideRun('run_x', failed.state, { actor: RUN_ACTOR, event: retry, atMs: 6 });
    if (decision.kind === 'refused') throw new Error(decision.reason);
    const whole = new Mirror(() => undefined, null);
    for (const { deliveries, state } of failed.steps) whole.feed(deliveries, state);
    for (const mirror of [whole, new Mirror(() => undefined, failed.state)]) {
      mirror.feed(decision.deliveries, decision.state);
      expect(decision.state.root.value).toBe('waitingForLock');
      mirror.stop();
    }
  });

  it('refuses a state that it does not equal', () => {
    const steps: { deliveries: Parameters<Mirror['feed']>[0]; state: RunState }[] = [];
    drive((deliveries, state) => steps.push({ deliveries, state }));
    const [first, second] = steps;
    if (first === undefined || second === undefined) throw new Error('no steps');
    const mirror = new Mirror(() => undefined, null);
    mirror.feed(first.deliveries, first.state);
    expect(() => mirror.feed([], second.state)).toThrow(/differs from the committed state/);
  });
});
