/**
 * Every place of both machines × every event: what `decide` makes of it, wherever the place is reached.
 *
 * Owns: asking, and the table of what was answered. Does not own: what is right (the test names it).
 *
 * Invariant: an event that reports on an effect is asked under the effect's own key, if that is owed, under a key that is not owed, and
 * under the keys that others owe.
 */

import { type Effect, type EffectKind, RUN_EFFECTS } from '../../src/model/effect.ts';
import type { ErrorCode } from '../../src/model/error-codes.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { DRIVER_ACTOR } from '../../src/model/system-record.ts';
import type { Graph } from '../../src/prove/model/graph.ts';
import { placeOf, taskPlaceOf } from '../../src/prove/model/key.ts';
import { BASE, HASH, POLICY, packetReplaced } from '../../src/prove/model/settlements.ts';
import { answersTo, MODEL_RUN, opening, stepsOf, UNASKED, unaskedIn, type World } from '../../src/prove/model/world.ts';
import { decideRun, type RunState } from '../../src/run/system.ts';

/** What became of an event: taken (under a key that is owed, or without one), or the code of its refusal. */
export type Answer = 'taken' | 'taken though not owed' | ErrorCode;

/** Rows by `actor place`, columns by the event's name; a cell is every answer that was given there. */
export type CellTable = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<Answer>>>;

/** Asks every event in every state of the graph. */
export function askEverywhere(graph: Graph, world: World): CellTable {
  const table = new Map<string, Map<string, Set<Answer>>>();
  const note = (row: string, column: string, answer: Answer): void => {
    const cells = table.get(row) ?? new Map<string, Set<Answer>>();
    table.set(row, cells);
    cells.set(column, (cells.get(column) ?? new Set()).add(answer));
  };
  for (const { state, edges } of graph.nodes.values()) {
    askRun(state, world, note);
    for (const taskId of Object.keys(state.children)) askTask(state, taskId, world, note);
    // How a task ended is in no key: its ends are met on the way.
    for (const { event, state: after } of edges)
      if (event.input.event.type === 'workerEnded') askTask(after, event.input.actor, world, note);
  }
  return table;
}

type Note = (row: string, column: string, answer: Answer) => void;

function askRun(state: RunState, world: World, note: Note): void {
  const row = `run ${placeOf(state.root.value)}`;
  const owed = stepsOf(state, world).filter(({ input }) => input.actor === RUN_ACTOR && 'key' in input.event);
  for (const { type, input } of owed) note(row, type, answerTo(state, RUN_ACTOR, input.event));
  for (const [type, event] of [...UNASKED, ...unaskedIn(state), ...OTHERS])
    note(row, type, answerTo(state, RUN_ACTOR, event));
  const foreign = keysOf(state, (actor) => actor !== RUN_ACTOR).flatMap((key) => keyed(RUN_KINDS, key));
  for (const [type, event] of [...KEYED.run, ...foreign]) {
    note(row, type, answerThoughNotOwed(state, RUN_ACTOR, event));
  }
}

function askTask(state: RunState, taskId: string, world: World, note: Note): void {
  const task = state.children[taskId];
  if (task === undefined) return;
  const row = `task ${taskPlaceOf(task.value)}`;
  const owed = stepsOf(state, world).filter(({ input }) => input.actor === taskId);
  for (const { type, input } of owed) note(row, type, answerTo(state, taskId, input.event));
  const foreign = keysOf(state, (actor) => actor !== taskId).flatMap((key) => keyed(TASK_KINDS, key));
  for (const [type, event] of [...KEYED.task, ...foreign]) note(row, type, answerThoughNotOwed(state, taskId, event));
  note(row, REPORT.type, answerTo(state, taskId, REPORT));
}

function keysOf(state: RunState, isOther: (actor: string) => boolean): readonly string[] {
  return state.owed.filter(({ actor }) => isOther(actor)).map(({ key }) => key);
}

function answerThoughNotOwed(state: RunState, actor: string, event: JournalEvent): Answer {
  const answer = answerTo(state, actor, event);
  return answer === 'taken' ? 'taken though not owed' : answer;
}

