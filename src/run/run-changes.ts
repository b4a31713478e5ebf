/**
 * What a record changes for those who follow the change feed.
 *
 * Owns: the changes of one record, in the order in which they are told, that of a run that is set aside, and that of one that is gone. Does not own: the feed (store/change-log), the view (run/run-view).
 *
 * Invariants: 1. Every record tells of its run: created by the first one, updated by every other, with the members of the view that are new; applied in order they give
 * the view. 2. Texts are shown as the views show them: nothing that a terminal obeys.
 */
import type { JsonObject } from '../base/canonical-json.ts';
import { visible } from '../base/visible.ts';
import type { ChangeDraft, ChangeType } from '../model/change.ts';
import type { JournalRecord, RecordedEvent } from '../model/record.ts';
import { ALONE } from './next-actions.ts';
import type { RunView, TaskView } from './run-view.ts';
import { shownRun } from './shown-run.ts';

/** Members that depend on more than the run: who follows asks for the run to see them. */
type Surrounding = 'actions' | 'nextSafeAction' | 'liveness' | 'failure';

/** A view as far as it follows from the run's records alone. */
type ToldView = Omit<RunView, Surrounding>;

/** The changes of one record, from the view before it (null: none is known, and all members of the view are told) to the one after it. */
export function changesOf(
  record: JournalRecord,
  before: RunView | null,
  after: RunView,
  project: string,
): readonly ChangeDraft[] {
  const { runId, state, substate, kind } = after;
  const { seq, atMs, event } = record;
  const draft = (type: ChangeType, data: object): ChangeDraft => ({
    type,
    project,
    system: runId,
    atMs,
    data: plain({ ...{ runId, journalSeq: seq, event: event.type }, ...data }),
  });
  const told = toldView(after);
  const view = before === null ? told : changedMembers(toldView(before), told);
  return [
    draft(seq === 1 ? 'run_created' : 'run_updated', { taskId: told.taskId, state, substate, kind, view }),
    ...taskChanges(record, after).map(([type, data]) => draft(type, data)),
    ...gateAndCommandChanges(event).map(([type, data]) => draft(type, data)),
  ];
}

/** The change of a run that was set aside, or given up after that: no record tells of it. */
export function runAside(project: string, view: RunView): ChangeDraft {
  const { runId, seq, state, substate, kind } = view;
  const told = toldView(view);
  const event = kind === 'quarantined' ? 'setAside' : 'givenUp';
  const data = plain({ runId, journalSeq: seq, event, taskId: told.taskId, state, substate, kind, view: told });
  return { type: 'run_updated', project, system: runId, atMs: view.updatedAtMs ?? 0, data };
}

/** The change of a run whose folder is gone; `removal`: how it had ended and who had it removed, null where that is not known. */
export function runRemoved(
  project: string,
  runId: string,
  removal: {
    readonly taskId: string;
    readonly state: string;
    readonly by: string;
    readonly removedAtMs: number;
  } | null,
  nowMs: number,
): ChangeDraft {
  const { taskId = null, state = null, by = null } = removal ?? {};
  const data = plain({ runId, taskId, state, by: by === null ? null : visible(by) });
  return { type: 'run_removed', project, system: runId, atMs: removal?.removedAtMs ?? nowMs, data };
}

type Told = readonly [type: ChangeType, data: object];

function taskChanges({ actor, event }: JournalRecord, { tasks }: RunView): readonly Told[] {
  switch (event.type) {
    case 'taskRequested':
      return [['task_requested', { ...factsOf(tasks, event.taskId), agent: visible(event.agent) }]];
    case 'workerSpawned':
      return [['task_started', { ...factsOf(tasks, actor), pid: event.pid }]];
    case 'workerEnded':
      return [['task_settled', { ...factsOf(tasks, actor), result: event.result, code: event.blocker?.code ?? null }]];
    default:
      return [];
  }
}

function factsOf(tasks: readonly TaskView[], taskId: string): object {
  const task = tasks.find((each) => each.taskId === taskId);
  return { task: taskId, purpose: task?.purpose ?? null, epoch: task?.epoch ?? null, attempt: task?.attempt ?? null };
}

function gateAndCommandChanges(event: RecordedEvent): readonly Told[] {
  switch (event.type) {
    case 'gateJudged': {
      const { gate, epoch, status, commit, findingCount } = event;
      return [['gate_judged', { gate, epoch, status, commit, findingCount }]];
    }
    case 'cancelRequested':
      return [['command_decided', { commandId: event.commandId, command: 'cancel', isAccepted: true, code: null }]];
    case 'decisionMade':
      return [
        ['command_decided', { commandId: event.commandId, command: event.decision, isAccepted: true, code: null }],
      ];
    case 'packetReplaced':
      return [['command_decided', { commandId: event.commandId, command: 'replace', isAccepted: true, code: null }]];
    case 'commandRefused': {
      const { commandId, command, code } = event;
      return [['command_decided', { commandId, command: visible(command), isAccepted: false, code }]];
    }
    default:
      return [];
  }
}

/** The view as it is told. */
function toldView(view: RunView): ToldView {
  const shown = shownRun(view, ALONE, { folder: null, liveness: null });
  const { actions: _, nextSafeAction: _next, liveness: _life, failure: _failure, ...told } = shown;
  return told;
}

/** Members whose values differ; one that is gone is null. */
function changedMembers(before: ToldView, after: ToldView): Partial<ToldView> {
  const [old, now] = [before, after].map((view) => new Map(Object.entries(view)));
  const names = new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])]);
  return Object.fromEntries(
    [...names]
      .filter((name) => JSON.stringify(old?.get(name)) !== JSON.stringify(now?.get(name)))
      .map((name) => [name, now?.get(name) ?? null]),
  );
}

function plain(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
