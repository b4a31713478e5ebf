/**
 * A command that was called in a way that it cannot serve.
 *
 * Owns: how that is told by the command itself. Does not own: what cannot be parsed at all (cli/program).
 */
import { visible } from '../base/visible.ts';
import { PawlError } from '../model/error.ts';
import { helpOf } from '../run/error-actions.ts';

const SUBJECT_CHARS = 200;

/** PAWL_USAGE with the help of `command`. `subject`: what is wrong, by default the whole command line, sanitised. */
export function usageError(
  command: string,
  message: string,
  { subject = process.argv.slice(2).join(' '), hint = 'See its usage.' }: { subject?: string; hint?: string } = {},
): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message,
    subject: visible(subject.slice(0, SUBJECT_CHARS)),
    hint,
    actions: [helpOf(command)],
  });
}
