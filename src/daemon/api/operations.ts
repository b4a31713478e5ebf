/**
 * Every operation of the API: what it takes, what it gives, which errors it can give.
 *
 * Owns: that contract, from which the OpenAPI document, the checks of requests and the types of the client are made. Does not own: methods and paths
 * (client/paths), answering (api/handlers), errors that every operation can give (api/document).
 */
import { z } from 'zod';
import type { OperationId } from '../../client/paths.ts';
import { DECISIONS } from '../../model/command.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { ApiCode } from './codes.ts';
import { actionSchema, runSchema } from './run-schema.ts';

const text = z.string();
const count = z.int().min(0);
const flag = z.enum(['true', 'false']).transform((word) => word === 'true');
const whole = z
  .string()
  .regex(/^\d{1,16}$/, { error: 'must be a whole number' })
  .transform(Number);

/** One operation. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tag: 'daemon' | 'projects' | 'runs' | 'changes';
  readonly query: z.ZodObject;
  /** Null: it has none. */
  readonly body: z.ZodType | null;
  /** Carries `Idempotency-Key`; `required`: it must. */
  readonly key?: 'required';
  /** Takes `If-Match`. */
  readonly takesCondition?: true;
  readonly status: number;
  /** Null: the answer is not JSON. */
  readonly answer: z.ZodType | null;
  readonly mediaType?: string;
  /** Another answer than that of success, by status. */
  readonly others?: Readonly<Record<number, z.ZodType>>;
  /** Errors of its own. */
  readonly errors: readonly ApiCode[];
}

const NO_QUERY = z.object({});

const projectSchema = z
  .object({
    id: text,
    name: text,
    path: text.describe('The top level of its repository.'),
    registry: text.describe('Where its runs are kept.'),
    repo: text.nullable().describe('The URL of `origin`, without credentials; null where there is none.'),
    defaultBranch: text.nullable(),
    addedAt: text.describe('RFC 3339.'),
    state: z.enum(['opening', 'driven', 'elsewhere', 'degraded', 'closed']),
    code: text.nullable().describe('Why it is degraded: a code of docs/errors.md.'),
    reason: text.nullable().describe('The same in words; of `elsewhere`, who drives it.'),
    since: text.nullable().describe('RFC 3339: since when it has been in this state.'),
    runs: z.object({ active: count, blocked: count, terminal: count, quarantined: count }).nullable(),
  })
  .meta({ id: 'Project' });

const packetOutcome = z
  .object({
    taskId: text,
    runId: text,
    outcome: z.enum(['recorded', 'present', 'replaced', 'refused']),
    refusal: z
      .object({ code: text, message: text, subject: text, hint: text, actions: z.array(actionSchema) })
      .nullable(),
  })
  .meta({ id: 'PacketOutcome' });

const intakeAnswer = z
  .object({
    commandId: text,
    decided: z
      .boolean()
      .describe('False: the process that drives the project has not decided yet; ask `/commands/{key}`.'),
    packets: z.array(packetOutcome),
    runs: z.array(runSchema),
  })
  .meta({ id: 'Intake' });

const commandAnswer = z
  .object({
    commandId: text,
    project: text,
    runId: text.nullable(),
    decided: z.boolean(),
    accepted: z.boolean().nullable(),
    code: text.nullable().describe('Why it was refused.'),
    reason: text.nullable(),
    seq: count.nullable().describe('The record that holds the decision.'),
    packets: z.array(packetOutcome).nullable(),
    run: runSchema.nullable(),
  })
  .meta({ id: 'Command' });

const eventSchema = z
  .object({
    seq: count,
    atMs: z.number().describe('Milliseconds since the epoch.'),
    actor: text.describe('`run`, a task id, or `driver`.'),
    event: z.looseObject({ type: text }),
    effects: z.array(z.object({ key: text, kind: text })),
  })
  .meta({ id: 'RunEvent' });

const daemonSchema = z
  .object({
    name: z.literal('pawl'),
    version: text,
    apiVersions: z.object({ min: count, max: count }),
    capabilities: z.array(text),
    state: z.enum(['recovering', 'ready', 'stopping']),
    pid: z.int(),
    generation: count,
    startedAt: text,
    cursor: count.describe('The last change of the feed.'),
  })
  .meta({ id: 'Daemon' });

const readiness = z
  .object({
    state: z.enum(['recovering', 'ready', 'stopping']),
    recovering: z.array(z.object({ project: text, state: text })),
  })
  .meta({ id: 'Readiness' });

