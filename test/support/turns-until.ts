/**
 * Waiting for what happens within this process.
 *
 * Owns: the wait, by turns of the event loop. Does not own: waiting for other processes (pawl-cli).
 */
import { setImmediate as turn } from 'node:timers/promises';

const TURNS_MAX = 5_000;

/** Turns of the event loop until `isMet`, at most many. Throws where that is not enough. */
export async function turnsUntil(isMet: () => boolean): Promise<void> {
  for (let turns = 0; turns < TURNS_MAX && !isMet(); turns += 1) await turn();
  if (!isMet()) throw new Error(`it has not come about in ${TURNS_MAX} turns`);
}
