/**
 * Every fact that a journal can hold, as schemas; the types are inferred from them.
 *
 * Owns: the events of run, task and driver. Does not own: what they change (machines), the record around them (model/record).
 *
 * Invariants: 1. Texts are bounded and never hold worker output, prompts or environment. 2. An event with a `key` reports on
 * the effect of that key and counts only while that effect is owed.
 */
import { z } from 'zod';
import { BLOCKER_SHAPES } from './blocker-shapes.ts';
import { ERROR_CODES, type ErrorCode } from './error-codes.ts';
import { BOUNDS } from './limits.ts';
import { TASK_RESULTS } from './request.ts';
import { turnReportSchema } from './turn-schema.ts';

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];
const text = z.string().max(4_000);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const commit = z.string().regex(/^[0-9a-f]{40,64}$/);
const ordinal = z.int().min(0);
const ms = z.number();
const names = z.array(text).max(400).readonly();
const key = z.string().max(400);
/** The key that a command came with, and the hash of what was asked under it; absent where it had none, or lay in the inbox before it was decided. */
const sent = z.strictObject({ key: z.string().max(200), bodyHash: hash }).optional();
/** Surfaces that a run leases beyond those of its packet. */
const added = z
  .array(text)
  .max(2 * BOUNDS.surfacesAdded)
  .readonly();

const somePaths = z.strictObject({ paths: z.array(text).max(BOUNDS.leftOutPaths).readonly(), count: ordinal });
/** What of a worktree its commit cannot hold, because a submodule stands there. */
export const leftOutSchema = z.strictObject({
  /** Submodules whose folder is empty: whoever worked or verified there saw nothing of them. */
  emptySubmodules: somePaths,
  /** Files in the folder of a submodule that has no repository there: no commit can hold them. */
  filesBelowSubmodules: somePaths,
});
/** What of a worktree its commit cannot hold. */
export type LeftOut = z.infer<typeof leftOutSchema>;
/** The first few of many paths, and how many there are. */
export type SomePaths = z.infer<typeof somePaths>;

/** A blocker, bounded. */
export const blockerSchema = z.discriminatedUnion('code', BLOCKER_SHAPES);

/** The limits that the machines count by, as recorded with the run. */
export const policySchema = z.strictObject({
  attemptsMax: ordinal,
  fixAttemptsMax: ordinal,
  lostRetriesMax: ordinal,
  interruptionsMax: ordinal,
  limitWaitsMax: ordinal,
  hostStartsMax: ordinal,
  leaseTtlMs: ms,
});

/** An immutable file of a run: its path below the run's folder, and the hash of its bytes. */
export const artifactSchema = z.strictObject({ path: text, sha256: hash });

/** When a run was recorded, and its place in that intake: what is recorded first is started first. */
const intakeOrderSchema = z.strictObject({ atMs: ms, index: ordinal });

/** The facts that a run learns. */
export const runEventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('packetReceived'),
    taskId: text,
    packetHash: hash,
    packet: artifactSchema,
    missingFields: names,
    surfaces: names,
    branch: text,
    limits: z.record(z.string(), z.json()),
    policy: policySchema,
    /** Where the run stands among the others; absent in journals of the first release. */
    order: intakeOrderSchema.optional(),
    /** What `--agent` named when the packet was recorded; absent where it named none. */
    agentOverride: text.optional(),
  }),
  /** A person has replaced the packet: everything from here on is done and judged under the new one. */
  z.strictObject({
    type: z.literal('packetReplaced'),
    commandId: text,
    by: text,
    reason: text,
    /** Of the packet that the run had. */
    previousHash: hash,
    packetHash: hash,
    packet: artifactSchema,
    surfaces: names,
    /** What the work was found to touch beyond the packet's surfaces, and the new packet does not name either. */
    surfacesBeyond: added.optional(),
    limits: z.record(z.string(), z.json()),
    policy: policySchema,
    /** The agent for every role from here on, as `--agent` named it, now or for the packet before; absent where there is none. */
    agentOverride: text.optional(),
  }),
  z.strictObject({ type: z.literal('runAdmitted'), key, agents: z.record(z.string(), text), hasSetup: z.boolean() }),
  z.strictObject({ type: z.literal('agentMissing'), key, blocker: blockerSchema }),
  /** All that keeps a run from beginning, found before its first worker. */
  z.strictObject({
    type: z.literal('admissionRefused'),
    key,
    blockers: z.array(blockerSchema).min(1).max(20).readonly(),
  }),
  z.strictObject({ type: z.literal('leaseAcquired'), key, surfaces: names }),
  z.strictObject({ type: z.literal('leaseContended'), key, holder: text, surfaces: names }),
  z.strictObject({ type: z.literal('leaseRefused'), key, holder: text, surfaces: names, blocker: blockerSchema }),
  z.strictObject({ type: z.literal('leaseReclaimed'), by: text }),
  z.strictObject({ type: z.literal('surfaceFreed'), key }),
  z.strictObject({
    type: z.literal('workspacePrepared'),
    key,
    baseBranch: text,
    baseCommit: commit,
    headCommit: commit,
  }),
  z.strictObject({ type: z.literal('workspaceRefused'), key, blocker: blockerSchema }),
  z.strictObject({
    type: z.literal('taskRequested'),
    key,
    taskId: text,
    requestHash: hash,
    agent: text,
    rescueRef: text.nullable(),
  }),
  z.strictObject({ type: z.literal('taskRefused'), key, blocker: blockerSchema }),
  z.strictObject({
    type: z.literal('workCommitted'),
    key,
    taskId: text,
    commit,
    fileCount: ordinal,
    filesChanged: names,
    patchHash: hash,
    outcomeHash: hash,
    /** What the work touches beyond the lease, and what is leased with it from now on. */
    surfacesAdded: added.optional(),
    leftOut: leftOutSchema.optional(),
  }),
  z.strictObject({
    type: z.literal('workEmpty'),
    key,
    taskId: text,
    commit,
    isAllowed: z.boolean(),
    surfacesAdded: added.optional(),
    leftOut: leftOutSchema.optional(),
  }),
  z.strictObject({
    type: z.literal('surfaceExceeded'),
    key,
    taskId: text,
    /** The commit that holds the work, at the head of the run's own branch. */
    commit,
    /** What the work touches, is not leased, and cannot be leased now. */
    surfaces: added,
    /** The live run that holds some of it; null: nobody, but the config wants a person to decide. */
    holder: text.nullable(),
    /** What else it touches beyond the lease, leased with it from now on. */
    surfacesAdded: added,
    leftOut: leftOutSchema.optional(),
    blocker: blockerSchema,
  }),
  z.strictObject({ type: z.literal('workRefused'), key, blocker: blockerSchema }),
  z.strictObject({
    type: z.literal('gateJudged'),
    key,
    gate: z.enum(['verification', 'review']),
    taskId: text,
    epoch: ordinal,
    status: z.enum(['PASS', 'FAIL', 'BLOCKED']),
    commit,
    evidence: artifactSchema,
    findingCount: ordinal,
    blocker: blockerSchema.nullable(),
    /** What was found, comparable across rounds; and whether all of it lies in what the last fix has added. */
    findingKeys: z.array(z.string().max(64)).max(BOUNDS.findingKeys).readonly().optional(),
    isAllInFix: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('handoffProjected'),
    key,
    artifact: artifactSchema,
    reference: text,
    /** What lay on the branch and in the worktree before they were put back to the judged commit; absent where they were there. */
    rescueRef: text.optional(),
  }),
  z.strictObject({ type: z.literal('handoffRefused'), key, blocker: blockerSchema }),
  z.strictObject({ type: z.literal('deadlineReached'), key, id: text }),
  z.strictObject({ type: z.literal('cancelRequested'), commandId: text, by: text, reason: text, sent }),
  z.strictObject({
    type: z.literal('decisionMade'),
    commandId: text,
    by: text,
    decision: z.enum(['retry', 'accept', 'abandon']),
    reason: text,
    /** Of a retry: the work that could not be committed is done again, from the last recorded commit; absent where it is not. */
    isDoneAgain: z.literal(true).optional(),
    sent,
  }),
]);

