/**
 * Which files a shell command would write, if the command itself names them.
 *
 * Owns: redirections, and the few programs that change the files that they name. Does not own: which files may be written (adapters/agents/tool-policy), commands that look
 * (turn/commands/looking).
 *
 * Invariant: a command whose files are known writes no others, except through links.
 */
import { bareWords, type LookingPlace, type PlacedCommand, pathInside } from './looking.ts';
import { sedFiles } from './looking-scripts.ts';
import { sorted } from './looking-words.ts';

/** Programs and the options that leave them what they are; every operand is written, a source that is copied too. */
const EDITORS: Readonly<Record<string, RegExp>> = {
  mkdir: /^-[pv]+$|^--parents$/,
  touch: /^-[acm]+$/,
  rm: /^-[rRfdv]+$|^--(?:recursive|force)$/,
  rmdir: /^-[pv]+$/,
  mv: /^-[fnv]+$/,
  cp: /^-[rRapfnv]+$|^--(?:recursive|archive)$/,
  tee: /^-a$|^--append$/,
};
const MODE = /^(?:[0-7]{3,4}|[ugoa]*[+=][rwxX]+)$/;

/** The files that redirections write, below the root; null: one is outside, or cannot be determined. */
export function redirectedFiles(command: PlacedCommand, place: LookingPlace): readonly string[] | null {
  return insideAll(command.outputs, command, place);
}

/** The files that an editing program and its redirections write, below the root; null: it is not such a program, or as above. */
export function editedFiles(command: PlacedCommand, place: LookingPlace): readonly string[] | null {
  const files = filesOf(bareWords(command.words));
  return files === null ? null : insideAll([...files, ...command.outputs], command, place);
}

function filesOf(words: readonly string[]): readonly string[] | null {
  const [program = '', ...args] = words;
  if (program === 'sed') {
    const call = sedFiles(args, true);
    return call?.isEdit === true ? call.files : null;
  }
  const { options, operands } = sorted(args);
  if (program === 'chmod') {
    const [mode = '', ...files] = operands;
    return MODE.test(mode) && options.every((option) => option === '-R') && files.length > 0 ? files : null;
  }
  const allowed = Object.hasOwn(EDITORS, program) ? EDITORS[program] : undefined;
  if (allowed === undefined || operands.length === 0 || !options.every((option) => allowed.test(option))) return null;
  return operands;
}

function insideAll(
  paths: readonly string[],
  { folders }: PlacedCommand,
  { roots }: LookingPlace,
): readonly string[] | null {
  // A pattern may stand for a name that begins with a dot only if it is written, and braces for any.
  if (paths.some((path) => /[{}]/.test(path) || /(?:^|\/)\.[^/]*[?*[]/.test(path))) return null;
  const inside = folders.flatMap((folder) => paths.map((path) => pathInside(path, folder, roots)));
  const known = inside.filter((path) => path !== null);
  return known.length === inside.length ? known : null;
}
