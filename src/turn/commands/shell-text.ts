/**
 * A shell text as its simple commands, as far as it says in plain words what a POSIX shell would run.
 *
 * Owns: words, quotes, pipes, lists, redirections. Does not own: what a command does (turn/commands/looking), commands without a shell (packets/allow-list).
 *
 * Invariants: 1. What a shell would expand to something that is not written here (variables, substitutions, `..` by a pattern) is not parsed at all. 2. A text that is
 * parsed has no other commands than those that are returned. Source: POSIX.1-2024, Shell Command Language, 2.2, 2.3, 2.7 and 2.9; and bash's `&>` and braces.
 */

/** How a command follows the one before it. */
export type ShellJoin = 'pipe' | 'and' | 'or' | 'then';

/** One simple command. */
export interface SimpleCommand {
  /** Program and arguments, without quotes; patterns of file names stay as they are written. */
  readonly words: readonly string[];
  /** `NAME=value` in front of it. */
  readonly assignments: readonly string[];
  /** Files that it reads by redirection. */
  readonly inputs: readonly string[];
  /** Files that it writes by redirection, `/dev/null` excepted. */
  readonly outputs: readonly string[];
  /** The first one is `then`. */
  readonly join: ShellJoin;
}

const CHARS_MAX = 20_000;
const COMMANDS_MAX = 100;
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;
/** Alternatives in braces that cannot add up to a path of their own. */
const PLAIN_BRACES = /^(?:[\w-]+(?:,[\w-]+)+|\d+\.\.\d+)$/;

/** The simple commands of `text`, at least one; null when it holds anything that is not parsed here. */
export function readShellText(text: string): readonly SimpleCommand[] | null {
  if (text.length > CHARS_MAX) return null;
  const tokens = tokensOf(text);
  return tokens === null ? null : commandsOf(tokens);
}

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly isPlain: boolean }
  | { readonly kind: 'join'; readonly join: ShellJoin }
  | { readonly kind: 'in' | 'out' }
  /** One descriptor duplicated from another: nothing is opened. */
  | { readonly kind: 'copied' };

function commandsOf(tokens: readonly Token[]): readonly SimpleCommand[] | null {
  const commands: SimpleCommand[] = [];
  let made = emptyCommand('then');
  const close = (join: ShellJoin): boolean => {
    const isEmpty = made.words.length === 0;
    const isSpare = isEmpty && made.assignments.length + made.inputs.length + made.outputs.length === 0;
    // Nothing between two line breaks, and a ";" at the end, is not a command.
    if (isEmpty && !(isSpare && made.join === 'then' && join === 'then')) return false;
    if (!isEmpty) commands.push(made);
    made = emptyCommand(join);
    return commands.length <= COMMANDS_MAX;
  };
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined || token.kind === 'copied') continue;
    if (token.kind === 'join') {
      if (!close(token.join)) return null;
      continue;
    }
    if (token.kind === 'word') {
      if (made.words.length === 0 && token.isPlain && ASSIGNMENT.test(token.text)) made.assignments.push(token.text);
      else made.words.push(token.text);
      continue;
    }
    const target = tokens[index + 1];
    if (target?.kind !== 'word') return null;
    if (token.kind === 'in') made.inputs.push(target.text);
    else if (target.text !== '/dev/null') made.outputs.push(target.text);
    index += 1;
  }
  return close('then') && commands.length > 0 && made.join === 'then' ? commands : null;
}

function emptyCommand(join: ShellJoin) {
  const none = (): string[] => [];
  return { words: none(), assignments: none(), inputs: none(), outputs: none(), join };
}

function tokensOf(text: string): readonly Token[] | null {
  const tokens: Token[] = [];
  let index = 0;
  while (index < text.length) {
    const rest = text.slice(index);
    const space = /^(?:[ \t]|\\\n)+/.exec(rest)?.[0];
    if (space !== undefined) {
      index += space.length;
      continue;
    }
    const operator = operatorOf(rest);
    if (operator === null) return null;
    if (operator !== undefined) {
      tokens.push(operator.token);
      index += operator.chars;
      continue;
    }
    const word = wordOf(rest);
    if (word === null) return null;
    tokens.push(word.token);
    index += word.chars;
  }
  return tokens;
}