/** What `decide` answers. A refusal comes without a state: nothing can have changed. */
export function answerTo(state: RunState | null, actor: string, event: JournalEvent): Answer {
  const decision = decideRun(MODEL_RUN, state, { actor, event, atMs: 1 });
  return decision.kind === 'accepted' ? 'taken' : decision.code;
}

type Named = readonly [name: string, event: JournalEvent];

/** A key that no effect of these runs ever has. */
const NOT_OWED = `${MODEL_RUN}/0.0:nothing`;

const TASK_KINDS: readonly EffectKind[] = ['startHost', 'awaitWorker', 'watchWorker', 'endTask'];

const OTHERS: readonly Named[] = [
  [
    'packetReceived',
    opening({
      attemptsMax: 1,
      fixAttemptsMax: 1,
      lostRetriesMax: 0,
      interruptionsMax: 0,
      limitWaitsMax: 0,
      hostStartsMax: 1,
      leaseTtlMs: 1,
    }).event,
  ],
];

/** A completion that a task's loser left. */
export const REPORT = {
  type: 'completionReported',
  entryId: 'late',
  requestHash: HASH,
  outcomeHash: HASH,
  completionHash: null,
  isValid: true,
} as const satisfies JournalEvent;

const RUN_KINDS = (Object.keys(RUN_EFFECTS) as EffectKind[]).filter((kind) => !TASK_KINDS.includes(kind));

/** Every event that reports on an effect of those kinds, under that key. */
function keyed(kinds: readonly EffectKind[], key: string): readonly Named[] {
  const waits: Effect = { kind: 'deadline', id: 'limit', atMs: 0 };
  const effects = [...kinds.map(effectOf), ...(kinds.includes('deadline') ? [waits] : [])];
  return effects.flatMap((effect) => answersTo({ ...effect, key, actor: RUN_ACTOR }));
}

/** Every event that reports on an effect, under a key that is not owed. */
const KEYED = { run: keyed(RUN_KINDS, NOT_OWED), task: keyed(TASK_KINDS, NOT_OWED) };

function effectOf(kind: EffectKind): Effect {
  const task = {
    taskId: 'implementation-e0-a1',
    purpose: 'implementation',
    epoch: 0,
    attempt: 1,
    commit: BASE,
  } as const;
  switch (kind) {
    case 'prepareTask':
    case 'commitWork':
      return { kind, ...task };
    case 'judgeGate':
      return { kind, gate: 'review', taskId: 'review-e1-a1', epoch: 1, commit: BASE };
    case 'projectHandoff':
      return { kind, commit: BASE, epoch: 1 };
    case 'acquireLease':
    case 'awaitSurface':
      return { kind, surfaces: [] };
    case 'deadline':
      return { kind, id: 'lease', atMs: 0 };
    case 'endTask':
      return { kind, taskId: task.taskId, requestHash: HASH, reason: 'cancelled' };
    case 'startHost':
    case 'awaitWorker':
    case 'watchWorker':
      return { kind, taskId: task.taskId, requestHash: HASH };
    default:
      return { kind };
  }
}

/** Every event of the alphabet by its name, for whom it is, under a key that is not owed. */
export function alphabet(): readonly { readonly actor: 'run' | 'task' | 'driver'; readonly event: JournalEvent }[] {
  const replaced = ['packetReplaced', packetReplaced({ packetHash: HASH, policy: POLICY })] as const;
  const run = [...UNASKED, replaced, ...OTHERS, ...KEYED.run].map(
    ([, event]) => ({ actor: RUN_ACTOR, event }) as const,
  );
  const task = [...KEYED.task.map(([, event]) => event), REPORT].map((event) => ({ actor: 'task', event }) as const);
  return [...run, ...task, ...DRIVER_NOTES.map((event) => ({ actor: DRIVER_ACTOR, event }) as const)];
}

/** Notes of the driver, which no machine hears of. */
export const DRIVER_NOTES: readonly JournalEvent[] = [
  { type: 'settlementRefused', code: 'PAWL_EVENT_STALE', settlement: 'workerEnded', key: NOT_OWED },
  { type: 'agentNamed', agentOverride: 'a' },
  { type: 'commandRefused', code: 'PAWL_COMMAND_REFUSED', commandId: 'c', command: 'cancel', state: '"queued"' },
  { type: 'runRehydrated', findings: [] },
];
