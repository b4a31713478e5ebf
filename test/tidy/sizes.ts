/**
 * How long a file and a function may be.
 *
 * Owns: both limits, and measuring.
 * Does not own: which files are measured.
 */
import { maskSource } from './lexer.ts';
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

/** Lines of a file that call for a second look. */
export const FILE_LINES_ADVISED = 300;
/** Lines that no file has. */
export const FILE_LINES_MAX = 350;
/** Lines that no function has, from its name to its closing brace. */
export const FUNCTION_LINES_MAX = 70;

/** Files of more lines than `linesMax`. */
export function longFiles(files: readonly SourceFile[], linesMax: number = FILE_LINES_MAX): Violation[] {
  return files.flatMap(({ path, text }): Violation[] => {
    const lines = text.trimEnd().split('\n').length;
    if (lines <= linesMax) return [];
    return [{ path, line: 0, message: `has ${lines} lines of ${linesMax}: look for the second idea in it` }];
  });
}

/** Functions, methods and arrow functions of more lines than `linesMax`; the callback of `describe` holds tests and is none. */
export function longFunctions(files: readonly SourceFile[], linesMax: number = FUNCTION_LINES_MAX): Violation[] {
  return files.flatMap(({ path, text }) => {
    const { code } = maskSource(text);
    return bodiesOf(code).flatMap(({ start, end }): Violation[] => {
      const line = lineOf(code, start);
      const lines = lineOf(code, end) - line + 1;
      if (lines <= linesMax) return [];
      return [{ path, line, message: `a function of ${lines} lines, of ${linesMax}: look for the second idea in it` }];
    });
  });
}

interface Body {
  /** Where the function's header begins, and where its closing brace is. */
  readonly start: number;
  readonly end: number;
}

const HEADER =
  /\bfunction\b\s*\*?\s*[\w$]*|^[ \t]*(?:(?:static|async|get|set|override|public|private|protected)\s+)*(?!(?:if|for|while|switch|catch|with|return)\b)[#\w$]+(?=\s*[(<])/gm;

function bodiesOf(code: string): Body[] {
  return [...arrowBodies(code), ...headedBodies(code)].sort((a, b) => a.start - b.start);
}

function arrowBodies(code: string): Body[] {
  return [...code.matchAll(/=>\s*\{/g)].flatMap((match): Body[] => {
    const open = match.index + match[0].length - 1;
    const end = closing(code, open);
    const header = code.slice(code.lastIndexOf('\n', match.index) + 1, match.index);
    if (end === null || /^\s*describe\b/.test(header)) return [];
    return [{ start: match.index, end }];
  });
}

function headedBodies(code: string): Body[] {
  return [...code.matchAll(HEADER)].flatMap((match): Body[] => {
    let at = match.index + match[0].length;
    if (code.charAt(at) === '<') at = (closing(code, at) ?? at) + 1;
    const parameters = code.slice(at).search(/\S/) + at;
    if (code.charAt(parameters) !== '(') return [];
    const behind = closing(code, parameters);
    const open = behind === null ? null : bodyOpening(code, behind + 1);
    const end = open === null ? null : closing(code, open);
    return end === null ? [] : [{ start: match.index + match[0].search(/\S/), end }];
  });
}

/** The `{` of the body behind a parameter list, over a return type; null when no body follows. */
function bodyOpening(code: string, from: number): number | null {
  const first = code.slice(from).search(/\S/) + from;
  if (code.charAt(first) === '{') return first;
  if (code.charAt(first) !== ':') return null;
  for (let at = first + 1; at < code.length; at += 1) {
    const char = code.charAt(at);
    if (';,=)'.includes(char) && code.slice(at, at + 2) !== '=>') return null;
    if ('({[<'.includes(char)) {
      if (char === '{' && !OPENS_TYPE.test(code.slice(first, at).trimEnd())) return at;
      const end = closing(code, at);
      if (end === null) return null;
      at = end;
    }
  }
  return null;
}

/** Ends of a return type that is not whole yet: what follows in braces belongs to it. */
const OPENS_TYPE = /(?:[:|&,(]|=>|\b(?:is|keyof|typeof|readonly|extends))$/;

const PAIRS: Readonly<Record<string, string>> = { '(': ')', '{': '}', '[': ']', '<': '>' };

/** Where the bracket at `open` is closed; null when it never is. */
function closing(code: string, open: number): number | null {
  const [opener, closer] = [code.charAt(open), PAIRS[code.charAt(open)]];
  let depth = 0;
  for (let at = open; at < code.length; at += 1) {
    if (code.charAt(at) === opener) depth += 1;
    if (code.charAt(at) === closer && !(closer === '>' && code.charAt(at - 1) === '=')) depth -= 1;
    if (depth === 0) return at;
  }
  return null;
}
