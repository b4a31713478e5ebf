/**
 * Whether the modelled protocol can always come to its end.
 *
 * Owns: which reachable states can, leaning on no luck. Does not own: the exploration (protocol-search).
 */
import { isFinal } from './protocol-checks.ts';
import { shapeOf } from './protocol-rules.ts';
import type { Exploration } from './protocol-search.ts';
import { type State, stateOf } from './protocol-state.ts';

/**
 * The states from which no sequence of steps leads to a settled task, counting neither on luck (a worker that ends by itself, a suspended
 * host that continues) nor on a fault. A suspended runner may continue, and an operator who is asked may decide: both are the design's own.
 */
export function stuckStates({ edges, keys, rules }: Exploration): readonly State[] {
  const shape = shapeOf(rules);
  const stateAt = (index: number): State => stateOf(keys[index] ?? '', shape);
  const goals: number[] = [];
  for (let index = 0; index < keys.length; index += 1) if (isFinal(stateAt(index), rules)) goals.push(index);
  const reaches = edges.canReach(goals, keys.length);
  const stuck: State[] = [];
  reaches.forEach((canReach, index) => {
    if (canReach === 0) stuck.push(stateAt(index));
  });
  return stuck;
}
