/**
 * The machines alone, without outbox and driver: every state that they reach when anything may be said to them at any time.
 *
 * Owns: what is said, the walk of @xstate/graph over a machine itself. Does not own: run and tasks together (graph).
 *
 * Invariant: what is said is wider than what the driver would let through: results of old epochs and of other commits, ends nobody awaits.
 */

import { type AdjacencyMap, type AdjacencyValue, getAdjacencyMap } from '@xstate/graph';
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { type RunMachineEvent, taskIdOf } from '../../../machines/run/context.ts';
import { runMachine } from '../../../machines/run/run.machine.ts';
import type { TaskMachineEvent } from '../../../machines/task/context.ts';
import { taskMachine } from '../../../machines/task/task.machine.ts';
import { type Effect, type KeyedEffect, RUN_DEADLINES } from '../../model/effect.ts';
import {
  type JournalEvent,
  type Policy,
  type RunEvent,
  runEventSchema,
  type TaskEvent,
  taskEventSchema,
} from '../../model/event.ts';
import { TASK_RESULTS } from '../../model/request.ts';
import type { RunSnapshot, TaskSnapshot } from '../../run/system.ts';
import { runKey, wholeTaskKey } from './key.ts';
import { blockerOf } from './sample-blockers.ts';
import { BASE, COMMIT, HASH, packetReceived, packetReplaced } from './settlements.ts';
import { answersTo, MODEL_RUN, UNASKED } from './world.ts';
import { COMPARABLE, type Trouble } from './worlds.ts';

/** One reachable snapshot of a machine, with every event that it takes. */
export interface MachineNode<Snapshot, Event> {
  readonly key: string;
  readonly snapshot: Snapshot;
  readonly edges: readonly { readonly event: Event; readonly to: string; readonly snapshot: Snapshot }[];
}

/** Everything that a machine can reach alone. */
export interface MachineGraph<Snapshot, Event> {
  readonly nodes: readonly MachineNode<Snapshot, Event>[];
  readonly edgeCount: number;
}

/** The run machine, told anything at any time but what is left out. */
export function runAlone(
  policy: Policy,
  machine: typeof runMachine = runMachine,
  without: readonly Trouble[] = COMPARABLE,
): MachineGraph<RunSnapshot, RunMachineEvent> {
  const input = {
    runId: MODEL_RUN,
    packetTaskId: 'T-1',
    packetHash: HASH,
    packet: { path: 'p', sha256: HASH },
    surfaces: [],
    branch: 'b',
    policy,
  };
  const map = getAdjacencyMap(machine, {
    input,
    events: (snapshot) => runEvents(snapshot, without).filter((event) => isTaken(machine, snapshot, event)),
    serializeState: (snapshot) => runKey(snapshot),
    stopWhen: (snapshot) => snapshot.status !== 'active',
    limit: 3_000_000,
  });
  return graphOf(map, runKey);
}

/** The task machine, told anything at any time. */
export function taskAlone(
  hostStartsMax: number,
  machine: typeof taskMachine = taskMachine,
): MachineGraph<TaskSnapshot, TaskMachineEvent> {
  const map = getAdjacencyMap(machine, {
    input: { taskId: 'review-e1-a1', purpose: 'review', epoch: 1, attempt: 1, requestHash: HASH, hostStartsMax },
    events: (snapshot) => taskEvents(snapshot).filter((event) => isTaken(machine, snapshot, event)),
    serializeState: (snapshot) => wholeTaskKey(snapshot),
    limit: 1_000_000,
  });
  return graphOf(map, wholeTaskKey);
}

function graphOf<Snapshot extends AnyMachineSnapshot, Event>(
  map: AdjacencyMap<Snapshot, Event>,
  keyOf: (snapshot: Snapshot) => string,
): MachineGraph<Snapshot, Event> {
  const visited: [string, AdjacencyValue<Snapshot, Event>][] = Object.entries(map);
  const nodes = visited.map(([key, { state, transitions }]) => {
    const steps: { readonly event: Event; readonly state: Snapshot }[] = Object.values(transitions);
    const taken = steps.filter((step) => step.state !== state);
    return {
      key,
      snapshot: state,
      edges: taken.map((step) => ({ event: step.event, to: keyOf(step.state), snapshot: step.state })),
    };
  });
  return { nodes, edgeCount: nodes.reduce((sum, { edges }) => sum + edges.length, 0) };
}

/** Whether the chart has a step for the event there. What it has none for is no edge: `decide` refuses it. */
function isTaken(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: RunMachineEvent | TaskMachineEvent) {
  return machine.getTransitionData(snapshot, event).length > 0;
}

