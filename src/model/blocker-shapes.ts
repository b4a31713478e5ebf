/**
 * Every blocker that a run can have, as schemas: its code, and the facts that its words are made of.
 *
 * Owns: the list of all of them. Does not own: words and hints (blockers/catalogue), the plain types (model/blocker).
 */
import { AGENT_BLOCKERS } from './agent-blockers.ts';
import { PLACE_BLOCKERS } from './place-blockers.ts';
import { TASK_BLOCKERS } from './task-blockers.ts';

/** All of them, one for each code. */
export const BLOCKER_SHAPES = [...PLACE_BLOCKERS, ...AGENT_BLOCKERS, ...TASK_BLOCKERS] as const;
