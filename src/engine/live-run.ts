/**
 * One run that lives in this process: a live system, with what the driver and the run's effects remember about it.
 *
 * Owns: what is remembered beside the state, the run's mirror. Does not own: the commit (engine/live-system), what an effect does (engine/effects/perform),
 * which runs are driven (engine/driver).
 */
import { persist } from '../kernel/image.ts';
import type { CommandDecision } from '../model/command.ts';
import type { KeyedEffect } from '../model/effect.ts';
import type { PawlError } from '../model/error.ts';
import type { IntakeOrder, JournalEvent } from '../model/event.ts';
import type { JournalRecord } from '../model/record.ts';
import type { Journal } from '../ports/journal.ts';
import { agentAfter } from '../run/agent-override.ts';
import { type DecidedCommands, noteDecision, recordedCommand } from '../run/decided-commands.ts';
import { hasEnded } from '../run/run-end.ts';
import { type RunView, viewOf } from '../run/run-view.ts';
import { type RunDelivery, type RunState, runSystem } from '../run/system.ts';
import { LiveSystem, type Refusal, type Submitted } from './live-system.ts';
import { Mirror } from './mirror.ts';
import { openJournal, type SystemPlace } from './system-place.ts';
import type { World } from './world.ts';

/** Performs one effect to its settlement, committing what it finds. Ends early when `signal` aborts. */
export type Performer = (run: LiveRun, effect: KeyedEffect, signal: AbortSignal) => Promise<void>;

/** The state of a run when it begins to be driven. */
export interface LiveRunStart {
  readonly runId: string;
  readonly state: RunState | null;
  /** `sum` of the last record. */
  readonly sum: string;
  /** Bytes in the journal. */
  readonly journalEnd: number;
  /** Sequence of the stored snapshot, 0 when there is none. */
  readonly snapshotSeq: number;
  /** The run's place in the order of all runs. */
  readonly order: IntakeOrder;
  /** The agent that `--agent` named for it last; null where it named none, absent before the first record. */
  readonly agentOverride?: string | null;
  /** The commands that its records decide; absent before the first record. */
  readonly decided?: DecidedCommands;
}

/** What the run reports to the driver. */
export interface LiveRunObserver {
  /** The view of the run is asked for after every record. */
  readonly showsRuns?: boolean;
  onCommit(run: LiveRun, record: JournalRecord): void;
  onFailure(run: LiveRun, error: unknown): void;
  /** An effect is not under way any more, settled or not. */
  onRest(run: LiveRun): void;
}

/** One run while it is driven: its state is always that of its last durable record. */
export class LiveRun {
  readonly runId: string;
  readonly world: World;
  readonly order: IntakeOrder;
  /** Tasks of which this process has seen that nothing is left: that cannot change any more. */
  readonly goneTasks = new Set<string>();
  readonly #live: LiveSystem<typeof runSystem>;
  readonly #observer: LiveRunObserver;
  readonly #mirror: Mirror | null;
  readonly #decided: DecidedCommands;
  #agentOverride: string | null;

