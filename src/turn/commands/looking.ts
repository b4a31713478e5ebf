/**
 * Which shell commands only read: they read files of a worktree and its history, and have no other effect.
 *
 * Owns: where the commands of a text run, and whether each only reads there. Does not own: parsing a shell text (turn/commands/shell-text), the programs that only read
 * (turn/commands/looking-programs), who may run what (adapters/agents/tool-policy).
 *
 * Invariants: 1. Pure. 2. A program, an option or a path that is not known here does not count as reading. 3. A path is judged as it is written: links inside the worktree are
 * not seen.
 */
import { wordsLook } from './looking-programs.ts';
import type { PathCheck } from './looking-words.ts';
import { readShellText, type ShellJoin, type SimpleCommand } from './shell-text.ts';

/** Where commands may read. */
export interface LookingPlace {
  /** The worktree, absolute; more than one path when links lead to it. Null: anywhere. */
  readonly roots: readonly string[] | null;
  /** Names of folders that no command may change to, in lower case. */
  readonly closedFolders: readonly string[];
}

/** One simple command, and where it runs. */
export interface PlacedCommand extends SimpleCommand {
  /** The folders below the root that it may run in. */
  readonly folders: readonly string[];
  /** The words of those before it in its pipe. */
  readonly fedBy: readonly (readonly string[])[];
}

/**
 * The simple commands of a shell text with the folder that each runs in; null when the text cannot be read, or changes to a folder outside the place.
 * `cd` itself is not among them.
 */
export function placedCommands(text: string, place: LookingPlace): readonly PlacedCommand[] | null {
  const read = readShellText(text);
  if (read === null) return null;
  const carried = read.length === 1 ? carriedText(read[0]) : null;
  if (carried !== null) return placedCommands(carried, place);
  const placed: PlacedCommand[] = [];
  let current: readonly string[] = [''];
  let seen: readonly string[] = [''];
  let fedBy: readonly (readonly string[])[] = [];
  for (const [index, command] of read.entries()) {
    fedBy = command.join === 'pipe' ? [...fedBy, read[index - 1]?.words ?? []] : [];
    // Whether the commands before it ran and succeeded is known only along "&&" and "|".
    if (command.join === 'then' || command.join === 'or') current = seen;
    if (command.words[0] !== 'cd') {
      placed.push({ ...command, folders: current, fedBy });
      continue;
    }
    const entered = enteredFolders(command, current, place);
    if (entered === null) return null;
    current = isInPipe(command.join, read[index + 1]?.join) ? [...new Set([...current, ...entered])] : entered;
    seen = [...new Set([...seen, ...current])];
    if (seen.length > FOLDERS_MAX) return null;
  }
  return placed;
}

const FOLDERS_MAX = 20;

/** What `sh -c TEXT` runs; null: it is not such a command. */
function carriedText(command: SimpleCommand | undefined): string | null {
  if (command === undefined || command.assignments.length + command.inputs.length + command.outputs.length > 0)
    return null;
  const [shell = '', flag = '', text, ...more] = command.words;
  const isShell = /^(?:\/(?:usr\/)?bin\/)?(?:ba|da|z)?sh$/.test(shell) && /^-l?c$/.test(flag);
  return isShell && text !== undefined && more.length === 0 ? text : null;
}

/** A part of a pipe runs by itself: its change of folder affects nothing else. */
function isInPipe(join: ShellJoin, next: ShellJoin | undefined): boolean {
  return join === 'pipe' || next === 'pipe';
}

function enteredFolders(
  { words, assignments, inputs, outputs }: SimpleCommand,
  from: readonly string[],
  place: LookingPlace,
): readonly string[] | null {
  const [, target, ...more] = words[1] === '--' ? words.toSpliced(1, 1) : words;
  if (target === undefined || /^-|[?*[{]/.test(target) || more.length + assignments.length > 0) return null;
  if (inputs.length + outputs.length > 0) return null;
  if (place.roots === null) return [''];
  const entered = from.map((folder) => pathInside(target, folder, place.roots));
  const isClosed = (path: string): boolean =>
    path.split('/').some((segment) => place.closedFolders.includes(segment.toLowerCase()));
  const inside = entered.filter((path) => path !== null && !isClosed(path));
  return inside.length === entered.length ? inside.filter((path) => path !== null) : null;
}

/** Where `path`, as a command in `folder` names it, is below the root; null: outside it, or unknown. */
export function pathInside(path: string, folder: string, roots: LookingPlace['roots']): string | null {
  if (roots === null) return path;
  let rest = `${folder}/${path}`;
  if (path.startsWith('/')) {
    const root = roots.map((one) => one.replace(/\/+$/, '')).find((one) => path === one || path.startsWith(`${one}/`));
    if (root === undefined) return null;
    rest = path.slice(root.length);
  }
  const segments: string[] = [];
  for (const segment of rest.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return null;
  }
  return path.includes('\0') ? null : segments.join('/');
}

/** True when the command only reads, and only inside `place`. */
export function looksOnly(command: PlacedCommand, place: LookingPlace): boolean {
  return (
    command.outputs.length === 0 &&
    takesOnly(command, place) &&
    wordsLook(bareWords(command.words), insideOf(command, place), command.fedBy)
  );
}

/** True when the command sets only variables that change how something is shown, and reads by redirection only inside `place`. */
export function takesOnly(command: PlacedCommand, place: LookingPlace): boolean {
  return (
    command.assignments.every((one) => HARMLESS_ASSIGNMENT.test(one)) && command.inputs.every(insideOf(command, place))
  );
}

/** The words without leading ones that only measure, bound or negate what they run. */
export function bareWords(words: readonly string[]): readonly string[] {
  const [first = '', second = ''] = words;
  if ((first === '!' || first === 'time') && words.length > 1) return bareWords(words.slice(1));
  return first === 'timeout' && /^\d+[smh]?$/.test(second) && words.length > 2 ? bareWords(words.slice(2)) : words;
}

/** Variables that change how something is shown, or say that no person looks on. */
const HARMLESS_ASSIGNMENT =
  /^(?:GIT_PAGER|PAGER)=(?:cat)?$|^(?:LC_ALL|LANG|LC_CTYPE|TZ)=[\w.+-]*$|^TERM=[\w-]*$|^(?:NO_COLOR|CI|FORCE_COLOR|CLICOLOR|COLUMNS|NODE_ENV)=\w*$/;
const HARMLESS_FILES = new Set(['/dev/null', '/dev/stdin', '-']);

function insideOf({ folders }: PlacedCommand, place: LookingPlace): PathCheck {
  return (path) =>
    HARMLESS_FILES.has(path) || folders.every((folder) => pathInside(path, folder, place.roots) !== null);
}
