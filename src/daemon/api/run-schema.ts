/**
 * A run as the API shows it: the schema of its view.
 *
 * Owns: that schema. Does not own: the view (run/run-view), which it is held equal to by its type.
 */
import { z } from 'zod';
import type { LoggedTask } from '../../app/tasks-of-run.ts';
import type { Action, ActionKind } from '../../model/action.ts';
import { ERROR_CODES, type ErrorCode } from '../../model/error-codes.ts';
import { artifactSchema, leftOutSchema } from '../../model/event.ts';
import { PURPOSES } from '../../model/limits.ts';
import { TASK_RESULTS } from '../../model/request.ts';
import { runContextSchema } from '../../model/run-context.ts';
import { taskContextSchema } from '../../model/task-context.ts';
import { AGENT_KINDS } from '../../model/turn.ts';
import { turnReportSchema } from '../../model/turn-schema.ts';
import type { Liveness } from '../../run/liveness.ts';
import type { MadeDecision } from '../../run/run-story.ts';
import type { RunView, TaskView } from '../../run/run-view.ts';

const count = z.int().min(0);
const text = z.string();
const instant = z.number().describe('Milliseconds since the epoch.');
const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

const ACTION_KINDS = [
  'none',
  'driven',
  'waitForSurface',
  'waitForAgent',
  'run',
  'configureAgent',
  'retry',
  'accept',
  'abandon',
  'cancel',
  'review',
  'inspect',
  'intakeAgain',
  'completePacket',
  'otherVersion',
  'replacePacket',
  'moveBranch',
  'takeOver',
  'look',
] as const satisfies readonly ActionKind[];

/** Something that can be done next. */
const actionSchema: z.ZodType<Action> = z
  .object({
    kind: z.enum(ACTION_KINDS).describe('What it is for; programs choose by it.'),
    label: text,
    argv: z.array(text).nullable().describe('The command, complete; null where there is none to run.'),
    command: text.nullable().describe('The same, quoted for a POSIX shell.'),
  })
  .meta({ id: 'Action' });

/** An error of the catalogue as a part of an answer. */
export const errorSchema = z.object({
  code: text,
  message: text,
  subject: text,
  hint: text,
  actions: z.array(actionSchema),
});

const shownBlocker = z
  .object({ code: z.enum(codes), message: text, hint: text, evidence: z.array(text) })
  .meta({ id: 'Blocker' });

const task: z.ZodType<TaskView> = z
  .object({
    taskId: text,
    purpose: text,
    epoch: count,
    attempt: count,
    state: text.describe('`requested`, `running`, …, or `settled.<result>`.'),
    pid: z.int().nullable(),
    startedAtMs: instant.nullable(),
    endedAtMs: instant.nullable(),
    result: text.nullable(),
    code: text.nullable(),
    isAdopted: z.boolean(),
    reports: taskContextSchema.shape.reports,
    turn: turnReportSchema.nullable().describe('Of a coding agent: what its turn came to.'),
  })
  .meta({ id: 'Task' });

const driver = z
  .union([
    z.object({ kind: z.literal('none') }),
    z.object({
      kind: z.enum(['alive', 'unknown']),
      pid: z.int().nullable(),
      hostname: text,
      sinceMs: instant.nullable(),
    }),
  ])
  .meta({ id: 'Driver' });

const life = z.enum(['none', 'alive', 'dead', 'unknown']);

const signs = z.object({
  taskId: text,
  claim: z.enum(['none', 'revoked', 'host']),
  host: life,
  hostPid: z.int().nullable(),
  worker: life,
  workerPid: z.int().nullable(),
  hasOutcome: z.boolean(),
  startedAtMs: instant.nullable(),
  deadlineAtMs: instant.nullable(),
  heartbeatAtMs: instant.nullable(),
  outputAtMs: instant.nullable(),
  outputBytes: count,
});

/** What a check has found about a run. */
export const findingSchema = z.object({
  class: z.enum([
    'intentBeforeSpawn',
    'spawnedBeforeResult',
    'resultBeforeEvent',
    'eventBeforeSnapshot',
    'staleLease',
    'lateOrConflicting',
    'interruptedAppend',
    'ambiguous',
  ]),
  detail: text,
  action: text,
});

const liveness: z.ZodType<Liveness> = z
  .object({
    standing: z.enum(['working', 'unattended', 'silent', 'orphaned', 'gone', 'ended', 'halted', 'unclear']),
    driver,
    task: signs.nullable(),
    lastSignAtMs: instant.nullable(),
    findings: z.array(findingSchema),
  })
  .meta({ id: 'Liveness' });

