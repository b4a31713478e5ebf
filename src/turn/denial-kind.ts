/**
 * What a denied use of a tool was about, as far as it decides whether the work needed it.
 *
 * Owns: that distinction. Does not own: what a denial means for a turn (turn-conclusion).
 */
import { isCommitAttempt } from './commands/committing.ts';
import { looksOnly, placedCommands } from './commands/looking.ts';

/** `look`: it would only have read something. `commit`: Pawl commits anyway. */
export type DenialKind = 'look' | 'commit';

/** Tools that only read, as agents name them. */
const LOOKING_TOOLS = new Set(
  [
    'Glob Grep LS LSP NotebookRead Read TodoRead TodoWrite',
    'glob grep list ls lsp read rg search todoread todowrite view',
    'glob grep_search list_directory read_file read_many_files search_file_content todo_write',
  ].flatMap((names) => names.split(' ')),
);

const ANYWHERE = { roots: null, closedFolders: [] };

/** The kind of a denial of `tool` that was asked for `what`: a command, a path, an address; null: it is of neither kind, or the kind is unknown. */
export function denialKind(tool: string, what: string | null): DenialKind | null {
  if (LOOKING_TOOLS.has(tool)) return 'look';
  if (what === null) return null;
  const commands = placedCommands(what, ANYWHERE);
  if (commands?.every((command) => looksOnly(command, ANYWHERE)) === true) return 'look';
  return isCommitAttempt(what) ? 'commit' : null;
}
