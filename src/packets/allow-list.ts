/**
 * Commands without a shell: splitting one into its words, and whether the allow-list admits it.
 *
 * Owns: what a command text may hold, the pattern rule. Does not own: the patterns (model/config), running commands (host).
 *
 * Invariants: 1. A text that a shell would read differently is refused, never guessed. 2. What no pattern names is not admitted.
 */
import { parseArgsStringToArgv } from 'string-argv';

/** What a command asks of a shell: Pawl has none. */
export type SplitRefusal =
  | 'empty'
  | 'pipe'
  | 'redirection'
  | 'operator'
  | 'substitution'
  | 'variable'
  | 'assignment'
  | 'escape'
  | 'comment'
  | 'home'
  | 'newline'
  | 'quotes'
  | 'control'
  | 'shellWord';

/** A command in words, or why it cannot be one. */
export type SplitCommand =
  | { readonly kind: 'split'; readonly argv: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: SplitRefusal; readonly message: string };

const MESSAGES: Readonly<Record<SplitRefusal, string>> = {
  empty: 'it is empty',
  pipe: 'it contains a pipe ("|")',
  redirection: 'it contains a redirection ("<" or ">")',
  operator: 'it contains a shell operator ("&&", "||", "&", ";" or parentheses)',
  substitution: 'it contains a command substitution ("$(…)" or backticks)',
  variable: 'it contains a variable ("$…")',
  assignment: 'it begins with a variable assignment ("NAME=value")',
  escape: 'it contains a backslash escape; quote the word instead',
  comment: 'it contains a comment ("#")',
  home: 'it contains a home folder ("~")',
  newline: 'it contains a line break',
  quotes: 'it contains an unclosed quote',
  control: 'it contains a control character, or white space other than a space',
  shellWord: 'its first word is one that only a shell knows; put it into a script',
};

/**
 * Words of shells that begin a command and for which no program does the same (POSIX.1-2024, Shell Command Language, 2.4 and 2.15; the further
 * ones of bash): a program of that name, where a system has one, could not change anything for the command after it.
 */
const SHELL_WORDS = new Set(
  [
    '! { } [[ case do done elif else esac fi for function if select then until while',
    '. : alias bg break builtin cd command continue declare dirs disown eval exec exit export fc fg getopts hash history jobs let',
    'local logout mapfile popd pushd read readonly return set shift shopt source suspend times trap typeset ulimit umask unalias',
    'unset wait',
  ].flatMap((words) => words.split(' ')),
);

/** True for a word that begins a command in a shell alone: no program does the same. */
export function isShellWord(word: string): boolean {
  return SHELL_WORDS.has(word);
}

/** The words of a command, as a POSIX shell would pass them to the program; wildcards stay as they are written. Refused when it needs a shell. */
export function splitCommand(text: string): SplitCommand {
  const reason = refusalOf(text);
  if (reason !== null) return { kind: 'refused', reason, message: MESSAGES[reason] };
  const argv = parseArgsStringToArgv(text);
  const program = argv[0];
  if (program === undefined || program === '') return { kind: 'refused', reason: 'empty', message: MESSAGES.empty };
  if (SHELL_WORDS.has(program)) return { kind: 'refused', reason: 'shellWord', message: MESSAGES.shellWord };
  return { kind: 'split', argv };
}

/** The words of a command that may be run, or why it may not. */
export type AdmittedCommand =
  | { readonly kind: 'admitted'; readonly argv: readonly string[] }
  /** `why`: a part of a sentence. */
  | { readonly kind: 'needsShell'; readonly why: string }
  | { readonly kind: 'notAllowed' };

/** Whether a command is run: without a shell, and only if `patterns` admit it. */
export function admitCommand(text: string, patterns: readonly string[]): AdmittedCommand {
  const command = splitCommand(text);
  if (command.kind === 'refused') return { kind: 'needsShell', why: command.message };
  if (isAllowed(command.argv, patterns)) return { kind: 'admitted', argv: command.argv };
  return { kind: 'notAllowed' };
}

/**
 * True when one of `patterns` admits the command: the same words in the same order; a last word `*` stands for any further
 * words, also none. A pattern that cannot be split admits nothing.
 */
export function isAllowed(argv: readonly string[], patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const split = splitCommand(pattern);
    return split.kind === 'split' && matches(argv, split.argv);
  });
}

function matches(argv: readonly string[], pattern: readonly string[]): boolean {
  const isOpen = pattern.at(-1) === '*';
  const words = isOpen ? pattern.slice(0, -1) : pattern;
  const isLongEnough = isOpen ? argv.length >= Math.max(1, words.length) : argv.length === words.length;
  return isLongEnough && words.every((word, index) => word === argv[index]);
}

/** Walks the text as sh(1) reads it, up to the first thing that needs one (POSIX.1-2024, Shell Command Language, 2.2 and 2.3). */
function refusalOf(text: string): SplitRefusal | null {
  if (/^\s*[A-Za-z_][A-Za-z0-9_]*=/.test(text)) return 'assignment';
  let quote: '"' | "'" | null = null;
  let isWordStart = true;
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    const next = text.charAt(index + 1);
    if (quote === null) {
      const reason = refusalUnquoted(char, next, isWordStart);
      if (reason !== null) return reason;
      isWordStart = /\s/.test(char);
      if (char === '"' || char === "'") quote = char;
    } else if (char === quote) {
      quote = null;
    } else {
      const reason = refusalQuoted(char, next, quote);
      if (reason !== null) return reason;
    }
  }
  return quote === null ? null : 'quotes';
}

function refusalUnquoted(char: string, next: string, isWordStart: boolean): SplitRefusal | null {
  if (char === '\n' || char === '\r') return 'newline';
  if (/(?![ \t])[\s\p{Cc}]/u.test(char)) return 'control';
  if (char === '|') return next === '|' ? 'operator' : 'pipe';
  if (char === '<' || char === '>') return 'redirection';
  if (/[&;()]/.test(char)) return 'operator';
  if (char === '\\') return 'escape';
  if (isWordStart && char === '#') return 'comment';
  if (isWordStart && char === '~') return 'home';
  return refusalOfDollar(char, next) ?? (char === '$' && /["']/.test(next) ? 'variable' : null);
}

function refusalQuoted(char: string, next: string, quote: '"' | "'"): SplitRefusal | null {
  if (char === '\0') return 'control';
  if (quote === "'") return null;
  if (char === '\\' && /[$`"\\\n]/.test(next)) return 'escape';
  return refusalOfDollar(char, next);
}

function refusalOfDollar(char: string, next: string): SplitRefusal | null {
  if (char === '`') return 'substitution';
  if (char !== '$') return null;
  if (next === '(') return 'substitution';
  return /[A-Za-z0-9_{?!#@*$-]/.test(next) ? 'variable' : null;
}
