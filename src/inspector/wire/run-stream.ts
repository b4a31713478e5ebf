/**
 * The inspection messages of one run, made from its records one after the other.
 *
 * Owns: which messages a record comes to, and in which order. Does not own: reading records (hub/run-fold), sending.
 *
 * Invariants: 1. An actor's `@xstate.actor` comes before anything else of it. 2. Every event that a machine took is followed by the
 * snapshot after it; the last one of a record is the committed one.
 */

import { initialTransition } from 'xstate';
import { taskMachine } from '../../../machines/task/task.machine.ts';
import type { JsonObject } from '../../base/canonical-json.ts';
import { inertScope } from '../../kernel/inert-scope.ts';
import { type JournalRecord, RUN_ACTOR } from '../../model/record.ts';
import { machineOf, type RunDelivery, type RunSnapshot, type RunState, type TaskSnapshot } from '../../run/system.ts';
import { commonOf, definitionOf, type StatelyMessage, sessionIdOf } from './stately-message.ts';

type Snapshot = RunSnapshot | TaskSnapshot;

/** Follows one run and says what happens to its actors. */
export class RunStream {
  readonly #runId: string;
  readonly #emit: (message: StatelyMessage) => void;
  readonly #actors = new Map<string, Snapshot>();

  constructor(runId: string, emit: (message: StatelyMessage) => void) {
    this.#runId = runId;
    this.#emit = emit;
  }

  /** Says what this record has done: `state` is the run's after it, `deliveries` are what its machines took. */
  take({ atMs }: JournalRecord, state: RunState, deliveries: readonly RunDelivery[]): void {
    const last = new Map(deliveries.map(({ actor }, index) => [actor, index]));
    deliveries.forEach(({ actor, event, input }, index) => {
      if (input !== undefined) this.#open(actor, initialTransition(machineOf(actor), input)[0] as Snapshot, atMs);
      const before = this.#actors.get(actor);
      const committed = actor === RUN_ACTOR ? state.root : state.children[actor];
      if (before === undefined || committed === undefined)
        throw new Error(`bug: no actor ${actor} in record ${state.seq}`);
      const isLast = last.get(actor) === index;
      const after = isLast ? committed : (machineOf(actor).transition(before, event, inertScope([])) as Snapshot);
      this.#moved(actor, event, after, atMs);
      this.#openTasks(state, atMs);
    });
  }

  /** Tasks that this record has brought. */
  #openTasks(state: RunState, atMs: number): void {
    for (const [taskId, { context }] of Object.entries(state.children)) {
      if (!this.#actors.has(taskId)) this.#open(taskId, initialTransition(taskMachine, context)[0], atMs);
    }
  }

  #open(actor: string, snapshot: Snapshot, atMs: number): void {
    this.#actors.set(actor, snapshot);
    this.#emit({
      type: '@xstate.actor',
      name: actor === RUN_ACTOR ? this.#runId : actor,
      ...(actor === RUN_ACTOR ? {} : { parentId: sessionIdOf(this.#runId, RUN_ACTOR) }),
      definition: definitionOf(actor),
      snapshot: persisted(actor, snapshot),
      ...commonOf(this.#runId, actor, atMs),
    });
  }

  #moved(actor: string, event: RunDelivery['event'], after: Snapshot, atMs: number): void {
    this.#actors.set(actor, after);
    const common = commonOf(this.#runId, actor, atMs);
    const source = sourceOf(event);
    const plain: JsonObject = JSON.parse(JSON.stringify(event));
    this.#emit({
      type: '@xstate.event',
      ...(source === null ? {} : { sourceId: sessionIdOf(this.#runId, source) }),
      event: plain,
      ...common,
    });
    this.#emit({ type: '@xstate.snapshot', event: plain, snapshot: persisted(actor, after), ...common });
  }
}

/** The actor that a message comes from; null where it is an event from outside. */
function sourceOf(event: RunDelivery['event']): string | null {
  if (event.type === 'endRequested') return RUN_ACTOR;
  return event.type === 'taskSettled' || event.type === 'taskDoubtful' ? event.taskId : null;
}

/** XState's own persisted snapshot, as plain JSON that nobody shares. */
function persisted(actor: string, snapshot: Snapshot): JsonObject {
  return JSON.parse(JSON.stringify(machineOf(actor).getPersistedSnapshot(snapshot)));
}
