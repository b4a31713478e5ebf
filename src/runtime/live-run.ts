/**
 * One run that lives in this process: its state, its journal, and the effects that are under way for it.
 *
 * Owns: the commit (decide → append + sync → apply → snapshot → perform), the run's one queue of truth.
 * Does not own: what an effect does (runtime/perform), which runs are driven (runtime/driver).
 *
 * Invariants: 1. L1: an effect starts only after the record that asks for it is synced. 2. The commit is synchronous: nothing of
 * this process comes between deciding and recording. 3. After a failed write the run stands still; after a failed sync the process stops.
 */
import { MACHINE_VERSION } from '../../machines/effects.ts';
import { sha256 } from '../base/sha256.ts';
import { agentAfter } from '../core/agent-override.ts';
import { type Decision, decide, type RunState } from '../core/decide.ts';
import { hasEnded } from '../core/run-end.ts';
import { snapshotOf, stateHash } from '../core/state-image.ts';
import { type KeyedEffect, RUN_EFFECTS } from '../model/effect.ts';
import type { PawlError } from '../model/error.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import {
  driverEventSchema,
  type IntakeOrder,
  type JournalEvent,
  runEventSchema,
  taskEventSchema,
} from '../model/event.ts';
import { BOUNDS } from '../model/limits.ts';
import { type JournalRecord, RUN_ACTOR } from '../model/record.ts';
import { DRIVER_ACTOR, FIRST_PREV, RECORD_VERSION } from '../model/system-record.ts';
import { sealRecord } from '../store/journal-lines.ts';
import { JournalWriter } from '../store/journal-writer.ts';
import { SnapshotStore } from '../store/snapshot.ts';
import { systemFailure } from '../store/store-errors.ts';
import { Mirror } from './mirror.ts';
import type { World } from './world.ts';

/** The performing of one effect. */
interface UnderWay {
  readonly kind: KeyedEffect['kind'];
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Why an event was not taken. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Performs one effect to its settlement, committing what it finds. Ends early when `signal` aborts. */
export type Performer = (run: LiveRun, effect: KeyedEffect, signal: AbortSignal) => Promise<void>;

/** Where a run stands when it begins to be driven. */
export interface LiveRunStart {
  readonly runId: string;
  readonly state: RunState | null;
  /** `sum` of the last record. */
  readonly sum: string;
  readonly journalSize: number;
  /** Sequence of the stored snapshot, 0 when there is none. */
  readonly snapshotSeq: number;
  /** Where the run stands among the others. */
  readonly order: IntakeOrder;
  /** What `--agent` named for it last; null where it named none, absent before the first record. */
  readonly agentOverride?: string | null;
}

/** What the run tells the driver. */
export interface LiveRunObserver {
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
  readonly #observer: LiveRunObserver;
  readonly #writer: JournalWriter;
  readonly #snapshots: SnapshotStore;
  readonly #underWay = new Map<string, UnderWay>();
  /** Effects asked for by records of this very process: their first performance needs no second look. */
  readonly #fresh = new Set<string>();
  /** Tasks of which nothing is left, as this process has seen: that cannot change any more. */
  readonly goneTasks = new Set<string>();
  #state: RunState | null;
  #sum: string;
  #agentOverride: string | null;
  #snapshotSeq: number;
  #mirror: Mirror | null = null;
  #perform: Performer | null = null;
  #isHeld = false;
  #fault: unknown = null;

  constructor(world: World, start: LiveRunStart, observer: LiveRunObserver) {
    this.runId = start.runId;
    this.world = world;
    this.order = start.order;
    this.#observer = observer;
    this.#state = start.state;
    this.#sum = start.sum;
    this.#agentOverride = start.agentOverride ?? null;
    this.#snapshotSeq = start.snapshotSeq;
    this.#writer = JournalWriter.open(world.files, world.paths.journal(start.runId), start.journalSize);
    this.#snapshots = new SnapshotStore(world.files, world.paths.snapshot(start.runId));
    if (world.inspector !== null) this.#mirror = new Mirror(world.inspector.inspect, start.state);
  }

  /** Nothing of it moves or is held any more. */
  get hasEnded(): boolean {
    return hasEnded(this.state.run);
  }

