/**
 * The operations on runs: looking, recording packets, commanding.
 *
 * Owns: that contract. Does not own: answering (api/handlers), errors that every operation can give (api/document).
 */
import { z } from 'zod';
import { DECISIONS } from '../../model/command.ts';
import { BOUNDS } from '../../model/limits.ts';
import { count, flag, NO_QUERY, type Operation, text, whole } from './operation.ts';
import { actionSchema, runSchema } from './run-schema.ts';

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

/** By their names. */
export const RUN_OPERATIONS = {
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
} as const satisfies Readonly<Record<string, Operation>>;
