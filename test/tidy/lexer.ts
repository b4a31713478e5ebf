/**
 * Tells code, comments and literals of a TypeScript file apart, without a compiler.
 *
 * Owns: the two masks of a file.
 * Does not own: what a rule looks for in them.
 *
 * Invariants: 1. Both masks have the length and the line ends of the text, so an offset means the same in all three.
 * 2. Good enough for our own formatted code: no JSX, no regular expression after a closing parenthesis.
 */

/** A file twice: only its code (literals emptied, their quotes kept), and only its comments. */
export interface Masks {
  readonly code: string;
  readonly comments: string;
}

const BEFORE_REGEX = new Set([...'(,=:[!&|?{};~^<>+-*%}']);
const WORD_BEFORE_REGEX = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|throw|new|yield|await)\s*$/;

/** Code that begins nothing else. */
const PLAIN = /[^'"`/{}]*/y;

type Span = 'code' | 'comment' | 'literal';

/** Where the literal, comment or run of code that starts at `at` ends, and what it is. */
function spanAt(text: string, at: number, codeBefore: string): { readonly span: Span; readonly end: number } {
  const two = text.slice(at, at + 2);
  if (two === '//') return { span: 'comment', end: endOr(text, text.indexOf('\n', at), 0) };
  if (two === '/*') return { span: 'comment', end: endOr(text, text.indexOf('*/', at + 2), 2) };
  const char = text.charAt(at);
  if (char === "'" || char === '"') return { span: 'literal', end: quotedEnd(text, at, char) };
  if (char === '/' && startsRegex(codeBefore)) return { span: 'literal', end: regexEnd(text, at) };
  PLAIN.lastIndex = at + 1;
  return { span: 'code', end: at + 1 + (PLAIN.exec(text)?.[0].length ?? 0) };
}

function endOr(text: string, index: number, length: number): number {
  return index === -1 ? text.length : index + length;
}

function startsRegex(codeBefore: string): boolean {
  const before = codeBefore.slice(-200).trimEnd();
  return before === '' || BEFORE_REGEX.has(before.slice(-1)) || WORD_BEFORE_REGEX.test(before.slice(-12));
}

function quotedEnd(text: string, at: number, quote: string): number {
  let index = at + 1;
  while (index < text.length && text.charAt(index) !== quote && text.charAt(index) !== '\n') {
    index += text.charAt(index) === '\\' ? 2 : 1;
  }
  return Math.min(index + 1, text.length);
}

function regexEnd(text: string, at: number): number {
  let isInClass = false;
  let index = at + 1;
  for (; index < text.length && text.charAt(index) !== '\n'; index += 1) {
    const char = text.charAt(index);
    if (char === '\\') index += 1;
    else if (char === '[') isInClass = true;
    else if (char === ']') isInClass = false;
    else if (char === '/' && !isInClass) return index + 1;
  }
  return index;
}

/** The end of the text part of a template from `at`: behind its closing quote, or behind the `${` of a hole. */
function templatePart(text: string, at: number): { readonly end: number; readonly opensHole: boolean } {
  for (let index = at; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (char === '\\') index += 1;
    else if (char === '`') return { end: index + 1, opensHole: false };
    else if (char === '$' && text.charAt(index + 1) === '{') return { end: index + 2, opensHole: true };
  }
  return { end: text.length, opensHole: false };
}

const blank = (part: string): string => part.replace(/[^\n]/g, ' ');
/** A literal with its first and last character kept. */
const hollow = (part: string): string =>
  part.length < 2 ? part : `${part.charAt(0)}${blank(part.slice(1, -1))}${part.slice(-1)}`;

/** The masks of `text`. */
export function maskSource(text: string): Masks {
  let code = '';
  let comments = '';
  /** Depth of braces of each template hole that is open, innermost last. */
  const holes: number[] = [];
  let at = 0;
  const take = (end: number, span: Span): void => {
    const part = text.slice(at, end);
    code += span === 'code' ? part : span === 'literal' ? hollow(part) : blank(part);
    comments += span === 'comment' ? part : blank(part);
    at = end;
  };
  const takeTemplate = (from: number): void => {
    const { end, opensHole } = templatePart(text, from);
    take(end, 'literal');
    if (opensHole) holes.push(0);
  };
  while (at < text.length) {
    const char = text.charAt(at);
    const depth = holes.at(-1);
    if (char === '`') takeTemplate(at + 1);
    else if (char === '}' && depth === 0) {
      holes.pop();
      takeTemplate(at + 1);
    } else {
      if (depth !== undefined && char === '{') holes[holes.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') holes[holes.length - 1] = depth - 1;
      const { span, end } = spanAt(text, at, code);
      take(end, span);
    }
  }
  return { code, comments };
}