/** The operator that `rest` begins with; undefined: it begins with a word; null: with an operator that is not parsed here. */
function operatorOf(rest: string): { readonly token: Token; readonly chars: number } | null | undefined {
  const copied = /^\d?[<>]&(?:\d|-)(?=[\s;|&)]|$)/.exec(rest)?.[0];
  if (copied !== undefined) return { token: { kind: 'copied' }, chars: copied.length };
  const out = /^(?:\d?>[>|]?|&>>?)(?![>&(|])/.exec(rest)?.[0];
  if (out !== undefined) return { token: { kind: 'out' }, chars: out.length };
  const into = /^\d?<(?![<>&(])/.exec(rest)?.[0];
  if (into !== undefined) return { token: { kind: 'in' }, chars: into.length };
  const join = /^(?:&&|\|\||\||;|\n)(?![|&;]|$)|^(?:;|\n)$/.exec(rest)?.[0];
  if (join !== undefined) {
    const joins: Readonly<Record<string, ShellJoin>> = {
      '&&': 'and',
      '||': 'or',
      '|': 'pipe',
      ';': 'then',
      '\n': 'then',
    };
    return { token: { kind: 'join', join: joins[join] ?? 'then' }, chars: join.length };
  }
  return /^[&|;()<>#\n]/.test(rest) ? null : undefined;
}

/** The word that `rest` begins with; null when it holds what is not parsed here. */
function wordOf(rest: string): { readonly token: Token; readonly chars: number } | null {
  let text = '';
  let pattern = '';
  let isPlain = true;
  let index = 0;
  while (index < rest.length) {
    const char = rest.charAt(index);
    if (/[\s;|&()<>]/.test(char)) break;
    const piece = pieceOf(rest, index);
    if (piece === null) return null;
    if (piece.isQuoted) isPlain = false;
    text += piece.text;
    pattern += piece.isQuoted ? piece.text.replaceAll(/[?*[\]]/g, '_') : piece.text;
    index += piece.chars;
  }
  if (index === 0 || /^~/.test(rest) || PARENT_PATTERN.test(pattern)) return null;
  return { token: { kind: 'word', text, isPlain }, chars: index };
}

/** A part of a path that a shell may replace by `..`. */
const PARENT_PATTERN = /(?:^|[/=])\.+(?!\[[!^]\.\])[?*[]/;

interface Piece {
  readonly text: string;
  readonly chars: number;
  readonly isQuoted: boolean;
}

/** The next characters of a word that belong together; null when they are not parsed here. */
function pieceOf(rest: string, index: number): Piece | null {
  const char = rest.charAt(index);
  const next = rest.charAt(index + 1);
  if (char === "'") return singleQuoted(rest, index);
  if (char === '"') return doubleQuoted(rest, index);
  if (char === '\\') {
    if (next === '\n') return { text: '', chars: 2, isQuoted: false };
    return next === '' || /\p{Cc}/u.test(next) ? null : { text: next, chars: 2, isQuoted: true };
  }
  if (char === '`' || /\p{Cc}/u.test(char) || isExpansion(char, next, false)) return null;
  if (char === '{' && !isPlainBrace(rest.slice(index))) return null;
  return { text: char, chars: 1, isQuoted: false };
}

/** True for braces that a shell leaves as they are, or whose alternatives are plain. */
function isPlainBrace(rest: string): boolean {
  const inner = /^\{([^\s'"\\{}]*)\}/.exec(rest)?.[1];
  if (inner === undefined) return !/^\S*(?:,|\.\.)/.test(rest);
  return !/,|\.\./.test(inner) || PLAIN_BRACES.test(inner);
}

function singleQuoted(rest: string, index: number): Piece | null {
  const end = rest.indexOf("'", index + 1);
  if (end === -1) return null;
  const text = rest.slice(index + 1, end);
  return text.includes('\0') ? null : { text, chars: end + 1 - index, isQuoted: true };
}

function doubleQuoted(rest: string, index: number): Piece | null {
  let text = '';
  for (let at = index + 1; at < rest.length; at += 1) {
    const char = rest.charAt(at);
    const next = rest.charAt(at + 1);
    if (char === '"') return { text, chars: at + 1 - index, isQuoted: true };
    if (char === '`' || char === '\0' || isExpansion(char, next, true)) return null;
    if (char === '\\' && /[$`"\\\n]/.test(next)) {
      if (next !== '\n') text += next;
      at += 1;
    } else text += char;
  }
  return null;
}

/** A `$` that a shell replaces; the exit code of the last command is a number, whatever it is. */
function isExpansion(char: string, next: string, isInQuotes: boolean): boolean {
  if (char !== '$') return false;
  return /[A-Za-z0-9_{(!#@*$-]/.test(next) || (!isInQuotes && /['"[]/.test(next));
}
