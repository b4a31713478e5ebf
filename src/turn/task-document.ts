/**
 * What a worker reads (task.json): the packet, its instructions, the evidence to act on, and the schema of the answer.
 *
 * Owns: the document's content by purpose. Does not own: where it is stored (host), what the worker does with it.
 *
 * Invariant: it names everything that a fresh worker without memory needs; nothing in it can make a verdict.
 */
import type { Json } from '../base/canonical-json.ts';
import type { Purpose } from '../model/limits.ts';
import type { Packet } from '../model/packet.ts';
import { CRITERION_STATUSES } from '../model/request.ts';

/** An ended task, as it is described to the next one. */
export interface EndedAttempt {
  readonly taskId: string;
  readonly result: string;
  readonly message: string;
}

/** Everything that task.json is made from. */
export interface TaskDocumentInput {
  readonly runId: string;
  readonly taskId: string;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly attempt: number;
  readonly packet: Packet;
  readonly given: Json;
  readonly branch: string;
  readonly baseCommit: string;
  readonly commit: string;
  readonly worktree: string;
  readonly completionFile: string;
  /** Work outside the packet's conflict surface waits for a person. */
  readonly isSurfaceStrict: boolean;
  /** Argument lists of the commands to run: verification and setup. */
  readonly commands: readonly (readonly string[])[];
  /** Files that instruct agents and that the change touches: verification and review by an agent, which sees those of the base. */
  readonly instructionChanges: { readonly paths: readonly string[]; readonly count: number } | null;
  /** The evidence of the gate that failed: fix only. */
  readonly failedGate: Json | null;
  /** How the attempts before this one ended, oldest first. */
  readonly earlier: readonly EndedAttempt[];
  /** How the fixes of earlier rounds ended, oldest first: fix only. */
  readonly earlierRounds: readonly EndedAttempt[];
}

/** The document of one task, plain JSON. */
export function taskDocument(input: TaskDocumentInput): Json {
  const { packet } = input;
  return {
    v: 1,
    runId: input.runId,
    taskId: input.taskId,
    purpose: input.purpose,
    epoch: input.epoch,
    attempt: input.attempt,
    what: WHAT[input.purpose],
    packet: { ...packet, scm: { ...packet.scm }, limits: {} } as Json,
    packetAsGiven: input.given,
    instructions: packet.instructions,
    goal: packet.scope.goal,
    nonGoals: packet.scope.nonGoals,
    acceptanceCriteria: packet.scope.acceptanceCriteria,
    ...byPurpose(input),
    earlierAttempts: input.earlier.map((attempt) => ({ ...attempt })),
    branch: input.branch,
    baseCommit: input.baseCommit,
    commit: input.commit,
    worktree: input.worktree,
    completionFile: input.completionFile,
    answerSchema: answerSchema(input.purpose),
  };
}

const WHAT: Readonly<Record<Purpose, string>> = {
  setup: 'Run the setup commands of this worktree.',
  implementation: 'Implement the packet in the worktree, then give your answer.',
  verification: 'Judge whether the commit meets the expectations. Change nothing. Answer with a verdict.',
  review: 'Review the commit against the criteria. Change nothing. Answer with a verdict.',
  fix: 'Fix what the failed gate found, then give your answer.',
};

function byPurpose(input: TaskDocumentInput): { readonly [key: string]: Json } {
  const { packet } = input;
  switch (input.purpose) {
    case 'setup':
      return { commands: input.commands };
    case 'implementation':
      return { surface: surfaceOf(input) };
    case 'fix':
      return {
        surface: surfaceOf(input),
        failedGate: input.failedGate,
        earlierRounds: input.earlierRounds.map((round) => ({ ...round })),
      };
    case 'verification':
      return {
        commands: input.commands,
        expectations: packet.verification.expectations,
        commitToJudge: input.commit,
        ...instructionsOf(input),
      };
    case 'review':
      return {
        criteria: packet.review.criteria,
        reviewerPlan: packet.review.reviewerPlan,
        commitToReview: input.commit,
        ...instructionsOf(input),
      };
  }
}

/** Present only if there are any. */
function instructionsOf({ instructionChanges }: TaskDocumentInput): { readonly [key: string]: Json } {
  if (instructionChanges === null || instructionChanges.count === 0) return {};
  const { paths, count } = instructionChanges;
  return { instructionFilesOfBase: { paths, count } };
}

/** The paths that the work is meant for. */
function surfaceOf({ packet, isSurfaceStrict }: TaskDocumentInput): Json {
  return { paths: packet.conflictSurface, isStrict: isSurfaceStrict };
}

/** The JSON Schema of the answer for a purpose. */
export function answerSchema(purpose: Purpose): Json {
  const needsVerdict = purpose === 'verification' || purpose === 'review';
  const text = { type: 'string' };
  return {
    type: 'object',
    required: needsVerdict ? ['status', 'summary', 'verdict'] : ['status', 'summary'],
    properties: {
      v: { const: 1 },
      status: { enum: ['completed', 'failed', 'blocked'] },
      summary: text,
      filesChanged: { type: 'array', items: text },
      ...(needsVerdict ? { verdict: VERDICT_SCHEMA } : {}),
      problem: { type: 'object', required: ['code', 'message'], properties: { code: text, message: text } },
    },
  };
}

const TEXT = { type: 'string' };

const VERDICT_SCHEMA: Json = {
  type: 'object',
  required: ['status', 'findings', 'summary'],
  properties: {
    status: { enum: ['PASS', 'FAIL', 'BLOCKED'] },
    summary: TEXT,
    findings: {
      type: 'array',
      items: {
        type: 'object',
        required: ['severity', 'message'],
        properties: { severity: TEXT, message: TEXT, file: TEXT, line: { type: 'integer' } },
      },
    },
    criteria: {
      type: 'array',
      items: {
        type: 'object',
        required: ['criterion', 'status', 'evidence'],
        properties: { criterion: TEXT, status: { enum: [...CRITERION_STATUSES] }, evidence: TEXT },
      },
    },
  },
};
