/**
 * One event, one atomic step over the run's machines: the next state and the effects it asks for, or a refusal that changes nothing.
 *
 * Owns: routing an event to its machine, resolving messages between run and tasks, the outbox.
 * Does not own: what an event means (machines), the record around it (core/chain), doing anything (runtime).
 *
 * Invariants: 1. Pure (L2): the same state and input give the same decision. 2. An event with a key counts only while its effect is owed.
 * 3. Messages are resolved until none is left, at most BOUNDS.internalEventsPerRecord of them (L9).
 */
import { type AnyMachineSnapshot, type ExecutableActionObject, initialTransition, type SnapshotFrom } from 'xstate';
import { DRIVER_ACTIONS } from '../../machines/effects.ts';
import { runMachine } from '../../machines/run/run.machine.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { isObject } from '../base/canonical-json.ts';
import { EFFECT_KINDS, type Effect, type KeyedEffect } from '../model/effect.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import type { JournalEvent, RunEvent, RunMessage, TaskEvent, TaskMessage } from '../model/event.ts';
import { BOUNDS } from '../model/limits.ts';
import { DRIVER_ACTOR, RUN_ACTOR } from '../model/record.ts';
import type { RunInput } from '../model/run-context.ts';
import type { TaskInput } from '../model/task-context.ts';
import { inertScope } from './inert-scope.ts';

/** The run machine's snapshot. */
export type RunSnapshot = SnapshotFrom<typeof runMachine>;
/** The task machine's snapshot. */
export type TaskSnapshot = SnapshotFrom<typeof taskMachine>;

/** The fold of a journal: every machine's snapshot and what is owed. */
export interface RunState {
  readonly runId: string;
  /** Of the last record; 0 before the first. */
  readonly seq: number;
  readonly run: RunSnapshot;
  readonly tasks: Readonly<Record<string, TaskSnapshot>>;
  /** Asked for and not yet settled, in the order of asking; deadlines included. */
  readonly owed: readonly KeyedEffect[];
}

/** One external event: for whom, what, and the instant of its record. */
export interface Input {
  readonly actor: string;
  readonly event: JournalEvent;
  readonly atMs: number;
}

/** An event as one machine received it, in order: what a mirror is fed. */
export interface Delivery {
  readonly actor: string;
  readonly event: (RunEvent | TaskMessage | TaskEvent | RunMessage) & { readonly atMs: number };
  /** Present where the actor was created by this very record. */
  readonly input?: RunInput | TaskInput;
}

/** What one event does: nothing, with a code, or the next state and what it newly asks for. */
export type Decision =
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly reason: string }
  | {
      readonly kind: 'accepted';
      readonly state: RunState;
      /** Newly asked for by this record and still owed after it. */
      readonly effects: readonly KeyedEffect[];
      readonly deliveries: readonly Delivery[];
    };

type Action = { readonly type: string; readonly params?: unknown };
type Message = { readonly actor: string; readonly event: TaskMessage | RunMessage };

/** The step being taken: the only mutable thing here, never seen outside. */
interface Step {
  readonly runId: string;
  readonly seq: number;
  readonly atMs: number;
  run: RunSnapshot;
  tasks: Record<string, TaskSnapshot>;
  owed: KeyedEffect[];
  readonly asked: KeyedEffect[];
  readonly messages: Message[];
  readonly deliveries: Delivery[];
}

/** Decides on `input`; `state` is null before the first record, which only `packetReceived` can open. */
export function decide(runId: string, state: RunState | null, input: Input): Decision {
  if (state === null) return open(runId, input);
  if (input.actor === DRIVER_ACTOR) {
    return { kind: 'accepted', state: { ...state, seq: state.seq + 1 }, effects: [], deliveries: [] };
  }
  const { event } = input;
  if ('key' in event && !state.owed.some((effect) => effect.key === event.key && effect.actor === input.actor)) {
    return refuse('PAWL_EVENT_STALE', `${event.type} settles ${event.key}, which is not owed`);
  }
  const step = stepFrom(state, input.atMs);
  const taken = isRunInput(input)
    ? deliverToRun(step, input.event)
    : isTaskInput(input) && deliverToTask(step, input.actor, input.event);
  if (!taken)
    return refuse('PAWL_EVENT_REFUSED', `${event.type} is not taken by ${input.actor} ${placeOf(state, input.actor)}`);
  drain(step);
  return accept(step);
}

function open(runId: string, input: Input): Decision {
  const { event } = input;
  if (input.actor !== RUN_ACTOR || event.type !== 'packetReceived') {
    return refuse('PAWL_EVENT_REFUSED', `a run opens with packetReceived, not with ${event.type}`);
  }
  const runInput: RunInput = {
    runId,
    packetTaskId: event.taskId,
    packetHash: event.packetHash,
    packet: event.packet,
    surfaces: event.surfaces,
    branch: event.branch,
    policy: event.policy,
  };
  const [run, actions] = initialTransition(runMachine, runInput);
  const step: Step = {
    runId,
    seq: 1,
    atMs: input.atMs,
    run,
    tasks: {},
    owed: [],
    asked: [],
    messages: [],
    deliveries: [],
  };
  collect(step, RUN_ACTOR, actions);
  if (!deliverToRun(step, event, runInput)) return refuse('PAWL_EVENT_REFUSED', 'packetReceived was not taken');
  drain(step);
  return accept(step);
}

function stepFrom(state: RunState, atMs: number): Step {
  return {
    runId: state.runId,
    seq: state.seq + 1,
    atMs,
    run: state.run,
    tasks: { ...state.tasks },
    owed: [...state.owed],
    asked: [],
    messages: [],
    deliveries: [],
  };
}

