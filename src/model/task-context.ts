/**
 * What a task remembers to decide with, as it must look when it comes from disk.
 *
 * Owns: the schema of the task machine's context, and its types. Does not own: what the members mean to the machine (machines/task), their
 * first values (machines/task/context).
 *
 * Invariant: XState restores any context; nothing that fails here is resumed (L5).
 */
import { z } from 'zod';
import type { DeepReadonly } from '../base/deep-readonly.ts';
import { PURPOSES } from './limits.ts';
import { TASK_RESULTS } from './request.ts';
import { turnReportSchema } from './turn-schema.ts';

const ordinal = z.int().min(0);
const text = z.string();

const completionDecision = z.enum(['duplicate', 'late', 'conflicting', 'unauthorized', 'rejected']);

const taskInput = z.strictObject({
  taskId: text.min(1),
  purpose: z.enum(PURPOSES),
  epoch: ordinal,
  attempt: ordinal,
  requestHash: text,
  hostStartsMax: ordinal,
});

/** The task machine's context as it must look when it comes from disk. */
export const taskContextSchema = taskInput.extend({
  /** Worker hosts started so far, each recorded before its start. */
  hostStarts: ordinal,
  isAdopted: z.boolean(),
  pid: z.int().nullable(),
  startedAtMs: z.number().nullable(),
  endedAtMs: z.number().nullable(),
  ending: z.enum(['cancelled', 'deadline', 'hung', 'operator', 'exhausted', 'interrupted']).nullable(),
  /** The end that moves the run; null before. */
  settlement: z
    .strictObject({
      result: z.enum(TASK_RESULTS),
      by: z.enum(['host', 'runner', 'operator']),
      code: text.nullable(),
      outcomeHash: text,
      completionHash: text.nullable(),
      /** Of a coding agent: what its turn came to. */
      turn: turnReportSchema.nullable(),
    })
    .nullable(),
  /** Completions reported after the end, each once, with what they were worth. */
  reports: z.array(z.strictObject({ entryId: text, decision: completionDecision })),
});

/** Everything a task decides with; plain JSON. */
export type TaskContext = DeepReadonly<z.infer<typeof taskContextSchema>>;
/** What a task is born with: its identity, the hash of its request and its bound of host starts. */
export type TaskInput = DeepReadonly<z.infer<typeof taskInput>>;
/** What a completion that comes after the end is worth; none of them moves the run. */
export type CompletionDecision = z.infer<typeof completionDecision>;
