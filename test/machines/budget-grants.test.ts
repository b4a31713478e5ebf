/** What a person grants a run beyond its budget: counted by decisions on that blocker, and by no other. */

import { describe, expect, it } from 'vitest';
import type { Blocker } from '../../src/model/error.ts';
import { openedRun } from '../../src/prove/model/graph.ts';
import { MODEL_RUN, stepsOf } from '../../src/prove/model/world.ts';
import { SMALLEST, wholeWorld } from '../../src/prove/model/worlds.ts';
import { decideRun, type RunState, type RunStep } from '../../src/run/system.ts';
import { sampleOf } from '../support/sample-blockers.ts';

const world = wholeWorld(SMALLEST);

function taken(state: RunState, input: RunStep): RunState {
  const decision = decideRun(MODEL_RUN, state, input);
  if (decision.kind === 'refused') throw new Error(decision.reason);
  return decision.state;
}

/** After those steps; a task that is refused is refused with a blocker of that code. */
function stateAfter(types: readonly string[], code: Blocker['code']): RunState {
  return types.reduce((state, type) => {
    const input = stepsOf(state, world).find((step) => step.type === type)?.input;
    if (input === undefined) throw new Error(`${type} is not possible`);
    const { event } = input;
    return taken(
      state,
      event.type === 'taskRefused' ? { ...input, event: { ...event, blocker: sampleOf(code) } } : input,
    );
  }, openedRun(world));
}

const REFUSED = ['runAdmitted', 'leaseAcquired', 'workspacePrepared', 'taskRefused'];
const AGAIN = ['decisionMade retry', 'taskRefused', 'decisionMade retry'];

describe('a budget that is used up', () => {
  it.each([
    ['counts anew from a retry on', [...REFUSED, ...AGAIN], true],
    ['counts anew also where the lease was lost meanwhile', [...REFUSED, 'leaseReclaimed', 'decisionMade retry'], true],
    ['counts from the beginning while the run is parked', REFUSED, false],
  ])('%s', (_name, types, isAnew) => {
    const { budgetSinceMs } = stateAfter(types, 'PAWL_BUDGET_EXCEEDED').root.context;
    expect(typeof budgetSinceMs === 'number').toBe(isAnew);
  });

  it('does not start again after a retry of anything else', () => {
    expect(stateAfter([...REFUSED, ...AGAIN], 'PAWL_WORKSPACE_FAILED').root.context.budgetSinceMs).toBeNull();
  });
});
