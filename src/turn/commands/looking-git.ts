/**
 * Which calls of git only read the repository.
 *
 * Owns: its commands and options that only read. Does not own: other programs (turn/commands/looking).
 *
 * Invariants: 1. Pure. 2. A command or global option that is not named here does not count as reading; nor does an option with which git writes a file, starts a
 * program or a pager, or works elsewhere, even abbreviated as git allows. Source: git(1) and the pages of the commands.
 */
import { isLongOption, optionIsInside, type PathCheck } from './looking-words.ts';

/** Commands that write nothing, whatever their arguments, except HARMFUL. */
const LOOKING = new Set([
  ...[
    'annotate',
    'blame',
    'cat-file',
    'check-attr',
    'check-ignore',
    'cherry',
    'count-objects',
    'describe',
    'diff',
    'diff-files',
    'diff-index',
  ],
  ...[
    'diff-tree',
    'for-each-ref',
    'grep',
    'log',
    'ls-files',
    'ls-tree',
    'merge-base',
    'name-rev',
    'range-diff',
    'rev-list',
    'rev-parse',
    'shortlog',
  ],
  ...['show', 'show-branch', 'show-ref', 'status', 'var', 'version', 'whatchanged'],
]);

/** Long options that write a file or start a program; git accepts any unique beginning of one. */
const HARMFUL = ['output', 'ext-diff', 'textconv', 'open-files-in-pager', 'filters', 'show-signature'];

/** Options whose value is a pattern or a form, never a path: in the same word, and in the next one. */
const PATTERN_OPTION =
  /^(?:-[SGLe]|--(?:grep|author|committer|format|pretty|since|until|after|before|date|word-diff-regex|diff-filter|sort|glob|exclude|match)(?:=|$))/;
const PATTERN_ALONE = /^(?:-[SGLe]|--(?:grep|author|committer|since|until|after|before|sort|exclude|match))$/;

/** True when `git ARGS` only reads. */
export function gitLooks(args: readonly string[], isInside: PathCheck): boolean {
  let index = 0;
  for (; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (/^(?:--no-pager|-P|--no-optional-locks|--literal-pathspecs|--no-replace-objects)$/.test(arg)) continue;
    if (arg === '--version') return args.length === index + 1;
    if (arg !== '-C' && arg !== '-c') break;
    const value = args[index + 1] ?? '';
    if (arg === '-C' ? !isInside(value) : !HARMLESS_SETTING.test(value)) return false;
    index += 1;
  }
  const [command = '', ...rest] = args.slice(index);
  if (Object.hasOwn(LISTS, command)) return LISTS[command]?.(rest) === true;
  return (
    LOOKING.has(command) && !rest.some((arg) => isHarmful(command, arg)) && pathsAreInside(command, rest, isInside)
  );
}

const HARMLESS_SETTING =
  /^(?:color\.\w+=\w+|core\.quote[pP]ath=\w+|core\.pager=(?:cat)?|core\.abbrev=\w+|pager\.\w+=(?:false|cat)|log\.\w+=[\w-]+|diff\.(?:renames|renameLimit|context|algorithm)=\w+)$/;

function isHarmful(command: string, arg: string): boolean {
  if (/^--no-(?:ext-diff|textconv|show-signature)$/.test(arg)) return false;
  if (isLongOption(arg, HARMFUL) || /^-O/.test(arg)) return true;
  return command === 'grep' && /^-[A-Za-z]*[Of]/.test(arg);
}

function pathsAreInside(command: string, args: readonly string[], isInside: PathCheck): boolean {
  const isSearch = command === 'grep' && !args.some((arg) => /^-[A-Za-z]*e/.test(arg));
  const sought = isSearch
    ? args.findIndex((arg, index) => !arg.startsWith('-') && !/^-[ABCm]$/.test(args[index - 1] ?? ''))
    : -1;
  return args.every((arg, index) => {
    if (index === sought || PATTERN_OPTION.test(arg) || PATTERN_ALONE.test(args[index - 1] ?? '')) return true;
    return arg.startsWith('-') ? optionIsInside(arg, isInside) : isInside(arg);
  });
}

type Listing = (args: readonly string[]) => boolean;

const all = (args: readonly string[], pattern: RegExp): boolean => args.every((arg) => pattern.test(arg));
const NAME = /^[^-]/;

/** Commands that only read in some of their forms. */
const LISTS: Readonly<Record<string, Listing>> = {
  branch: (args) =>
    args.some((arg) => /^(?:--list|--(?:no-)?(?:contains|merged)(?:=.*)?|--points-at(?:=.*)?)$/.test(arg))
      ? all(
          args,
          /^[^-]|^-[arv]+$|^--(?:list|all|remotes|verbose|(?:no-)?contains|(?:no-)?merged|points-at|sort|format|no-color|color|column|no-column|ignore-case|abbrev|no-abbrev)(?:=.*)?$/,
        )
      : all(
          args,
          /^-[arv]+$|^--(?:all|remotes|verbose|show-current|sort|format|no-color|color|column|no-column|abbrev|no-abbrev)(?:=.*)?$/,
        ),
  tag: (args) =>
    args.some((arg) => /^(?:-l|--list|-n\d*|--(?:no-)?(?:contains|merged)(?:=.*)?|--points-at(?:=.*)?)$/.test(arg))
      ? all(
          args,
          /^[^-]|^-l$|^-n\d*$|^--(?:list|sort|format|(?:no-)?contains|(?:no-)?merged|points-at|column|no-column|ignore-case)(?:=.*)?$/,
        )
      : all(args, /^--(?:sort|format|column|no-column)=.*$/),
  stash: ([form, ...args]) => form === 'list' || (form === 'show' && !args.some((arg) => isHarmful('diff', arg))),
  worktree: ([form, ...args]) => form === 'list' && all(args, /^(?:-v|-z|--verbose|--porcelain)$/),
  reflog: ([form, ...args]) =>
    form === undefined || /^-/.test(form)
      ? !['', ...args].concat(form ?? []).some((arg) => isHarmful('log', arg))
      : (form === 'show' || form === 'exists' || form === 'list') && !args.some((arg) => isHarmful('log', arg)),
  remote: (args) =>
    args.length === 0 ||
    (args.length === 1 && /^(?:-v|--verbose)$/.test(args[0] ?? '')) ||
    (args[0] === 'get-url' && all(args, NAME)),
  config: ([form = '', ...args]) => {
    const forms = ['--get', '--get-all', '--get-regexp', '--list', '-l', 'get', 'list'];
    const [first = '', ...rest] = /^(?:--local|--show-origin|--show-scope)$/.test(form) ? args : [form, ...args];
    return (
      forms.includes(first) &&
      all(rest, /^[^-]|^--(?:name-only|type=\w+|show-origin|show-scope|local|bool|int|all|regexp)$/)
    );
  },
  submodule: (args) => args.length === 0 || (args[0] === 'status' && all(args, /^[^-]|^--(?:recursive|cached)$/)),
  notes: ([form, ...args]) => form === undefined || ((form === 'list' || form === 'show') && all(args, NAME)),
};
