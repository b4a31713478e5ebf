/**
 * What a machine's context must look like, checked by zod before a rehydrated run may move.
 *
 * Owns: the schemas of both contexts. Does not own: the contexts' meaning (machines).
 *
 * Invariant: XState restores any context; nothing that fails here is resumed (L5).
 */
import { z } from 'zod';
import { artifactSchema, blockerSchema, leftOutSchema, policySchema } from '../model/event.ts';
import { PURPOSES } from '../model/limits.ts';
import { RUN_ACTOR } from '../model/record.ts';
import { TASK_RESULTS } from '../model/request.ts';
import { turnReportSchema } from '../model/turn-schema.ts';

const STAGES = [
  'workspace',
  'setup',
  'implementation',
  'implementationCommit',
  'verification',
  'review',
  'fix',
  'fixCommit',
  'handoff',
] as const;

const ordinal = z.int().min(0);
const text = z.string();
const surfaces = z.array(text);

const gateSchema = z.strictObject({
  status: z.enum(['PASS', 'FAIL', 'BLOCKED', 'ACCEPTED']),
  epoch: ordinal,
  commit: text,
  evidence: artifactSchema.nullable(),
  by: text.nullable(),
  reason: text.nullable(),
});

/** The run machine's context as it must look when it comes from disk. */
export const runContextSchema = z.strictObject({
  runId: text.min(1),
  packetTaskId: text,
  packetHash: text,
  packet: artifactSchema,
  surfaces,
  branch: text,
  policy: policySchema,
  agents: z.record(text, text).nullable(),
  hasSetup: z.boolean(),
  isSetUp: z.boolean(),
  stage: z.enum(STAGES),
  epoch: ordinal,
  purpose: z.enum(PURPOSES).nullable(),
  attemptEpoch: ordinal,
  attempt: ordinal,
  failures: ordinal,
  losses: ordinal,
  interruptions: ordinal,
  limitWaits: ordinal,
  waitUntilMs: z.number().nullable(),
  fixes: ordinal,
  judgements: z.array(
    z.strictObject({
      gate: z.enum(['verification', 'review']),
      commit: text,
      keys: z.array(text),
      isAllInFix: z.boolean(),
    }),
  ),
  budgetSinceMs: z.number().nullable(),
  openTask: text.nullable(),
  tasksRequested: ordinal,
  baseBranch: text.nullable(),
  baseCommit: text.nullable(),
  headCommit: text.nullable(),
  gates: z.strictObject({ verification: gateSchema.nullable(), review: gateSchema.nullable() }),
  lease: z.strictObject({ surfaces, expiresAtMs: z.number() }).nullable(),
  surfacesAdded: surfaces.optional(),
  leftOut: leftOutSchema.nullable().optional(),
  surfaceConflict: z
    .strictObject({ taskId: text, commit: text, surfaces, holder: text.nullable() })
    .nullable()
    .optional(),
  surfacesAccepted: z.strictObject({ surfaces, by: text, reason: text }).optional(),
  replacement: z
    .strictObject({
      count: z.int().min(1),
      packetHash: text,
      packet: artifactSchema,
      by: text,
      reason: text,
      atMs: z.number(),
      lastTask: z.strictObject({ purpose: z.enum(PURPOSES), epoch: ordinal, attempt: ordinal }).nullable(),
    })
    .optional(),
  contention: z.strictObject({ holder: text, surfaces }).nullable(),
  blockers: z.array(blockerSchema),
  blockedGate: z.enum(['verification', 'review']).nullable(),
  resumeAt: z.enum(STAGES).nullable(),
  cancel: z.strictObject({ by: text, reason: text }).nullable(),
  handoff: z.strictObject({ artifact: artifactSchema, reference: text }).nullable(),
  lastArtifact: artifactSchema.nullable(),
});

/** The task machine's context as it must look when it comes from disk. */
export const taskContextSchema = z.strictObject({
  taskId: text.min(1),
  purpose: z.enum(PURPOSES),
  epoch: ordinal,
  attempt: ordinal,
  requestHash: text,
  hostStartsMax: ordinal,
  hostStarts: ordinal,
  isAdopted: z.boolean(),
  pid: z.int().nullable(),
  startedAtMs: z.number().nullable(),
  endedAtMs: z.number().nullable(),
  ending: z.enum(['cancelled', 'deadline', 'hung', 'operator', 'exhausted', 'interrupted']).nullable(),
  settlement: z
    .strictObject({
      result: z.enum(TASK_RESULTS),
      by: z.enum(['host', 'runner', 'operator']),
      code: text.nullable(),
      outcomeHash: text,
      completionHash: text.nullable(),
      turn: turnReportSchema.nullable(),
    })
    .nullable(),
  reports: z.array(
    z.strictObject({
      entryId: text,
      decision: z.enum(['duplicate', 'late', 'conflicting', 'unauthorized', 'rejected']),
    }),
  ),
});

/** The reason why `context` is not one of `actor`'s machine, or null when it is. */
export function contextProblem(actor: string, context: unknown): string | null {
  const checked = (actor === RUN_ACTOR ? runContextSchema : taskContextSchema).safeParse(context);
  if (checked.success) return null;
  const issue = checked.error.issues[0];
  return issue === undefined ? 'invalid' : `${issue.path.join('.')}: ${issue.message}`;
}
