/**
 * A walk that is expected to meet a step that must not be.
 *
 * Owns: telling it from a walk that fails otherwise. Does not own: the walk and its checks (src/prove/model/worlds).
 */
import { Counterexample } from '../../src/prove/model/graph.ts';
import type { World } from '../../src/prove/model/world.ts';
import { exploreChecked } from '../../src/prove/model/worlds.ts';

/** The shortest way to a step of `world` that breaks an invariant, or null when there is none. */
export function counterexample(world: World): Counterexample | null {
  try {
    exploreChecked(world);
    return null;
  } catch (error) {
    if (error instanceof Counterexample) return error;
    throw error;
  }
}