function runEvents({ context }: RunSnapshot, without: readonly string[]): RunMachineEvent[] {
  const { epoch } = context;
  const purpose = context.purpose ?? 'implementation';
  const commit = context.headCommit ?? BASE;
  const taskId = taskIdOf(purpose, epoch, context.attempt);
  const effects: Effect[] = [
    { kind: 'admitRun' },
    { kind: 'acquireLease', surfaces: [] },
    { kind: 'awaitSurface', surfaces: [] },
    { kind: 'prepareWorkspace' },
    { kind: 'prepareTask', taskId, purpose, epoch, attempt: context.attempt, commit },
    { kind: 'commitWork', taskId, purpose, commit },
    ...(['verification', 'review'] as const).flatMap((gate): Effect[] => [
      { kind: 'judgeGate', gate, taskId, epoch, commit },
      { kind: 'judgeGate', gate, taskId, epoch: epoch - 1, commit },
      { kind: 'judgeGate', gate, taskId, epoch, commit: COMMIT },
    ]),
    { kind: 'projectHandoff', commit, epoch },
    ...RUN_DEADLINES.map((id): Effect => ({ kind: 'deadline', id, atMs: 0 })),
  ];
  const settled = TASK_RESULTS.map((result) => ({
    type: 'taskSettled' as const,
    taskId,
    result,
    blocker: result === 'completed' ? null : blockerOf('PAWL_WORKER_FAILED'),
    outcomeHash: HASH,
    atMs: 0,
  }));
  const events = [
    packetReceived([], context.policy),
    packetReceived(['scope'], context.policy),
    ...effects.flatMap((effect) => eventsOf(effect, without)),
    { type: 'deadlineReached', key: 'k', id: 'other' } as const,
  ];
  const replaced = ['packetReplaced', packetReplaced(context)] as const;
  const unasked = [...UNASKED, replaced].filter(([type]) => !without.includes(type)).map(([, event]) => event);
  const asked = [...events, ...unasked].filter(isRunEvent).map((event) => ({ ...event, atMs: 0 }));
  return [...asked, ...settled, { type: 'taskDoubtful', taskId, blocker: blockerOf('PAWL_HOST_UNKNOWN'), atMs: 0 }];
}

function taskEvents({ context }: TaskSnapshot): TaskMachineEvent[] {
  const { taskId, requestHash } = context;
  const kinds = ['startHost', 'awaitWorker', 'watchWorker'] as const;
  const events = kinds.flatMap((kind) => eventsOf({ kind, taskId, requestHash }, [])).filter(isTaskEvent);
  const ends = (['cancelled', 'operator'] as const).map((reason) => ({
    type: 'endRequested' as const,
    reason,
    atMs: 0,
  }));
  return [...[...events, ...reports(context.reports.length)].map((event) => ({ ...event, atMs: 0 })), ...ends];
}

/** What a loser of a register may have left: of this task or not, valid or not, with the same end or another one. */
function reports(known: number): TaskEvent[] {
  const other = 'f'.repeat(64);
  const report = {
    type: 'completionReported',
    entryId: `late-${known}`,
    requestHash: HASH,
    outcomeHash: other,
    completionHash: other,
    isValid: true,
  } as const;
  const again: TaskEvent[] = [{ ...report, entryId: 'late-0' }];
  // Two of them show all that a third could: they are only ever added.
  if (known >= 2) return again;
  return [
    ...again,
    report,
    { ...report, requestHash: other },
    { ...report, isValid: false },
    { ...report, outcomeHash: HASH },
    { ...report, completionHash: HASH },
  ];
}

function eventsOf(effect: Effect, without: readonly string[]): JournalEvent[] {
  const keyed: KeyedEffect = { ...effect, key: 'k', actor: 'a' };
  return answersTo(keyed)
    .filter(([type]) => !without.includes(type))
    .map(([, event]) => event);
}

const RUN_TYPES: ReadonlySet<string> = new Set(runEventSchema.options.map(({ shape }) => shape.type.value));
const TASK_TYPES: ReadonlySet<string> = new Set(taskEventSchema.options.map(({ shape }) => shape.type.value));

/** True for a fact that a run learns. */
function isRunEvent(event: JournalEvent): event is RunEvent {
  return RUN_TYPES.has(event.type);
}

/** True for a fact that a task learns. */
function isTaskEvent(event: JournalEvent): event is TaskEvent {
  return TASK_TYPES.has(event.type);
}
