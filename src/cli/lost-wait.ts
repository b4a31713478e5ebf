/**
 * What happens when a command waits for something that can no longer come.
 *
 * Owns: noticing that nothing is left that could wake it, the error of that. Does not own: showing it (cli/main).
 *
 * Invariant: no command ends because its process has run out of things to do: it ends by itself, or this is said and the exit code is 1.
 */
import { PawlError } from '../model/error.ts';

/** The process, as far as it says that nothing is left to be done in it. */
export interface Idling {
  once(event: 'beforeExit', listener: () => void): unknown;
  off(event: 'beforeExit', listener: () => void): unknown;
}

/** Does `command`; calls `onLost` when the process has nothing left to do and the command has not ended. */
export async function whileWaking(
  idling: Idling,
  onLost: (error: PawlError) => void,
  command: () => Promise<void>,
): Promise<void> {
  const lost = (): void => onLost(lostWait());
  idling.once('beforeExit', lost);
  await command().finally(() => idling.off('beforeExit', lost));
}

function lostWait(): PawlError {
  return new PawlError({
    code: 'PAWL_WAIT_LOST',
    message: 'The command was still waiting when nothing could end the wait any more.',
    subject: process.argv.slice(2).join(' '),
    hint: 'This is a bug in Pawl; please report it. Start the command again: everything recorded so far is kept.',
  });
}