function refuse(code: ErrorCode, reason: string): Decision {
  return { kind: 'refused', code, reason };
}

function accept(step: Step): Decision {
  const { runId, seq, run, tasks, owed } = step;
  const effects = step.asked.filter((effect) => owed.includes(effect));
  return { kind: 'accepted', state: { runId, seq, run, tasks, owed }, effects, deliveries: step.deliveries };
}

/** Whether the run machine took the event. A machine that is done takes nothing, whatever xstate would do. */
function deliverToRun(step: Step, event: RunEvent | TaskMessage, input?: RunInput): boolean {
  const from = step.run;
  if (from.status !== 'active') return false;
  const timed = { ...event, atMs: step.atMs };
  const actions: ExecutableActionObject[] = [];
  const next = runMachine.transition(from, timed, inertScope(actions));
  if (next === from) return false;
  step.run = next;
  step.deliveries.push(
    input === undefined ? { actor: RUN_ACTOR, event: timed } : { actor: RUN_ACTOR, event: timed, input },
  );
  collect(step, RUN_ACTOR, actions);
  return true;
}

function deliverToTask(step: Step, taskId: string, event: TaskEvent | RunMessage): boolean {
  const task = step.tasks[taskId];
  if (task === undefined || task.status !== 'active') return false;
  const timed = { ...event, atMs: step.atMs };
  const actions: ExecutableActionObject[] = [];
  const next = taskMachine.transition(task, timed, inertScope(actions));
  if (next === task) return false;
  step.tasks[taskId] = next;
  step.deliveries.push({ actor: taskId, event: timed });
  collect(step, taskId, actions);
  return true;
}

function drain(step: Step): void {
  for (let n = 0; ; n += 1) {
    const message = step.messages.shift();
    if (message === undefined) return;
    if (n >= BOUNDS.internalEventsPerRecord) throw new Error(`bug: record ${step.seq} does not come to rest`);
    if (isTaskMessage(message.event)) deliverToRun(step, message.event);
    else deliverToTask(step, message.actor, message.event);
  }
}

/** Turns the actions of one transition into effects, withdrawals, messages and new tasks; anything else is our bug. */
function collect(step: Step, actor: string, actions: readonly Action[]): void {
  for (const action of actions) {
    const params = isObject(action.params) ? action.params : {};
    if (isEffectKind(action.type)) ask(step, actor, { ...params, kind: action.type } as Effect);
    else if (action.type === 'withdraw') withdraw(step, actor, params);
    else if (action.type === 'openTask') openTask(step, params as { taskId: string; input: TaskInput });
    else if (action.type === 'tellTask') {
      step.messages.push({ actor: String(params.taskId), event: params.event as RunMessage });
    } else if (action.type === 'tellRun') step.messages.push({ actor: RUN_ACTOR, event: params.event as TaskMessage });
    else throw new Error(`bug: ${actor} asked for ${action.type}, which nobody performs`);
  }
}

function ask(step: Step, actor: string, effect: Effect): void {
  const key = `${step.runId}/${step.seq}.${step.asked.length}:${effect.kind}`;
  const keyed: KeyedEffect = { ...effect, key, actor };
  step.asked.push(keyed);
  step.owed.push(keyed);
}

function withdraw(step: Step, actor: string, params: Record<string, unknown>): void {
  const isMeant = (effect: KeyedEffect): boolean =>
    effect.actor === actor &&
    effect.kind === params.kind &&
    (params.id === undefined || (effect.kind === 'deadline' && effect.id === params.id));
  step.owed = step.owed.filter((effect) => !isMeant(effect));
}

function openTask(step: Step, params: { taskId: string; input: TaskInput }): void {
  const [task, actions] = initialTransition(taskMachine, params.input);
  if (step.tasks[params.taskId] !== undefined) throw new Error(`bug: task ${params.taskId} was opened twice`);
  step.tasks[params.taskId] = task;
  collect(step, params.taskId, actions);
}

function isEffectKind(type: string): type is Effect['kind'] {
  return (EFFECT_KINDS as readonly string[]).includes(type);
}

function isTaskMessage(event: TaskMessage | RunMessage): event is TaskMessage {
  return event.type === 'taskSettled' || event.type === 'taskDoubtful';
}

const DRIVER_EVENTS: readonly string[] = ['settlementRefused', 'agentNamed', 'commandRefused', 'runRehydrated'];
const TASK_EVENTS: readonly string[] = [
  'hostStartRepeated',
  'hostClaimed',
  'workerSpawned',
  'workerAdopted',
  'workerEnded',
  'hostDoubted',
  'completionReported',
];

function isTaskInput(input: Input): input is Input & { readonly event: TaskEvent } {
  return input.actor !== RUN_ACTOR && TASK_EVENTS.includes(input.event.type);
}

function isRunInput(input: Input): input is Input & { readonly event: RunEvent } {
  const { type } = input.event;
  return input.actor === RUN_ACTOR && !TASK_EVENTS.includes(type) && !DRIVER_EVENTS.includes(type);
}

function placeOf(state: RunState, actor: string): string {
  const snapshot: AnyMachineSnapshot | undefined = actor === RUN_ACTOR ? state.run : state.tasks[actor];
  if (snapshot === undefined) return '(which does not exist)';
  return `in ${JSON.stringify(snapshot.value)}${snapshot.status === 'active' ? '' : ` (${snapshot.status})`}`;
}

/** The names of actions that `collect` understands besides effects. */
export const RESOLVED_ACTIONS: readonly string[] = DRIVER_ACTIONS;
