/**
 * Programs that only read, and with which arguments.
 *
 * Owns: that table, git apart. Does not own: git (turn/commands/looking-git), scripts (turn/commands/looking-scripts), where a command runs (turn/commands/looking).
 *
 * Invariant: unless its rule refuses the arguments, a program writes nothing, starts nothing, and reads only what the arguments name.
 */
import { gitLooks } from './looking-git.ts';
import { awk, jq, sed } from './looking-scripts.ts';
import { isLongOption, type LookingRule, optionIsInside, type PathCheck, sorted } from './looking-words.ts';

/** True when the command of `words` only reads; `fedBy`: the commands before it in its pipe. */
export function wordsLook(
  words: readonly string[],
  isInside: PathCheck,
  fedBy: readonly (readonly string[])[],
): boolean {
  const [program = '', ...args] = words;
  if (program === 'xargs') return printsOwnPaths(fedBy) && xargsLooks(args, isInside);
  if (Object.hasOwn(VERSIONED, program))
    return args.length === 1 && (args[0] === '--version' || args[0] === VERSIONED[program]);
  return Object.hasOwn(PROGRAMS, program) && PROGRAMS[program]?.(args, isInside) === true;
}

/** Programs that print their version and do nothing else: with `--version`, or with this word. */
const VERSIONED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'bash bun cargo deno gcc java make php pip ruby rustc'.split(' ').map((name) => [name, '--version']),
  ),
  ...Object.fromEntries('node npm pnpm yarn'.split(' ').map((name) => [name, '-v'])),
  python: '-V',
  python3: '-V',
  go: 'version',
};

interface Reading {
  /** Short options that are refused, by letter. */
  readonly letters?: string;
  /** Long options that are refused, with a space between. */
  readonly names?: string;
  readonly operandsMax?: number;
}

/** Any option is allowed unless it is refused; every other word is a path, and so is what follows the "=" of an option. */
function reader({ letters = '', names = '', operandsMax = Number.POSITIVE_INFINITY }: Reading = {}): LookingRule {
  const refused = names.split(' ').filter((name) => name !== '');
  const isRefused = (option: string): boolean =>
    isLongOption(option, refused) ||
    (/^-[A-Za-z]/.test(option) && [...letters].some((letter) => option.includes(letter)));
  return (args, isInside) => {
    const { options, operands } = sorted(args);
    if (options.some(isRefused) || operands.length > operandsMax) return false;
    return options.every((option) => optionIsInside(option, isInside)) && operands.every(isInside);
  };
}

/** No word is a path. */
const talker: LookingRule = () => true;

/** The first operand is a pattern, unless an option gave one; the others are paths. */
interface Searching {
  readonly refused: RegExp;
  /** Options that take the next word, which is not a path. */
  readonly valued: RegExp;
  /** Options with which there is no pattern. */
  readonly unsought: RegExp | null;
}

function searcher({ refused, valued, unsought }: Searching): LookingRule {
  return (args, isInside) => {
    const end = args.includes('--') ? args.indexOf('--') : args.length;
    const operands: string[] = [];
    let hasPattern = false;
    for (let index = 0; index < end; index += 1) {
      const arg = args[index] ?? '';
      if (refused.test(arg)) return false;
      const isGiven = /^-[A-Za-z]*e|^--regexp/.test(arg);
      hasPattern ||= isGiven || unsought?.test(arg) === true;
      if (/^-[A-Za-z]*e$|^--regexp$/.test(arg) || valued.test(arg)) index += 1;
      else if (!arg.startsWith('-') || arg === '-') operands.push(arg);
      else if (!isGiven && !NO_PATH.test(arg) && !optionIsInside(arg, isInside)) return false;
    }
    operands.push(...args.slice(end + 1));
    return (hasPattern ? operands : operands.slice(1)).every(isInside);
  };
}

/** Options of searchers whose value is a pattern of names. */
const NO_PATH = /^--(?:include|exclude|exclude-dir|glob|iglob)=/;

const grep = searcher({
  refused: /^-\w*f|^--fi/,
  valued: /^-[ABCmdD]$|^--(?:max-count|context|after-context|before-context|include|exclude|exclude-dir)$/,
  unsought: null,
});

