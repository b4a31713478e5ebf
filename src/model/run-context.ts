/**
 * What a run remembers to decide with, as it must look when it comes from disk.
 *
 * Owns: the schema of the run machine's context, and its types. Does not own: what the members mean to the machine (machines/run), their
 * first values (machines/run/context).
 *
 * Invariant: XState restores any context; nothing that fails here is resumed (L5).
 */
import { z } from 'zod';
import type { DeepReadonly } from '../base/deep-readonly.ts';
import { artifactSchema, blockerSchema, leftOutSchema, policySchema } from './event.ts';
import { PURPOSES } from './limits.ts';

const ordinal = z.int().min(0);
const text = z.string();
const surfaces = z.array(text);
const gate = z.enum(['verification', 'review']);

const stage = z.enum([
  'workspace',
  'setup',
  'implementation',
  'implementationCommit',
  'verification',
  'review',
  'fix',
  'fixCommit',
  'handoff',
]);

const gateRecord = z.strictObject({
  status: z.enum(['PASS', 'FAIL', 'BLOCKED', 'ACCEPTED']),
  epoch: ordinal,
  commit: text,
  evidence: artifactSchema.nullable(),
  /** Of an operator's acceptance: who and why. */
  by: text.nullable(),
  reason: text.nullable(),
});

const judgement = z.strictObject({
  gate,
  commit: text,
  keys: z.array(text),
  /** Everything that was found lies in what the last fix has added. */
  isAllInFix: z.boolean(),
});

const surfaceConflict = z.strictObject({
  taskId: text,
  commit: text,
  surfaces,
  /** The live run that holds some of them; null: a person is to accept them. */
  holder: text.nullable(),
});

const surfaceAcceptance = z.strictObject({ surfaces, by: text, reason: text });

const replacement = z.strictObject({
  /** How often it was, this time included. */
  count: z.int().min(1),
  /** The packet that it had before: its hash, and where it is kept. */
  packetHash: text,
  packet: artifactSchema,
  by: text,
  reason: text,
  atMs: z.number(),
  /** The last task under that packet, null when there was none. */
  lastTask: z.strictObject({ purpose: z.enum(PURPOSES), epoch: ordinal, attempt: ordinal }).nullable(),
});

const runInput = z.strictObject({
  runId: text.min(1),
  packetTaskId: text,
  packetHash: text,
  packet: artifactSchema,
  surfaces,
  branch: text,
  policy: policySchema,
});

/** The run machine's context as it must look when it comes from disk. */
export const runContextSchema = runInput.extend({
  agents: z.record(text, text).nullable(),
  hasSetup: z.boolean(),
  isSetUp: z.boolean(),
  stage,
  /** A gate generation, raised at every entry to verification. 0 before the first. */
  epoch: ordinal,
  purpose: z.enum(PURPOSES).nullable(),
  /** The epoch that `attempt` counts in. */
  attemptEpoch: ordinal,
  attempt: ordinal,
  failures: ordinal,
  losses: ordinal,
  interruptions: ordinal,
  /** Waits for the agent's limit window since this purpose began. */
  limitWaits: ordinal,
  /** When the run resumes automatically, while it waits for its agent's limit window; else null. */
  waitUntilMs: z.number().nullable(),
  /** Fix rounds begun. */
  fixes: ordinal,
  /** The failed judgements since the last decision of a person, oldest first. */
  judgements: z.array(judgement),
  /** Since when the run's budget counts: when a person last granted it once more; null: from the beginning. */
  budgetSinceMs: z.number().nullable(),
  /** The task that is open, or null. */
  openTask: text.nullable(),
  tasksRequested: ordinal,
  baseBranch: text.nullable(),
  baseCommit: text.nullable(),
  headCommit: text.nullable(),
  gates: z.strictObject({ verification: gateRecord.nullable(), review: gateRecord.nullable() }),
  lease: z.strictObject({ surfaces, expiresAtMs: z.number() }).nullable(),
  /** What its work touches beyond the packet's surfaces, leased as well. */
  surfacesAdded: surfaces,
  /** What its work touches and may not lease yet, and who holds it. */
  surfaceConflict: surfaceConflict.nullable(),
  /** What a person has accepted of it last. */
  surfacesAccepted: surfaceAcceptance.nullable(),
  /** Null while the run has the packet that it was born with. */
  replacement: replacement.nullable(),
  /** What of its worktree the last commit of its work could not hold. */
  leftOut: leftOutSchema.nullable(),
  contention: z.strictObject({ holder: text, surfaces }).nullable(),
  blockers: z.array(blockerSchema),
  /** The gate that an operator may accept at this parking, or null. */
  blockedGate: gate.nullable(),
  /** Where to continue once the lease is held (again), or null at the first time. */
  resumeAt: stage.nullable(),
  /** Who has cancelled it, or given it up, and why. */
  cancel: z.strictObject({ by: text, reason: text }).nullable(),
  handoff: z.strictObject({ artifact: artifactSchema, reference: text }).nullable(),
  lastArtifact: artifactSchema.nullable(),
});

/** Everything a run decides with; plain JSON. */
export type RunContext = DeepReadonly<z.infer<typeof runContextSchema>>;
/** What a run is born with: its packet by reference, its surfaces and its bounds. */
export type RunInput = DeepReadonly<z.infer<typeof runInput>>;
/** Where a run stands, finer than its state: what `retry` and a regained lease return to. */
export type Stage = z.infer<typeof stage>;
/** What one gate has decided in this epoch, or what an operator accepted in its place. */
export type GateRecord = DeepReadonly<z.infer<typeof gateRecord>>;
/** A gate that failed: what it found, comparable across rounds. */
export type Judgement = DeepReadonly<z.infer<typeof judgement>>;
/** Work that reaches beyond what its run leases. */
export type SurfaceConflict = DeepReadonly<z.infer<typeof surfaceConflict>>;
/** The last time that the packet of a run was replaced. */
export type PacketReplacement = DeepReadonly<z.infer<typeof replacement>>;