/** Task to run, inside one record. */
const taskMessageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('taskSettled'),
    taskId: text,
    result: z.enum(TASK_RESULTS),
    blocker: blockerSchema.nullable(),
    outcomeHash: hash,
    /** When the agent can be used again, as it says; only where it was limited. */
    resetsAtMs: ms.nullable().optional(),
  }),
  z.strictObject({ type: z.literal('taskDoubtful'), taskId: text, blocker: blockerSchema }),
]);

/** The facts that a task learns. */
export const taskEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hostStartRepeated'), key }),
  z.strictObject({ type: z.literal('hostClaimed'), key, claimHash: hash }),
  z.strictObject({ type: z.literal('workerSpawned'), key, agentHash: hash, pid: z.int(), startedAtMs: ms }),
  z.strictObject({ type: z.literal('workerAdopted'), key }),
  z.strictObject({
    type: z.literal('workerEnded'),
    key,
    result: z.enum(TASK_RESULTS),
    by: z.enum(['host', 'runner', 'operator']),
    outcomeHash: hash,
    completionHash: hash.nullable(),
    exitCode: z.int().nullable(),
    signal: text.nullable(),
    blocker: blockerSchema.nullable(),
    turn: turnReportSchema.optional(),
  }),
  z.strictObject({ type: z.literal('hostDoubted'), key, blocker: blockerSchema }),
  z.strictObject({
    type: z.literal('completionReported'),
    entryId: text,
    requestHash: text,
    outcomeHash: hash,
    completionHash: hash.nullable(),
    isValid: z.boolean(),
  }),
]);

/** Run to task, inside one record. */
const runMessageSchema = z.strictObject({
  type: z.literal('endRequested'),
  reason: z.enum(['cancelled', 'operator']),
});

/** Notes of the driver: they change no machine. */
export const driverEventSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('settlementRefused'), code: z.enum(codes), settlement: text, key }),
  /** What `--agent` named for a run that was recorded without it, or with another one, and has not begun. */
  z.strictObject({ type: z.literal('agentNamed'), agentOverride: text }),
  z.strictObject({
    type: z.literal('commandRefused'),
    code: z.enum(codes),
    commandId: text,
    command: text,
    state: text,
  }),
  z.strictObject({
    type: z.literal('runRehydrated'),
    findings: z.array(z.strictObject({ class: text, detail: text, action: text })).max(100),
  }),
]);

/** A fact that a run learns. */
export type RunEvent = z.infer<typeof runEventSchema>;
/** What a task tells its run. */
export type TaskMessage = z.infer<typeof taskMessageSchema>;
/** A fact that a task learns. */
export type TaskEvent = z.infer<typeof taskEventSchema>;
/** What a run tells its task. */
export type RunMessage = z.infer<typeof runMessageSchema>;
/** A note of the driver. */
export type DriverEvent = z.infer<typeof driverEventSchema>;
/** Where a run stands among the others. */
export type IntakeOrder = z.infer<typeof intakeOrderSchema>;
/** The limits that the machines count by. */
export type Policy = z.infer<typeof policySchema>;
/** An immutable file of a run, by path and hash. */
export type ArtifactRef = z.infer<typeof artifactSchema>;
/** Everything that a record can hold. */
export type JournalEvent = RunEvent | TaskEvent | DriverEvent;