const find: LookingRule = (args, isInside) => {
  if (args.some((arg) => /^-(?:exec|execdir|ok|okdir|delete|fls|fprint|fprint0|fprintf|files0-from)$/.test(arg)))
    return false;
  const from = args.findIndex((arg) => /^[-(!]/.test(arg) && !/^-[HLPO]/.test(arg));
  const starts = (from === -1 ? args : args.slice(0, from)).filter((arg) => !arg.startsWith('-'));
  const compared = args.filter((_, index) => /^-(?:newer\w*|samefile|anewer|cnewer)$/.test(args[index - 1] ?? ''));
  return [...starts, ...compared].every(isInside);
};

/** The delimiter or list of `cut` is not a path. */
const cut: LookingRule = (args, isInside) => {
  const isOption = (arg: string): boolean =>
    /^-[bcdf]|^--(?:bytes|characters|delimiter|fields|output-delimiter)/.test(arg);
  const isValue = (before: string): boolean =>
    /^-[bcdf]$|^--(?:bytes|characters|delimiter|fields|output-delimiter)$/.test(before);
  return reader()(
    args.filter((arg, index) => !isOption(arg) && !isValue(args[index - 1] ?? '')),
    isInside,
  );
};

/** Programs that may be given any file names: none that looks like an option does harm. */
const FED = new Set([
  'cat',
  'file',
  'grep',
  'head',
  'ls',
  'md5sum',
  'nl',
  'sha256sum',
  'stat',
  'tail',
  'wc',
  'echo',
  'basename',
  'dirname',
]);

const xargsLooks: LookingRule = (args, isInside) => {
  let index = 0;
  for (; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (/^-[nLPI]$/.test(arg)) index += 1;
    else if (!/^-(?:0|r|0r|r0|n\d+|L\d+|P\d+|I\{\}|t)$|^--(?:null|no-run-if-empty)$/.test(arg)) break;
  }
  const [program = '', ...rest] = args.slice(index);
  return FED.has(program) && wordsLook([program, ...rest], isInside, []);
};

/** True when a pipe prints nothing but the names of files of the place: the first command lists them, and the others leave some out. */
function printsOwnPaths(fedBy: readonly (readonly string[])[]): boolean {
  const [[lister = '', ...args] = [], ...filters] = fedBy;
  const has = (option: RegExp): boolean => args.some((arg) => option.test(arg));
  const isList =
    (lister === 'find' && !has(/^-printf$/)) ||
    (lister === 'rg' && has(/^--files(?:-with-matches)?$|^-[a-z]*l$/)) ||
    (lister === 'grep' && has(/^-[A-Za-z]*l$|^--files-with-matches$/)) ||
    (lister === 'ls' && !has(/^-[A-Za-z]*[lisg]/)) ||
    (lister === 'git' &&
      (args[0] === 'ls-files' ||
        (args[0] === 'diff' && has(/^--name-only$/)) ||
        (args[0] === 'grep' && has(/^-[A-Za-z]*l$/))));
  return isList && !has(/format|pretty/) && filters.every(leavesOut);
}

function leavesOut([program = '', ...args]: readonly string[]): boolean {
  if (program === 'grep') return args.every((arg) => /^-[viEFwxq]+$|^[^-]/.test(arg));
  if (program === 'head' || program === 'tail') return args.every((arg) => /^-n?\d+$|^-n$|^\d+$/.test(arg));
  return (program === 'sort' || program === 'uniq') && args.every((arg) => /^-[urn]+$/.test(arg));
}

const each = (names: string, rule: LookingRule): Readonly<Record<string, LookingRule>> =>
  Object.fromEntries(names.split(' ').map((name) => [name, rule]));

const all =
  (pattern: RegExp): LookingRule =>
  (args) =>
    args.every((arg) => pattern.test(arg));

const PROGRAMS: Readonly<Record<string, LookingRule>> = {
  ...each('echo printf true false basename dirname seq tr which :', talker),
  ...each(
    'cat head ls wc stat nl tac rev od cksum md5sum sha1sum sha256sum sha512sum du df realpath readlink',
    reader(),
  ),
  ...each('hexdump strings comm cmp paste join fold column expand test [', reader()),
  ...each('grep egrep fgrep', grep),
  ...each('whoami nproc', (args) => args.length === 0),
  rg: searcher({
    refused: /^--(?:pre|hostname-bin|search-zip|file(?:=|$)|follow)|^-\w*[fzL]/,
    valued:
      /^-[ABCmgtTdjMEr]$|^--(?:glob|iglob|type|type-not|max-count|context|after-context|before-context|max-depth)$/,
    unsought: /^--(?:files|type-list)$/,
  }),
  tail: reader({ letters: 'fF', names: 'follow retry' }),
  cut,
  sort: reader({ letters: 'oT', names: 'output files0-from compress-program temporary-directory' }),
  uniq: reader({ operandsMax: 1 }),
  diff: reader({ letters: 'l', names: 'paginate' }),
  file: reader({ letters: 'CfmzZ', names: 'compile files-from magic-file uncompress' }),
  tree: reader({ letters: 'oR', names: 'output fromfile fromtabfile' }),
  xxd: reader({ letters: 'r', operandsMax: 1 }),
  pwd: all(/^-[LP]$/),
  date: all(/^(?:-u|-I\w*|-R|--utc|--iso-8601(?:=\w+)?|\+.*)$/s),
  uname: all(/^-[asrmnpvio]+$/),
  command: (args) => /^-[vV]$/.test(args[0] ?? '') && args.length === 2,
  type: (args) => args.length > 0 && all(/^[\w.+-]+$/)(args, () => true),
  exit: all(/^\d+$/),
  find,
  sed,
  awk,
  jq,
  git: gitLooks,
};