  /** The committed state. Throws before the first record: our bug. */
  get state(): RunState {
    if (this.#state === null) throw new Error(`bug: ${this.runId} has no record yet`);
    return this.#state;
  }

  get sum(): string {
    return this.#sum;
  }

  /** What `--agent` named for it last; null where it named none. */
  get agentOverride(): string | null {
    return this.#agentOverride;
  }

  /** What made the run stand still in this process, or null. */
  get fault(): unknown {
    return this.#fault;
  }

  get folder(): string {
    return this.world.paths.run(this.runId);
  }

  /** True when the effect was asked for in this process and not begun before: nobody else can have begun it. */
  takeFresh(key: string): boolean {
    return this.#fresh.delete(key);
  }

  isOwed(key: string): boolean {
    return this.#state?.owed.some((effect) => effect.key === key) ?? false;
  }

  isUnderWay(kind: KeyedEffect['kind']): boolean {
    return [...this.#underWay.values()].some((each) => each.kind === kind);
  }

  /** Work of our own is under way, which ends by itself soon. */
  hasShortWork(): boolean {
    return this.#fault === null && this.#shortWork().length > 0;
  }

  /** An effect is under way, or will be begun when the run is no longer held: something will still happen in this process. */
  isAtWork(): boolean {
    return this.#isHeld || this.#underWay.size > 0;
  }

  /** The event is in the journal, synced, and applied; or it is refused and nothing has changed. */
  commit(actor: string, event: JournalEvent): Refusal | null {
    if (this.#fault !== null) throw this.#fault;
    const { world } = this;
    const atMs = world.clock.nowMs();
    const decision = decide(this.runId, this.#state, { actor, event, atMs });
    if (decision.kind === 'refused') return { code: decision.code, reason: decision.reason };
    assertRecordable(actor, event);
    world.lock.assertHighest();
    const { record, line } = sealRecord({
      v: RECORD_VERSION,
      rules: MACHINE_VERSION,
      seq: decision.state.seq,
      gen: world.lock.generation,
      atMs,
      actor,
      event,
      effects: decision.effects,
      post: stateHash(decision.state, sha256),
      prev: this.#state === null ? FIRST_PREV : this.#sum,
    });
    this.#writer.append(line);
    this.#apply(record, decision);
    return null;
  }

  /** Commits the settlement of `effect`; one that came too late is recorded as such and changes nothing. */
  settle(effect: KeyedEffect, event: JournalEvent): boolean {
    const refusal = this.commit(effect.actor, event);
    if (refusal === null) return true;
    if (refusal.code !== 'PAWL_EVENT_STALE') throw new Error(`bug: ${this.runId}: ${refusal.reason}`);
    this.commit(DRIVER_ACTOR, {
      type: 'settlementRefused',
      code: refusal.code,
      settlement: event.type,
      key: effect.key,
    });
    return false;
  }

  #apply(record: JournalRecord, decision: Extract<Decision, { kind: 'accepted' }>): void {
    this.#state = decision.state;
    this.#sum = record.sum;
    this.#agentOverride = agentAfter(this.#agentOverride, record.event);
    for (const effect of decision.effects) this.#fresh.add(effect.key);
    this.#mirror?.feed(decision.deliveries, decision.state);
    if (this.#isAtRest() || record.seq - this.#snapshotSeq >= BOUNDS.recordsPerSnapshot) this.saveSnapshot();
    this.#observer.onCommit(this, record);
    this.dispatch();
  }

  /** It waits for the clock, another run or nothing more; a snapshot for the wait for a worker is stored by whoever watches it. */
  #isAtRest(): boolean {
    const { run, owed } = this.state;
    return hasEnded(run) || owed.every(({ kind }) => RUN_EFFECTS[kind].isRest);
  }

  /** The snapshot of the current state is stored. */
  saveSnapshot(): void {
    if (this.#state === null || this.#snapshotSeq === this.#state.seq) return;
    this.#snapshots.write(snapshotOf(this.#state, this.#sum, this.world.definitionHash));
    this.#snapshotSeq = this.#state.seq;
  }

  /** From now on owed effects are performed as they are asked for. */
  start(perform: Performer): void {
    this.#perform = perform;
    this.dispatch();
  }

  /** Starts what is owed and not under way, and calls off what is under way and no longer owed. */
  dispatch(): void {
    if (this.#state === null || this.#fault !== null) return;
    for (const [key, { abort }] of this.#underWay) if (!this.isOwed(key)) abort.abort();
    if (this.#perform === null || this.#isHeld) return;
    for (const effect of this.#state.owed) if (!this.#underWay.has(effect.key)) this.#begin(effect, this.#perform);
  }

  #begin(effect: KeyedEffect, perform: Performer): void {
    const abort = new AbortController();
    const done = Promise.resolve()
      .then(() => (abort.signal.aborted ? undefined : perform(this, effect, abort.signal)))
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#underWay.delete(effect.key);
        this.#observer.onRest(this);
      });
    this.#underWay.set(effect.key, { kind: effect.kind, abort, done });
  }

  /** The run stands still in this process, and the driver is told why. */
  fail(error: unknown): void {
    if (this.#fault !== null) return;
    const fault = systemFailure(error);
    this.#fault = fault;
    for (const { abort } of this.#underWay.values()) abort.abort();
    this.#observer.onFailure(this, fault);
  }

  /** Does `deed` while no short work of ours is under way for the run and none begins. */
  async quietly<T>(deed: () => T): Promise<T> {
    this.#isHeld = true;
    try {
      await this.#settleShortWork();
      return deed();
    } finally {
      this.#isHeld = false;
      this.dispatch();
    }
  }

  #shortWork(): readonly UnderWay[] {
    return [...this.#underWay.values()].filter(({ kind }) => RUN_EFFECTS[kind].waitsFor === 'nothing');
  }

  #settleShortWork(): Promise<unknown> {
    return Promise.all(this.#shortWork().map((each) => each.done));
  }

  /** Nothing is begun any more; resolves when what is under way has ended or was called off. Stores the snapshot. */
  async stop(): Promise<void> {
    this.#perform = null;
    await this.#settleShortWork();
    const rest = [...this.#underWay.values()];
    for (const { abort } of rest) abort.abort();
    await Promise.all(rest.map((each) => each.done));
    if (this.#fault === null) this.saveSnapshot();
    this.#mirror?.stop();
    this.#writer.close();
  }
}

/** True for a failure that makes one run stand still, false for one that ends the work of the whole process. */
export function stopsOneRun({ code }: PawlError): boolean {
  return code !== 'PAWL_STORE_SYNC_FAILED' && code !== 'PAWL_REGISTRY_LOCKED';
}

/** Throws on an event that a reader would refuse: written, it would set the run aside at the next start. */
function assertRecordable(actor: string, event: JournalEvent): void {
  const schema = actor === RUN_ACTOR ? runEventSchema : actor === DRIVER_ACTOR ? driverEventSchema : taskEventSchema;
  const checked = schema.safeParse(event);
  if (!checked.success) throw new Error(`bug: ${event.type} cannot be recorded: ${checked.error.message}`);
}
