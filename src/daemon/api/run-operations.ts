/**
 * The operations on runs: looking, recording packets, commanding.
 *
 * Owns: that contract. Does not own: answering (api/handlers), errors that every operation can give (api/document).
 */
import { z } from 'zod';
import { DECISIONS } from '../../model/command.ts';
import { BOUNDS } from '../../model/limits.ts';
import { count, flag, NO_QUERY, type Operation, text, whole } from './operation.ts';
import { errorSchema, loggedTaskSchema, runKindSchema, runSchema, runStorySchema } from './run-schema.ts';

const packetOutcome = z
  .object({
    taskId: text,
    runId: text,
    outcome: z.enum(['recorded', 'present', 'replaced', 'refused']),
    refusal: errorSchema.nullable(),
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

/** What the registry of a project can have against a command. */
const OF_REGISTRY = [
  'PAWL_REPOSITORY_MISSING',
  'PAWL_REGISTRY_FOREIGN',
  'PAWL_REGISTRY_INVALID',
  'PAWL_REGISTRY_LOCKED',
] as const;

const LATER = 'Durable, but whoever drives the project has not decided yet: ask `/api/v1/commands/{key}`.';

/** Of a run: there is one of that id in most cases, and it says which is meant where there are more. */
const project = text.optional().describe('The id of its project; needed where several projects have a run of that id.');

/** Of a part of a run: whatever keeps that from being found. */
const ABOUT_RUN = ['PAWL_RUN_UNKNOWN', 'RUN_AMBIGUOUS', 'PAWL_PROJECT_UNKNOWN', 'PAWL_REPOSITORY_MISSING'] as const;

/** Of what is followed piece by piece. */
const wait = whole
  .optional()
  .describe('Milliseconds to wait for something new where there is nothing yet; at most 10,000, by default none.');

const EXAMPLE_PACKET = {
  task_id: 'WID-12',
  approved: true,
  scm_target: { repo: 'acme/widget', issue_number: 12, intended_branch: 'work/wid-12', base_branch: 'main' },
  scope: { goal: 'The widget can be rotated.' },
  implementation: { instructions: 'Add rotate() to src/widget.js.' },
  verification: { commands: ['npm test'] },
  review: { criteria: 'The widget can be rotated, and nothing else has changed.' },
  conflict_surface: ['src'],
};

/** By their names. */
export const RUN_OPERATIONS = {
  listRuns: {
    summary: 'Runs, by project and id',
    tag: 'runs',
    query: z.object({
      project: text.optional().describe('The id of a project.'),
      kind: z.enum(['active', 'blocked', 'terminal', 'quarantined']).optional().describe('Only runs of this kind.'),
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
        .array(z.looseObject({}).meta({ id: 'Packet' }))
        .min(1)
        .describe('As a packets file has them: docs/packets.md.'),
      again: z.boolean().default(false).describe('A new run for packets whose run has ended.'),
      allOrNothing: z.boolean().default(false),
      agent: text.optional().describe('The agent for every role.'),
    }),
    bodyExamples: { one: { project: 'widget', packets: [EXAMPLE_PACKET] } },
    key: 'required',
    status: 201,
    answer: intakeAnswer,
    others: { 202: { schema: intakeAnswer, means: LATER } },
    errors: [
      'PROJECT_MISSING',
      'PAWL_PROJECT_UNKNOWN',
      'PAWL_PACKETS_INVALID',
      'PAWL_PACKETS_TOO_LARGE',
      'PAWL_RUN_CONFLICT',
      'PAWL_RUN_QUARANTINED',
      'PAWL_COMMAND_REFUSED',
      ...OF_REGISTRY,
      'COMMAND_PENDING',
      'KEY_REUSED',
    ],
  },
  getRun: {
    summary: 'One run',
    tag: 'runs',
    query: z.object({ project }),
    body: null,
    status: 200,
    answer: runStorySchema,
    errors: ['PAWL_RUN_UNKNOWN', 'RUN_AMBIGUOUS', 'PAWL_PROJECT_UNKNOWN', 'PROJECT_UNAVAILABLE'],
  },
  listRunEvents: {
    summary: 'The records of a run',
    tag: 'runs',
    query: z.object({
      project,
      after: whole.optional().describe('The record after which to begin.'),
      limit: whole.optional().describe('At most 1,000; by default 200.'),
      wait,
    }),
    body: null,
    status: 200,
    answer: z.object({
      events: z.array(eventSchema),
      next: count.nullable(),
      kind: runKindSchema.describe(
        'How the run stood before they were read: where it had ended and `next` is null, these were the last.',
      ),
    }),
    errors: [...ABOUT_RUN, 'TOO_MANY_CLIENTS'],
  },
  listTasks: {
    summary: 'The tasks of a run, for whoever reads their output',
    tag: 'runs',
    query: z.object({ project }),
    body: null,
    status: 200,
    answer: z.object({
      tasks: z.array(loggedTaskSchema).describe('In the order in which they were requested.'),
      kind: runKindSchema.describe('How the run stood before they were read.'),
      seq: count.describe('The last record of the run at that time.'),
    }),
    errors: ABOUT_RUN,
  },
  getOutput: {
    summary: 'The output of a task, from a byte on',
    description:
      'The bytes as the worker wrote them; `Pawl-From`, `Pawl-Next` and `Pawl-Ended` say which they are, where to continue, and whether there can be more. With `follow=true` an event stream of `{from, next, text}` whose ids are bytes, until the task has ended.',
    tag: 'runs',
    query: z.object({
      project,
      from: whole.optional().describe('The first byte; by default 0.'),
      last: whole.optional().describe('Begins where the last so many lines begin, instead of at a byte.'),
      stream: z.enum(['stdout', 'stderr']).default('stdout').describe('Which of the two; by default `stdout`.'),
      follow: flag.optional().describe('`true`: an event stream until the task has ended.'),
      wait,
    }),
    body: null,
    status: 200,
    answer: null,
    mediaType: 'application/octet-stream',
    streams:
      'With `follow=true`: every event is `id: <next>`, `event: output` and `data:` with an `OutputPiece` (#/components/schemas/OutputPiece); `event: ended` is the last.',
    headers: {
      'Pawl-From': 'The first byte of the answer.',
      'Pawl-Next': 'The byte after it: where to continue.',
      'Pawl-Ended': '`true` when the task has ended: there is nothing after what it has printed until now.',
    },
    errors: [...ABOUT_RUN, 'PAWL_TASK_UNKNOWN', 'TOO_MANY_CLIENTS'],
  },
  getArtifact: {
    summary: 'An artifact of a run, by the hash of its content',
    tag: 'runs',
    query: z.object({ project }),
    body: null,
    status: 200,
    answer: null,
    mediaType: 'application/json',
    errors: [...ABOUT_RUN, 'ARTIFACT_UNKNOWN'],
  },
  commandRun: {
    summary: 'An operator’s command to a run',
    description: 'With `If-Match: "<seq>"` it is carried out only while that is the last record of the run.',
    tag: 'runs',
    query: z.object({ project }),
    body: runCommandSchema,
    bodyExamples: {
      cancel: { command: 'cancel', reason: 'Not needed any more.' },
      retry: { command: 'resolve', decision: 'retry', reason: 'The disk has room again.' },
    },
    key: 'required',
    takesCondition: true,
    status: 200,
    answer: commandAnswer,
    others: { 202: { schema: commandAnswer, means: LATER } },
    errors: [
      'PAWL_RUN_UNKNOWN',
      'RUN_AMBIGUOUS',
      'PAWL_PROJECT_UNKNOWN',
      'PROJECT_UNAVAILABLE',
      'PAWL_COMMAND_REFUSED',
      'PAWL_RULES_UNSUPPORTED',
      'PAWL_COMMAND_STALE',
      'CONDITION_INVALID',
      ...OF_REGISTRY,
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
    errors: ['COMMAND_UNKNOWN', 'KEY_INVALID', 'PROJECT_UNAVAILABLE'],
  },
} as const satisfies Readonly<Record<string, Operation>>;
