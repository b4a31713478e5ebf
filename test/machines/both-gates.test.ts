/** A run is ready for review only when both gates hold: passed or accepted, in this round, at the commit that stands (L4). */

import { describe, expect, it } from 'vitest';
import { runMachine } from '../../machines/run/run.machine.ts';
import type { Gate } from '../../src/model/effect.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import type { RunContext } from '../../src/model/run-context.ts';
import { settlementOf } from '../../src/prove/model/settlements.ts';
import { placeOf } from '../../src/run/run-view.ts';
import { decideRun, type RunState } from '../../src/run/system.ts';
import { goodRun } from '../inspector/good-run.ts';

const RUN = 'run_A_0123456789ab';
const GATES = ['verification', 'review'] as const;

type GateRecord = NonNullable<RunContext['gates'][Gate]>;

/** The run whose handoff is projected, and the event that says that it was. */
function projecting(): readonly [RunState, JournalEvent] {
  for (const { state } of goodRun(RUN)) {
    const effect = state.owed.find(({ kind }) => kind === 'projectHandoff');
    const event = effect === undefined ? null : settlementOf(effect);
    if (event !== null) return [state, event];
  }
  throw new Error('nothing is handed off');
}

/** Where the run is after its handoff, when that gate is recorded with these changes; null: it is not recorded. */
function afterHandoff(
  gate: Gate,
  changes: Partial<GateRecord> | null,
): readonly [place: string, ...blockers: unknown[]] {
  const [state, event] = projecting();
  const { value, context } = state.root;
  const record = context.gates[gate];
  if (record === null) throw new Error(`no ${gate} was judged`);
  const gates = { ...context.gates, [gate]: changes === null ? null : { ...record, ...changes } };
  const run = runMachine.resolveState({ value, context: { ...context, gates } });
  const decision = decideRun(RUN, { ...state, root: run }, { actor: RUN_ACTOR, event, atMs: 1 });
  if (decision.kind === 'refused') return [decision.code];
  return [placeOf(decision.state.root.value)[0], ...decision.state.root.context.blockers];
}

describe.each(GATES)('a handoff whose %s', (gate) => {
  it('has passed, or was accepted by a person, is ready for review', () => {
    expect(afterHandoff(gate, {})).toEqual(['readyForManualReview']);
    expect(afterHandoff(gate, { status: 'ACCEPTED' })).toEqual(['readyForManualReview']);
  });

  it.each<readonly [string, Partial<GateRecord> | null]>([
    ['was never recorded', null],
    ['has failed', { status: 'FAIL' }],
    ['was blocked', { status: 'BLOCKED' }],
    ['was of an earlier round', { epoch: 0 }],
    ['was of another commit', { commit: 'f'.repeat(40) }],
  ])('%s is for a person', (_, changes) => {
    expect(afterHandoff(gate, changes)).toEqual([
      'blockedNeedsHuman',
      {
        code: 'PAWL_HANDOFF_REFUSED',
        params: { reason: 'gates', round: 1 },
        evidence: [],
      },
    ]);
  });
});
