/**
 * One system that lives in this process: its state, its journal, and the effects that are under way for it.
 *
 * Owns: the commit (decide → append + sync → apply → snapshot → perform), the system's one queue of truth.
 * Does not own: what an effect does (its performer), which systems are driven.
 *
 * Invariants: 1. L1: an effect starts only after the record that asks for it is synced. 2. The commit is synchronous: nothing of
 * this process comes between deciding and recording. 3. After a failed write the system is halted; after a failed sync the process stops.
 */
import { sha256 } from '../base/sha256.ts';
import { type Decision, type Delivery, decide } from '../kernel/decide.ts';
import { raised, rulesToRaise } from '../kernel/fold.ts';
import { snapshotOf, stateHash } from '../kernel/image.ts';
import type { AnyState, EffectIn, EventOf, StateOf, System } from '../kernel/system.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import { BOUNDS } from '../model/limits.ts';
import {
  DRIVER_ACTOR,
  FIRST_PREV,
  type PlainEvent,
  RECORD_VERSION,
  type SystemRecord,
} from '../model/system-record.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { Files } from '../store/files.ts';
import { sealRecord } from '../store/journal-lines.ts';
import { JournalWriter } from '../store/journal-writer.ts';
import { SnapshotStore } from '../store/snapshot.ts';
import { systemFailure } from '../store/store-errors.ts';
import { recordProblem } from './rehydrate-system.ts';

/** Where a system is kept, and who may write it. */
export interface SystemPlace {
  readonly files: Files;
  readonly clock: ClockPort;
  /** The lock of its registry. */
  readonly lock: { readonly generation: number; assertHighest(): void };
  /** Absolute path of its journal. */
  readonly journal: string;
  /** Absolute path of its snapshot. */
  readonly snapshot: string;
  readonly definitionHash: string;
}

/** Where a system stands when it begins to be driven. */
export interface SystemStart<State> {
  readonly systemId: string;
  readonly state: State | null;
  /** `sum` of the last record. */
  readonly sum: string;
  readonly journalSize: number;
  /** Sequence of the stored snapshot, 0 when there is none. */
  readonly snapshotSeq: number;
}

/** Why an event was not accepted. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** Performs one effect to its settlement, committing what it finds. Ends early when `signal` aborts. */
export type EffectPerformer<Effect> = (effect: Effect, signal: AbortSignal) => Promise<void>;

/** Who is told what becomes of a system. */
export interface SystemObserver<S extends System> {
  /** The record is durable and applied. */
  onCommit(record: SystemRecord<PlainEvent, EffectIn<S>>, deliveries: readonly Delivery[]): void;
  /** The system is halted in this process. */
  onFailure(error: unknown): void;
  /** An effect is not under way any more, settled or not. */
  onRest(): void;
}

/** The performing of one effect. */
interface UnderWay {
  readonly kind: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** One system while it is driven: its state is always that of its last durable record. */
export class LiveSystem<S extends System> {
  readonly systemId: string;
  readonly #system: S;
  readonly #place: SystemPlace;
  readonly #observer: SystemObserver<S>;
  readonly #writer: JournalWriter;
  readonly #snapshots: SnapshotStore;
  readonly #underWay = new Map<string, UnderWay>();
  /** Effects asked for by records of this very process: their first performance needs no second look. */
  readonly #fresh = new Set<string>();
  #state: StateOf<S> | null;
  #sum: string;
  #snapshotSeq: number;
  #perform: EffectPerformer<EffectIn<S>> | null = null;
  #isHeld = false;
  #fault: unknown = null;

  constructor(system: S, place: SystemPlace, start: SystemStart<StateOf<S>>, observer: SystemObserver<S>) {
    this.systemId = start.systemId;
    this.#system = system;
    this.#place = place;
    this.#observer = observer;
    this.#state = start.state;
    this.#sum = start.sum;
    this.#snapshotSeq = start.snapshotSeq;
    this.#writer = JournalWriter.open(place.files, place.journal, start.journalSize);
    this.#snapshots = new SnapshotStore(place.files, place.snapshot);
  }