const outputEnd = z.object({ what: text, file: text, lines: z.array(text) });
const notedFinding = z.object({ severity: text, message: text, place: text.nullable() });
const notedGate = z.object({ gate: text, round: count, findings: z.array(notedFinding), findingsLeftOut: count });

const context = runContextSchema.shape;
const spentPart = z.object({ tokens: z.number(), usd: z.number() });

/** A run of a project, as the API shows it. */
export type ShownRun = RunView & { readonly project: string };

/** One run, with what its journal says beyond its state. */
export type RunStory = ShownRun & {
  readonly decisions: readonly MadeDecision[];
  readonly rescueRefs: readonly string[];
};

const kind = z.enum(['active', 'blocked', 'terminal', 'quarantined']);

const run = z.object({
  project: text.describe('The id of its project.'),
  runId: text,
  taskId: text.describe("Its packet's task id."),
  packetHash: text,
  replacement: context.replacement.unwrap().omit({ lastTask: true }).nullable(),
  agentOverride: text.nullable(),
  state: text,
  substate: text.nullable(),
  kind,
  epoch: count,
  seq: count.describe('Its last record: what `If-Match` compares with.'),
  updatedAtMs: instant.nullable(),
  removedAtMs: instant.exactOptional(),
  earlierRules: count.exactOptional(),
  task: task.nullable(),
  tasks: z.array(task),
  lease: context.lease,
  surfacesAdded: z.array(text),
  surfaceConflict: context.surfaceConflict,
  leftOut: leftOutSchema.nullable(),
  branch: text,
  headCommit: text.nullable(),
  baseCommit: text.nullable(),
  gates: context.gates,
  contention: context.contention,
  blockers: z.array(shownBlocker),
  blockedGate: z.enum(['verification', 'review']).nullable(),
  lastArtifact: artifactSchema.nullable(),
  handoff: context.handoff,
  waitUntilMs: instant.nullable(),
  pending: z.enum(['retry', 'abandon', 'cancel']).nullable(),
  spent: z.object({
    tokens: z.number(),
    usd: z.number(),
    isEstimate: z.boolean(),
    estimated: spentPart.exactOptional(),
  }),
  actions: z.array(actionSchema),
  nextSafeAction: actionSchema,
  liveness: liveness.nullable(),
  failure: z.object({ gates: z.array(notedGate), outputs: z.array(outputEnd) }).exactOptional(),
});

/** The view of a run. Its type says that it is the view: one that changes does not compile before the other does. */
export const runSchema: z.ZodType<ShownRun> = run.meta({ id: 'Run' });

const decision = z.object({
  decision: z.enum(['retry', 'accept', 'abandon', 'cancel']),
  by: text,
  reason: text,
  atMs: instant,
});

/** One run by itself. */
export const runStorySchema: z.ZodType<RunStory> = run
  .extend({
    decisions: z.array(decision).describe('What people have decided about it, oldest first.'),
    rescueRefs: z.array(text).describe('The refs that keep what was found in the place of its work, oldest first.'),
  })
  .meta({ id: 'RunStory' });

/** How a run stands. */
export const runKindSchema = kind;

const charge = z.object({ tokens: z.number(), usd: z.number() });

const loggedRequest = z.object({
  purpose: z.enum(PURPOSES),
  epoch: count,
  attempt: count,
  agent: text,
  cwd: text,
  turn: z
    .object({
      kind: z.enum(AGENT_KINDS),
      session: z.object({ id: text.nullable(), isResume: z.boolean() }),
      usedBefore: charge.extend({ contextTokens: z.number().exactOptional() }),
    })
    .nullable()
    .describe('Null where its worker is not a coding agent.'),
});

const loggedOutcome = z.object({
  result: z.enum(TASK_RESULTS),
  exitCode: z.int().nullable(),
  signal: text.nullable(),
  startedAtMs: instant.nullable(),
  endedAtMs: instant,
  estimated: charge.nullable().describe('What its agent is charged with beyond what it has reported.'),
});

/** A task, for whoever reads its output. */
export const loggedTaskSchema: z.ZodType<LoggedTask> = z
  .object({
    runId: text,
    taskId: text,
    request: loggedRequest.nullable().describe('Null where it cannot be read.'),
    outcome: loggedOutcome.nullable().describe('Null where it has none that can be read.'),
    isRevoked: z.boolean().describe('It was given up before any worker was started.'),
    isOpen: z.boolean().describe('It has neither an outcome nor been given up.'),
    bytes: z.object({ stdout: count, stderr: count }).describe('How much it has printed.'),
  })
  .meta({ id: 'LoggedTask' });
