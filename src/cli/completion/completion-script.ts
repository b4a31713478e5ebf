/**
 * The completion script of a shell.
 *
 * Owns: which script is whose. Does not own: their texts (a file for each shell). Loaded only when a script is asked for: a question for runs does not
 * wait for it.
 */
import { quote } from '../../base/sanitise.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { CommandEntry } from '../program.ts';
import { usageError } from '../usage-error.ts';
import { bashScript } from './bash-script.ts';
import { completedProgram, SHELLS, type Shell } from './completed-words.ts';
import { fishScript } from './fish-script.ts';
import { zshScript } from './zsh-script.ts';

/** The shell of that name, and its script for the commands of `table`. Throws PAWL_USAGE for any other name, and for none. */
export function completionScript(
  table: readonly CommandEntry[],
  name: string | undefined,
): { readonly shell: Shell; readonly script: string } {
  const shell = SHELLS.find((each) => each === name);
  if (shell !== undefined) return { shell, script: scriptOf(shell, table) };
  const message = name === undefined ? 'No shell is named' : `Unknown shell ${quote(name)}`;
  throw usageError('completion', `${message}: bash, zsh or fish.`);
}

function scriptOf(shell: Shell, table: readonly CommandEntry[]): string {
  const program = completedProgram(table);
  switch (shell) {
    case 'bash':
      return bashScript(program);
    case 'zsh':
      return zshScript(program);
    case 'fish':
      return fishScript(program);
    default:
      return unreachable(shell);
  }
}