  private constructor(
    world: World,
    start: LiveRunStart,
    { place, journal }: { readonly place: SystemPlace; readonly journal: Journal },
    observer: LiveRunObserver,
  ) {
    const { runId } = start;
    this.runId = runId;
    this.world = world;
    this.order = start.order;
    this.#observer = observer;
    this.#agentOverride = start.agentOverride ?? null;
    this.#decided = start.decided ?? new Map();
    this.#live = new LiveSystem(runSystem, place, { ...start, systemId: runId }, journal, {
      onCommit: (record, deliveries) => this.#noteCommit(record as JournalRecord, deliveries as readonly RunDelivery[]),
      onFailure: (error) => observer.onFailure(this, error),
      onRest: () => observer.onRest(this),
      ...(observer.showsRuns === true && { onDecided: workAhead }),
      elsewhere: { settle: () => world.inbox.file(runId), settled: () => world.inbox.filed(runId) },
    });
    this.#mirror = world.inspector === null ? null : new Mirror(world.inspector.inspect, start.state);
  }

  /** The run at its journal's end, performing nothing yet. */
  static async open(world: World, start: LiveRunStart, observer: LiveRunObserver): Promise<LiveRun> {
    const { clock, lock, definitionHash, systemStore } = world;
    const place = { store: systemStore(start.runId), clock, generation: lock.generation, definitionHash };
    return new LiveRun(world, start, { place, journal: await openJournal(place, start) }, observer);
  }

  #noteCommit(record: JournalRecord, deliveries: readonly RunDelivery[]): void {
    this.#agentOverride = agentAfter(this.#agentOverride, record.event);
    noteDecision(this.#decided, record);
    const recorded = recordedCommand(this.runId, record);
    if (recorded !== null) this.world.inbox.remember(recorded);
    this.#mirror?.feed(deliveries, this.state);
    this.#observer.onCommit(this, record);
  }

  /** The committed state. Throws before the first record: our bug. */
  get state(): RunState {
    return this.#live.state;
  }

  get sum(): string {
    return this.#live.sum;
  }

  /** What `--agent` named for it last; null where it named none. */
  get agentOverride(): string | null {
    return this.#agentOverride;
  }

  /** The decision on a command that a record of the run holds; null where none does. */
  decisionOn(commandId: string): CommandDecision | null {
    return this.#decided.get(commandId) ?? null;
  }

  /** What halted the run in this process, or null. */
  get fault(): unknown {
    return this.#live.fault;
  }

  /** Nothing of it moves or is held any more; a person may still make it continue. */
  get hasEnded(): boolean {
    return hasEnded(this.state.root);
  }

  get folder(): string {
    return this.world.paths.run(this.runId);
  }

  /** True when the effect was asked for in this process and not begun before: nobody else can have begun it. */
  takeFresh(key: string): boolean {
    return this.#live.takeFresh(key);
  }

  isOwed(key: string): boolean {
    return this.#live.isOwed(key);
  }

  isUnderWay(kind: KeyedEffect['kind']): boolean {
    return this.#live.isUnderWay(kind);
  }

  /** Work of our own, which ends by itself soon, is under way. */
  hasShortWork(): boolean {
    return this.#live.hasShortWork();
  }

  /** An effect is under way, or will be begun when the run is no longer held: something will still happen in this process. */
  isAtWork(): boolean {
    return this.#live.isAtWork();
  }

  /** The event is in the journal, synced, and applied; or it is refused and nothing has changed. */
  commit(actor: string, event: JournalEvent): Promise<Refusal | null> {
    return this.#live.commit(actor, event);
  }

  /** Like `commit`, with the record's place. */
  submit(actor: string, event: JournalEvent): Promise<Submitted> {
    return this.#live.submit(actor, event);
  }

  /** Commits the settlement of `effect`; one that came too late is recorded as such and changes nothing. */
  settle(effect: KeyedEffect, event: JournalEvent): Promise<boolean> {
    const { key } = effect;
    return this.#live.settle(effect, event, (code) => ({
      type: 'settlementRefused',
      code,
      settlement: event.type,
      key,
    }));
  }

  /** The snapshot of the current state is stored. */
  saveSnapshot(): Promise<void> {
    return this.#live.saveSnapshot();
  }

  /** The run is under the current rules from now on, by a record of its own; nothing is recorded if it already is. */
  raiseRules(): Promise<void> {
    return this.#live.raiseRules();
  }

  /** From now on owed effects are performed as they are asked for. */
  start(perform: Performer): void {
    this.#live.start((effect, signal) => perform(this, effect, signal));
  }

  /** Halts the run in this process and tells the driver why. */
  fail(error: unknown): void {
    this.#live.fail(error);
  }

  /** Runs `body` while no short work of ours is under way for the run and none begins; one body after another, in the order of the calls. */
  quietly<T>(body: () => Promise<T>): Promise<T> {
    return this.#live.quietly(body);
  }

  /** Nothing is begun any more; resolves when what is under way has ended or was cancelled. Stores the snapshot. */
  async stop(): Promise<void> {
    await this.#live.stop();
    this.#mirror?.stop();
  }
}

/** True for a failure that halts one run, false for one that ends the work of the whole process. */
export function stopsOneRun({ code }: PawlError): boolean {
  return code !== 'PAWL_STORE_SYNC_FAILED' && code !== 'PAWL_REGISTRY_LOCKED';
}

/** The view of the run as it is here; `updatedAtMs`: when it recorded something last, null where that is not known. */
export function liveView({ runId, state, agentOverride }: LiveRun, updatedAtMs: number | null): RunView {
  return viewOf(runId, actorsOf(state), { seq: state.seq, updatedAtMs, agentOverride });
}

const ahead = new WeakMap<RunState, RunActors>();
type RunActors = ReturnType<typeof persist>['actors'];

/** The view of that state will be asked for once: the longest part of it is made now. */
function workAhead(state: RunState): void {
  ahead.set(state, persist(runSystem, state).actors);
}

/** The actors of a state as they are persisted. */
function actorsOf(state: RunState): RunActors {
  const made = ahead.get(state);
  ahead.delete(state);
  return made ?? persist(runSystem, state).actors;
}
