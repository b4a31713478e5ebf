/**
 * What the schemas of blockers are made of.
 *
 * Owns: the parts that several codes share. Does not own: any code's parameters (model/blocker-shapes).
 *
 * Invariants: 1. Parameters are facts: names, numbers, paths, and what git, an agent, a worker, the system or a reader of files said. No sentence
 * of ours is among them: `reason`, `how` and `kind` choose it. 2. Everything is bounded.
 */
import { z } from 'zod';
import type { ErrorCode } from './error-codes.ts';

/** A name, a path, or what somebody said. */
export const text = z.string().max(4_000);
/** Names. */
export const texts = z.array(text).max(400).readonly();
/** A whole number from 0. */
export const count = z.int().min(0);
/** An instant or a time, in milliseconds. */
export const ms = z.number();
/** True or false. */
export const flag = z.boolean();
/** One of the two gates. */
export const gate = z.enum(['verification', 'review']);
/** What an answer says of the work. */
export const answered = z.enum(['completed', 'failed', 'blocked']);
/** What somebody said, empty where nothing was said. */
export const said = z.strictObject({ said: text });
/** The first few of many names, and how many there are. */
export const some = z.strictObject({ names: texts, count });
/** What turns have used. */
export const used = z.strictObject({ usd: z.number(), tokens: z.number() });
/** What they may use; null: any. */
export const budget = z.strictObject({ usd: z.number().nullable(), tokens: z.number().nullable() });

/** References to what shows it: artifact paths, task ids, commits, surfaces. Never contents. */
const evidence = z.array(text).max(50).readonly();

/** The blocker of a code. */
export function of<Code extends ErrorCode, Params extends z.ZodType>(code: Code, params: Params) {
  return z.strictObject({ code: z.literal(code), params, evidence });
}

/** One wording of a code that has several. */
export function when<Reason extends string, Shape extends z.core.$ZodShape>(reason: Reason, shape: Shape) {
  return z.strictObject({ reason: z.literal(reason), ...shape });
}

/** What was in the way of a worker, or why it was ended, in more words than the end itself has. */
const obstacle = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('said'), words: text }),
  /** It has said nothing for that long; `hasSigns`: it gave other signs of life. */
  z.strictObject({ kind: z.literal('silent'), ms, hasSigns: flag }),
  /** Its turn has used that, of that. */
  z.strictObject({ kind: z.literal('used'), spent: used, budget }),
]);

/** Of a worker that was ended: why, in more words; the answer that it had already written. */
export const ended = { obstacle: obstacle.nullable(), answered: answered.nullable() };
/** A code that says nothing else. */
export const endedOnly = z.strictObject(ended);
