/**
 * The systems of the product: each is proven as any system is, and then by what holds of it alone.
 *
 * Owns: the list. Does not own: proving any system (system), what is specific to one (its model).
 *
 * Invariant: a system that is defined in the product and is not in this list is refused by a test (test/tidy/systems).
 */
import { runSubject } from './model/run-subject.ts';
import { RUN_WALKS } from './model/run-walks.ts';
import { SMALLEST, wholeWorld } from './model/worlds.ts';
import type { Level } from './proof.ts';
import type { Subject } from './system/moves.ts';
import type { OwnWalk } from './system/own-walk.ts';

/** A system of the product. */
export interface ProductSystem {
  /** It, in a world that is small enough to be walked whole at every level. */
  readonly subject: Subject;
  /** Its own walks at a level. */
  readonly walks: Readonly<Record<Level, readonly OwnWalk[]>>;
}

/** All of them. */
export const PRODUCT_SYSTEMS: readonly ProductSystem[] = [
  { subject: runSubject(wholeWorld(SMALLEST)), walks: RUN_WALKS },
];
