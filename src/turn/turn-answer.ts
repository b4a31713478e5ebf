/**
 * The answer that a coding agent gave in its own output: structured, or at the end of its last message.
 *
 * Owns: finding it there. Does not own: checking it (turn/answer), the files that take precedence over it (worker/answer-file).
 *
 * Invariant: only this turn's output is looked at, and of a message only its last fenced block of JSON, or the whole of it.
 */
import { isObject } from '../base/canonical-json.ts';
import type { Purpose } from '../model/limits.ts';
import type { AnswerOrigin } from '../model/turn.ts';
import { type AnswerReading, readAnswer } from './answer.ts';
import { encode } from './task-files.ts';
import type { Turn } from './turn.ts';

/** A line that opens or closes a block: its marks, and what follows them. */
const FENCE = /^[ \t]*(`{3,}|~{3,})([\s\S]*)$/;

/** The answer in the turn's output, missing where nothing in it looks like one. */
export function answerInTurn(
  turn: Turn,
  purpose: Purpose,
): { readonly reading: AnswerReading; readonly from: AnswerOrigin | null } {
  if (turn.answer !== undefined && turn.answer !== null) {
    return { reading: readAnswer(encode(turn.answer), purpose), from: 'structured' };
  }
  const text = messageJson(turn.lastText);
  if (text === null) return { reading: { kind: 'missing' }, from: null };
  return { reading: readAnswer(new TextEncoder().encode(text), purpose), from: 'message' };
}

/** The JSON of an answer in a message: an object with a status. */
function messageJson(message: string): string | null {
  for (const text of [lastJsonBlock(message), message.trim()]) {
    if (text === null || !text.startsWith('{')) continue;
    try {
      const value: unknown = JSON.parse(text);
      if (isObject(value) && value.status !== undefined) return text;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return null;
}

/** The content of the last fenced block that is labelled as JSON or not at all; a block without an end extends to the end of the message. */
function lastJsonBlock(message: string): string | null {
  let last: string | null = null;
  let open: { readonly marks: string; readonly isJson: boolean; readonly lines: string[] } | null = null;
  for (const line of message.split(/\r?\n/)) {
    const [, marks = '', behind = ''] = FENCE.exec(line) ?? [];
    const language = behind.trim();
    if (open === null) {
      if (marks !== '' && !language.includes('`')) open = { marks, isJson: /^(?:json)?$/i.test(language), lines: [] };
    } else if (marks.startsWith(open.marks) && language === '') {
      if (open.isJson) last = open.lines.join('\n').trim();
      open = null;
    } else open.lines.push(line);
  }
  return open?.isJson === true ? open.lines.join('\n').trim() : last;
}
