/**
 * The events of streams as the API describes them: changes of the feed, `resync`, pieces of output.
 *
 * Owns: those schemas. Does not own: which changes there are (model/change, whose types they are held equal to), sending them (daemon/change-stream,
 * daemon/output-stream).
 *
 * Invariant: members may be added to what is told; none is taken away or means something else.
 */
import { z } from 'zod';
import type { ChangeType } from '../../model/change.ts';
import { count, text } from './operation.ts';

const project = z.looseObject({
  id: text,
  name: text,
  path: text,
  repo: text.nullable(),
  defaultBranch: text.nullable(),
  state: text.describe('As in `Project`.'),
  code: text.nullable(),
  reason: text.nullable(),
});

/** The record that a change comes from. */
const record = z.looseObject({
  runId: text,
  journalSeq: count.describe('The record of the run: its `seq` after it.'),
  event: text.describe('The type of the record.'),
});

const run = record.extend({
  taskId: text.describe("Its packet's task id."),
  state: text,
  substate: text.nullable(),
  kind: z.enum(['active', 'blocked', 'terminal', 'quarantined']),
  view: z
    .looseObject({})
    .describe(
      'Members of `Run`: all of them when it was created, later those that are new. One that has gone is null.',
    ),
});

const task = record.extend({
  task: text.describe('The id of the task.'),
  purpose: text.nullable(),
  epoch: count.nullable(),
  attempt: count.nullable(),
});

const started = task.extend({ pid: z.int() });
const settled = task.extend({ result: text, code: text.nullable() });
const judged = record.extend({
  gate: text,
  epoch: count,
  status: text,
  commit: text.nullable(),
  findingCount: count,
});
const decided = record.extend({
  commandId: text,
  command: text,
  isAccepted: z.boolean(),
  code: text.nullable().describe('Why it was refused.'),
});

const removed = z.looseObject({
  runId: text,
  taskId: text.nullable(),
  state: text.nullable().describe('How the run had ended.'),
  by: text.nullable().describe('Who had it removed; null where its folder is gone and nothing says why.'),
});

/** What is told, by type. */
const TOLD = {
  project_added: project,
  project_updated: project,
  project_removed: project,
  run_created: run,
  run_updated: run,
  run_removed: removed,
  task_requested: task.extend({ agent: text }),
  task_started: started,
  task_settled: settled,
  gate_judged: judged,
  command_decided: decided,
  guard_changed: z.looseObject({}),
} as const satisfies Readonly<Record<ChangeType, z.ZodObject>>;

function changeOf(type: ChangeType) {
  return z
    .object({
      seq: count.describe('Its place in the feed: one more than that of the change before it.'),
      type: z.literal(type),
      project: text.describe('The id of its project; empty for what concerns the daemon itself.'),
      system: text.nullable().describe('The id of its run; null where it concerns none.'),
      atMs: z.number().describe('Milliseconds since the epoch.'),
      data: TOLD[type],
    })
    .meta({ id: nameOf(type) });
}

/** `run_created` is `RunCreatedChange`. */
function nameOf(type: ChangeType): string {
  const words = type.split('_').map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`);
  return `${words.join('')}Change`;
}

const [first, ...others] = (Object.keys(TOLD) as ChangeType[]).map(changeOf);
if (first === undefined) throw new Error('there are no changes');

/** What the events of streams hold, by the names of the document. */
export const STREAM_SCHEMAS = {
  Change: z.discriminatedUnion('type', [first, ...others]).meta({ id: 'Change' }),
  Resync: z
    .object({
      reason: text.describe('Why the changes after the cursor cannot be given.'),
      cursor: count.describe('Where the stream goes on: read the views anew, then follow from here.'),
    })
    .meta({ id: 'Resync' }),
  OutputPiece: z
    .object({
      from: count.describe('The first byte of it.'),
      next: count.describe('The byte after it: the id of the event.'),
      text: text.describe('The bytes as UTF-8; what is not is replaced.'),
    })
    .meta({ id: 'OutputPiece' }),
} as const;