  /** The committed state. Throws before the first record: our bug. */
  get state(): StateOf<S> {
    if (this.#state === null) throw new Error(`bug: ${this.systemId} has no record yet`);
    return this.#state;
  }

  /** `sum` of the last record. */
  get sum(): string {
    return this.#sum;
  }

  /** What halted the system in this process, or null. */
  get fault(): unknown {
    return this.#fault;
  }

  /** True when the effect was asked for in this process and not begun before: nobody else can have begun it. */
  takeFresh(key: string): boolean {
    return this.#fresh.delete(key);
  }

  isOwed(key: string): boolean {
    return this.#owed().some((effect) => effect.key === key);
  }

  isUnderWay(kind: EffectIn<S>['kind']): boolean {
    return [...this.#underWay.values()].some((each) => each.kind === kind);
  }

  /** Work of our own is under way, which ends by itself soon. */
  hasShortWork(): boolean {
    return this.#fault === null && this.#shortWork().length > 0;
  }

  /** An effect is under way, or will be begun when the system is no longer held: something will still happen in this process. */
  isAtWork(): boolean {
    return this.#isHeld || this.#underWay.size > 0;
  }

  /** The event is in the journal, synced, and applied; or it is refused and nothing has changed. */
  commit(actor: string, event: EventOf<S>): Refusal | null {
    if (this.#fault !== null) throw this.#fault;
    const atMs = this.#place.clock.nowMs();
    const decision = decide(this.#system, this.systemId, this.#state, { actor, event, atMs });
    if (decision.kind === 'refused') return { code: decision.code, reason: decision.reason };
    const problem = recordProblem(this.#system, { actor, event, effects: decision.effects }, this.#state);
    // Written, it would set the system aside at the next start.
    if (problem !== null) throw new Error(`bug: ${event.type} cannot be recorded: ${problem}`);
    this.#append(actor, event, atMs, decision);
    return null;
  }

  /** Commits the settlement of `effect`; one that came too late is recorded as such and changes nothing. */
  settle(effect: EffectIn<S>, event: EventOf<S>, whenLate: (code: ErrorCode) => EventOf<S> | null): boolean {
    const refusal = this.commit(effect.actor, event);
    if (refusal === null) return true;
    if (refusal.code !== 'PAWL_EVENT_STALE') throw new Error(`bug: ${this.systemId}: ${refusal.reason}`);
    const note = whenLate(refusal.code);
    if (note !== null) this.commit(DRIVER_ACTOR, note);
    return false;
  }

  /** From this record on the system stands under the present rules; nothing is recorded where it does already, or where it has ended. */
  raiseRules(): void {
    const state: AnyState = this.state;
    const event = rulesToRaise(this.#system, state);
    if (event === null || state.root.status !== 'active') return;
    const next = raised(this.#system, state);
    this.#append(DRIVER_ACTOR, event, this.#place.clock.nowMs(), {
      kind: 'accepted',
      state: next,
      effects: [],
      deliveries: [],
    });
  }

  /** Halts the system when the record, or what follows it in this process, fails: its state may be ahead of what anybody was told. */
  #append(actor: string, event: PlainEvent, atMs: number, decision: Accepted<StateOf<S>>): void {
    try {
      this.#record(actor, event, atMs, decision);
    } catch (error) {
      this.fail(error);
      throw this.#fault;
    }
  }

  #record(actor: string, event: PlainEvent, atMs: number, decision: Accepted<StateOf<S>>): void {
    const { lock } = this.#place;
    lock.assertHighest();
    const { record, line } = sealRecord({
      v: RECORD_VERSION,
      rules: decision.state.rules,
      seq: decision.state.seq,
      gen: lock.generation,
      atMs,
      actor,
      event,
      effects: effectsOf<S>(decision),
      post: stateHash(this.#system, decision.state, sha256),
      prev: this.#state === null ? FIRST_PREV : this.#sum,
    });
    this.#writer.append(line);
    this.#apply(record, decision);
  }

  #apply(record: SystemRecord<PlainEvent, EffectIn<S>>, decision: Accepted<StateOf<S>>): void {
    this.#state = decision.state;
    this.#sum = record.sum;
    for (const effect of record.effects) this.#fresh.add(effect.key);
    if (this.#isAtRest() || record.seq - this.#snapshotSeq >= BOUNDS.recordsPerSnapshot) this.saveSnapshot();
    this.#observer.onCommit(record, decision.deliveries);
    this.dispatch();
  }

  /** Nothing is owed but what takes its time. */
  #isAtRest(): boolean {
    const { root }: AnyState = this.state;
    return root.status !== 'active' || this.#owed().every(({ kind }) => this.#system.effects[kind]?.isRest === true);
  }

  /** The snapshot of the current state is stored. */
  saveSnapshot(): void {
    const state: AnyState | null = this.#state;
    if (state === null || this.#snapshotSeq === state.seq) return;
    this.#snapshots.write(snapshotOf(this.#system, state, this.#sum, this.#place.definitionHash));
    this.#snapshotSeq = state.seq;
  }

  /** From now on owed effects are performed as they are asked for. */
  start(perform: EffectPerformer<EffectIn<S>>): void {
    this.#perform = perform;
    this.dispatch();
  }

  /** Starts what is owed and not under way, and calls off what is under way and no longer owed. */
  dispatch(): void {
    if (this.#state === null || this.#fault !== null) return;
    for (const [key, { abort }] of this.#underWay) if (!this.isOwed(key)) abort.abort();
    if (this.#perform === null || this.#isHeld) return;
    for (const effect of this.#owed()) if (!this.#underWay.has(effect.key)) this.#begin(effect, this.#perform);
  }

  #begin(effect: EffectIn<S>, perform: EffectPerformer<EffectIn<S>>): void {
    const abort = new AbortController();
    const done = Promise.resolve()
      .then(() => (abort.signal.aborted ? undefined : perform(effect, abort.signal)))
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#underWay.delete(effect.key);
        this.#observer.onRest();
      });
    this.#underWay.set(effect.key, { kind: effect.kind, abort, done });
  }

  /** The system is halted in this process, and the observer is told why. */
  fail(error: unknown): void {
    if (this.#fault !== null) return;
    const fault = systemFailure(error);
    this.#fault = fault;
    for (const { abort } of this.#underWay.values()) abort.abort();
    this.#observer.onFailure(fault);
  }

  /** Does `body` while no short work of ours is under way for the system and none begins. */
  async quietly<T>(body: () => T): Promise<T> {
    this.#isHeld = true;
    try {
      await this.#settleShortWork();
      return body();
    } finally {
      this.#isHeld = false;
      this.dispatch();
    }
  }

  #owed(): readonly EffectIn<S>[] {
    const state: AnyState | null = this.#state;
    return state === null ? [] : effectsIn<S>(state);
  }

  #shortWork(): readonly UnderWay[] {
    return [...this.#underWay.values()].filter(({ kind }) => this.#system.effects[kind]?.waitsFor === 'nothing');
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
    this.#writer.close();
  }
}

type Accepted<State extends AnyState> = Extract<Decision<State>, { kind: 'accepted' }>;

/** What a system owes are effects of its own table. */
function effectsIn<S extends System>({ owed }: AnyState): readonly EffectIn<S>[] {
  return owed as readonly EffectIn<S>[];
}

function effectsOf<S extends System>({ effects }: { readonly effects: AnyState['owed'] }): readonly EffectIn<S>[] {
  return effects as readonly EffectIn<S>[];
}
