/**
 * A run and its tasks as a system of the kernel.
 *
 * Owns: that definition, and the types derived from it. Does not own: the machines, the events and effects (model), deciding and folding (kernel).
 */
import type { AnyStateMachine, SnapshotFrom } from 'xstate';
import { RUN_CONTEXT_DEFAULTS } from '../../machines/run/context.ts';
import { runMachine } from '../../machines/run/run.machine.ts';
import { TASK_CONTEXT_DEFAULTS } from '../../machines/task/context.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { type Decision, decide, type Input } from '../kernel/decide.ts';
import { type FoldOptions, fold, foldRecord, type Step } from '../kernel/fold.ts';
import { actorDefinition, defineSystem, type StateOf } from '../kernel/system.ts';
import { type KeyedEffect, RUN_EFFECTS } from '../model/effect.ts';
import {
  driverEventSchema,
  type JournalEvent,
  type RunEvent,
  type RunMessage,
  runEventSchema,
  type TaskEvent,
  type TaskMessage,
  taskEventSchema,
} from '../model/event.ts';
import { type JournalRecord, RUN_ACTOR, TASK_KIND } from '../model/record.ts';
import { type RunInput, runContextSchema } from '../model/run-context.ts';
import { type TaskInput, taskContextSchema } from '../model/task-context.ts';

/** The rules of runs: raised by every change under which an old journal would fold differently. */
export const RUN_RULES = 3;

/** A run with its tasks. Journals of rules 1 and 2 hold sentences in their state, so no later version can fold them. */
export const runSystem = defineSystem({
  kind: 'run',
  rules: RUN_RULES,
  root: {
    name: RUN_ACTOR,
    machine: runMachine,
    events: runEventSchema,
    context: runContextSchema,
    defaults: RUN_CONTEXT_DEFAULTS,
  },
  children: {
    [TASK_KIND]: {
      machine: taskMachine,
      events: taskEventSchema,
      context: taskContextSchema,
      defaults: TASK_CONTEXT_DEFAULTS,
    },
  },
  notes: driverEventSchema,
  effects: RUN_EFFECTS,
  open: {
    type: 'packetReceived',
    input: (runId, event) => {
      if (event.type !== 'packetReceived')
        throw new Error(`bug: a run opens with packetReceived, not with ${event.type}`);
      const { taskId: packetTaskId, packetHash, packet, surfaces, branch, policy } = event;
      return { runId, packetTaskId, packetHash, packet, surfaces, branch, policy };
    },
  },
});

/** The fold of a run's journal. */
export type RunState = StateOf<typeof runSystem>;
/** The run machine's snapshot. */
export type RunSnapshot = SnapshotFrom<typeof runMachine>;
/** The task machine's snapshot. */
export type TaskSnapshot = SnapshotFrom<typeof taskMachine>;
/** One event from outside, and the instant of its record. */
export type RunStep = Input<JournalEvent>;

/** An event as one machine of a run received it. */
export interface RunDelivery {
  readonly actor: string;
  readonly event: (RunEvent | TaskMessage | TaskEvent | RunMessage) & { readonly atMs: number };
  /** Present where the actor was created by this very record. */
  readonly input?: RunInput | TaskInput;
}

/** What one event does to a run: nothing, with a code, or the next state and what it newly asks for. */
export type RunDecision =
  | Extract<Decision, { kind: 'refused' }>
  | {
      readonly kind: 'accepted';
      readonly state: RunState;
      readonly effects: readonly KeyedEffect[];
      readonly deliveries: readonly RunDelivery[];
    };

/** Decides on a run's event; `state` is null before the first record. */
export function decideRun(runId: string, state: RunState | null, step: RunStep): RunDecision {
  // The kernel delivers only events and messages of these machines.
  return decide(runSystem, runId, state, step) as RunDecision;
}

/** The state of a run after one more record of its journal. */
export type RunFolding = Exclude<Step<RunState>, { kind: 'taken' }> | TakenRecord;
interface TakenRecord {
  readonly kind: 'taken';
  readonly state: RunState;
  readonly deliveries: readonly RunDelivery[];
}

/** The state of a run after `record`, which a reader has verified as the next one; `state` is null before the first. Never throws for what a record holds. */
export function foldRunRecord(
  runId: string,
  state: RunState | null,
  record: JournalRecord,
  options: FoldOptions,
): RunFolding {
  return foldRecord(runSystem, runId, state, record, options) as RunFolding;
}

/** Called for every record that was folded. */
export type OnRunRecord = (record: JournalRecord, state: RunState, deliveries: readonly RunDelivery[]) => void;

/** The state that a run's records fold to, or the record at which they contradict the machines. */
export function foldRun(
  runId: string,
  records: readonly JournalRecord[],
  { hash, onRecord }: FoldOptions & { readonly onRecord?: OnRunRecord },
): Exclude<RunFolding, TakenRecord> | { readonly kind: 'whole'; readonly state: RunState | null } {
  // The kernel passes on only records and deliveries of these machines.
  const told = onRecord as Parameters<typeof fold<typeof runSystem>>[3]['onRecord'];
  return fold(runSystem, runId, records, { hash, ...(told === undefined ? {} : { onRecord: told }) });
}

/** The definition of an actor, by its name. */
export function definitionOf(actor: string) {
  return actorDefinition(runSystem, actor, {});
}

/** The machine of an actor, by its name. */
export function machineOf(actor: string): AnyStateMachine {
  return definitionOf(actor).machine;
}