const followQuery = z.object({
  after: text
    .optional()
    .describe('The change after which to begin; without it, and without `Last-Event-ID`, the newest.'),
  project: text.optional(),
  system: text.optional().describe('The id of a run.'),
  type: text.optional().describe('Types of changes, separated by commas.'),
});

/** A command to a run. */
const runCommandSchema = z
  .discriminatedUnion('command', [
    z.object({ command: z.literal('cancel'), reason: z.string().max(BOUNDS.summaryChars).default('') }),
    z.object({
      command: z.literal('resolve'),
      decision: z.enum(DECISIONS),
      reason: z.string().trim().min(1, { error: 'must say why' }).max(BOUNDS.summaryChars),
    }),
  ])
  .meta({ id: 'RunCommand' });

/** Every operation, by its name. */
export const OPERATIONS = {
  getApi: {
    summary: 'What answers here, and which versions of the API it speaks',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: daemonSchema,
    errors: [],
  },
  listProjects: {
    summary: 'The projects of this machine',
    tag: 'projects',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: z.object({ projects: z.array(projectSchema), cursor: count }),
    errors: [],
  },
  addProject: {
    summary: 'Registers a repository: its runs are driven from now on',
    tag: 'projects',
    query: NO_QUERY,
    body: z.object({
      path: text.min(1).describe('Absolute; the top level of a git repository after resolving links.'),
      id: text.optional().describe('By default the lower-case name of the folder.'),
      name: text.optional(),
    }),
    key: 'required',
    status: 201,
    answer: projectSchema,
    errors: ['PAWL_PROJECT_EXISTS', 'PAWL_PROJECT_INVALID', 'KEY_REUSED'],
  },
  getProject: {
    summary: 'One project',
    tag: 'projects',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: projectSchema,
    errors: ['PAWL_PROJECT_UNKNOWN'],
  },
  removeProject: {
    summary: 'Archives a project: it is not driven any more; its repository and its runs stay as they are',
    tag: 'projects',
    query: z.object({ force: flag.optional().describe('Also while runs of it have not ended.') }),
    body: null,
    status: 200,
    answer: projectSchema,
    errors: ['PAWL_PROJECT_UNKNOWN', 'PAWL_PROJECT_BUSY'],
  },
  listRuns: {
    summary: 'Runs, by project and id',
    tag: 'runs',
    query: z.object({
      project: text.optional(),
      kind: z.enum(['active', 'blocked', 'terminal', 'quarantined']).optional(),
      limit: whole.optional().describe('At most 1,000; by default 200.'),
      page: text.optional().describe('The `next` of the page before.'),
    }),
    body: null,
    status: 200,
    answer: z.object({
      runs: z.array(runSchema),
      next: text.nullable(),
      cursor: count.describe('Changes after it are not in these views yet.'),
    }),
    errors: ['PAWL_PROJECT_UNKNOWN'],
  },
  addRuns: {
    summary: 'Records runs for packets; the same packet twice is one run',
    tag: 'runs',
    query: NO_QUERY,
    body: z.object({
      project: text.optional().describe('May be left out while there is only one.'),
      packets: z
        .array(z.looseObject({}))
        .min(1)
        .describe('As a packets file has them: docs/schemas/packet.schema.json.'),
      again: z.boolean().default(false).describe('A new run for packets whose run has ended.'),
      allOrNothing: z.boolean().default(false),
      agent: text.optional().describe('The agent for every role.'),
    }),
    key: 'required',
    status: 201,
    answer: intakeAnswer,
    others: { 202: intakeAnswer },
    errors: [
      'PROJECT_MISSING',
      'PAWL_PROJECT_UNKNOWN',
      'PROJECT_UNAVAILABLE',
      'PAWL_PACKETS_INVALID',
      'PAWL_COMMAND_REFUSED',
      'COMMAND_PENDING',
      'KEY_REUSED',
    ],
  },
  getRun: {
    summary: 'One run',
    tag: 'runs',
    query: z.object({ project: text.optional() }),
    body: null,
    status: 200,
    answer: runSchema,
    errors: ['PAWL_RUN_UNKNOWN', 'RUN_AMBIGUOUS', 'PAWL_PROJECT_UNKNOWN'],
  },
  listRunEvents: {
    summary: 'The records of a run',
    tag: 'runs',
    query: z.object({
      project: text.optional(),
      after: whole.optional().describe('The record after which to begin.'),
      limit: whole.optional().describe('At most 1,000; by default 200.'),
    }),
    body: null,
    status: 200,
    answer: z.object({ events: z.array(eventSchema), next: count.nullable() }),
    errors: ['PAWL_RUN_UNKNOWN', 'RUN_AMBIGUOUS', 'PAWL_PROJECT_UNKNOWN'],
  },
  getOutput: {
    summary: 'The output of a task, from a byte on',
    description:
      'The bytes as the worker wrote them; `Pawl-From`, `Pawl-Next` and `Pawl-Ended` say which they are, where to continue, and whether there can be more. With `follow=true` an event stream of `{from, next, text}` whose ids are bytes, until the task has ended.',
    tag: 'runs',
    query: z.object({
      project: text.optional(),
      from: whole.optional().describe('The first byte; by default 0.'),
      stream: z.enum(['stdout', 'stderr']).default('stdout'),
      follow: flag.optional(),
    }),
    body: null,
    status: 200,
    answer: null,
    mediaType: 'application/octet-stream',
    errors: ['PAWL_RUN_UNKNOWN', 'PAWL_TASK_UNKNOWN', 'RUN_AMBIGUOUS', 'PAWL_PROJECT_UNKNOWN', 'TOO_MANY_CLIENTS'],
  },
  getArtifact: {
    summary: 'An artifact of a run, by the hash of its content',
    tag: 'runs',
    query: z.object({ project: text.optional() }),
    body: null,
    status: 200,
    answer: null,
    mediaType: 'application/json',
    errors: ['PAWL_RUN_UNKNOWN', 'ARTIFACT_UNKNOWN', 'RUN_AMBIGUOUS', 'PAWL_PROJECT_UNKNOWN'],
  },
  commandRun: {
    summary: 'An operator’s command to a run',
    description: 'With `If-Match: "<seq>"` it is carried out only while that is the last record of the run.',
    tag: 'runs',
    query: z.object({ project: text.optional() }),
    body: runCommandSchema,
    key: 'required',
    takesCondition: true,
    status: 200,
    answer: commandAnswer,
    others: { 202: commandAnswer },
    errors: [
      'PAWL_RUN_UNKNOWN',
      'RUN_AMBIGUOUS',
      'PAWL_PROJECT_UNKNOWN',
      'PROJECT_UNAVAILABLE',
      'PAWL_COMMAND_REFUSED',
      'PAWL_RULES_UNSUPPORTED',
      'PAWL_COMMAND_STALE',
      'CONDITION_INVALID',
      'COMMAND_PENDING',
      'KEY_REUSED',
    ],
  },
  getCommand: {
    summary: 'What became of the command with this key',
    tag: 'runs',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: commandAnswer,
    errors: ['COMMAND_UNKNOWN', 'KEY_INVALID'],
  },
  followChanges: {
    summary: 'The change feed, replayed and then followed',
    description:
      'Server-sent events: the id of each is its place in the feed, `event` its type. A cursor that the feed no longer or not yet has gets one `resync` event. A comment every 15 s.',
    tag: 'changes',
    query: followQuery,
    body: null,
    status: 200,
    answer: null,
    mediaType: 'text/event-stream',
    errors: ['CURSOR_INVALID', 'TOO_MANY_CLIENTS'],
  },
  getOpenApiJson: {
    summary: 'This document',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: z.looseObject({}),
    errors: [],
  },
  getOpenApiYaml: {
    summary: 'This document as YAML',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: null,
    mediaType: 'application/yaml',
    errors: [],
  },
  getHealth: {
    summary: 'Whether the daemon answers',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: z.object({ status: z.literal('ok') }),
    errors: [],
  },
  getReadiness: {
    summary: 'Whether every project is recovered, or which are not yet',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: readiness,
    others: { 503: readiness },
    errors: [],
  },
  getMetrics: {
    summary: 'Counters and gauges in the text format of Prometheus',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: null,
    mediaType: 'text/plain',
    errors: [],
  },
  shutDown: {
    summary: 'Stops the daemon: no new work, a bounded drain; workers go on',
    tag: 'daemon',
    query: NO_QUERY,
    body: null,
    status: 202,
    answer: z.object({ state: z.literal('stopping') }),
    errors: [],
  },
} as const satisfies Readonly<Record<OperationId, Operation>>;
