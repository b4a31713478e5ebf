/**
 * One system that lives in this process: its state, its journal, and the effects that are under way for it.
 *
 * Owns: the commit (decide → append + sync → apply → snapshot → perform), the system's one queue of truth.
 * Does not own: what an effect does (its performer), where the system is kept (ports/journal), which systems are driven.
 *
 * Invariants: 1. L1: an effect starts only after the record that asks for it is durable. 2. Events are decided one after another, each on the state that the one
 * before it led to, durable or not; they become durable, are applied and are reported in that order. 3. Nothing is reported, neither a refusal nor a
 * record, that depends on something that is not durable. 4. After a failed write the system is halted; after a failed sync the process stops.
 */
import { SerialQueue } from '../base/serial-queue.ts';
import { sha256 } from '../base/sha256.ts';
import { type Decision, type Delivery, decide } from '../kernel/decide.ts';
import { raised, rulesToRaise } from '../kernel/fold.ts';
import { stateHash } from '../kernel/image.ts';
import type { AnyState, EffectIn, EventOf, StateOf, System } from '../kernel/system.ts';
import type { ErrorCode } from '../model/error-codes.ts';
import {
  DRIVER_ACTOR,
  FIRST_PREV,
  type PlainEvent,
  RECORD_VERSION,
  type SystemRecord,
} from '../model/system-record.ts';
import type { Journal } from '../ports/journal.ts';
import { sealRecord } from '../store/journal-lines.ts';
import { systemFailure } from '../store/store-errors.ts';
import { recordProblem } from './rehydrate-system.ts';
import { type Committed, type Elsewhere, SnapshotKeeper } from './snapshot-keeper.ts';
import type { SystemPlace, SystemStart } from './system-place.ts';
import { type EffectPerformer, UnderWay } from './under-way.ts';

/** Why an event was not accepted. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly reason: string;
}

/** The outcome of an event. */
export interface Submitted {
  /** Why it was not accepted; null when it was. */
  readonly refusal: Refusal | null;
  /** Sequence of its record, or of the last record if it was refused. */
  readonly seq: number;
}

/** Callbacks about a system. */
export interface SystemObserver<S extends System> {
  /** It is decided and not durable yet: there is time to work ahead, and nobody may be told. */
  onDecided?(state: StateOf<S>): void;
  /** The record is durable and applied. */
  onCommit(record: SystemRecord<PlainEvent, EffectIn<S>>, deliveries: readonly Delivery[]): void;
  /** The system is halted in this process. */
  onFailure(error: unknown): void;
  /** An effect is not under way any more, settled or not. */
  onRest(): void;
  /** What its records say is kept elsewhere, too, before a snapshot of them is stored; absent where nothing is. */
  readonly elsewhere?: Elsewhere;
}

/** One system while it is driven: its state is always that of its last durable record. */
export class LiveSystem<S extends System> {
  readonly systemId: string;
  readonly #system: S;
  readonly #place: SystemPlace;
  readonly #observer: SystemObserver<S>;
  readonly #journal: Journal;
  readonly #underWay: UnderWay<EffectIn<S>>;
  /** Effects that records of this process asked for: their first performance needs no check for an earlier one. */
  readonly #fresh = new Set<string>();
  #state: StateOf<S> | null;
  #sum: string;
  /** The state of the system once everything that was decided is durable. */
  #head: Head<StateOf<S>>;
  /** Settles when everything that was decided is durable and applied, or the system is halted. */
  #applied: Promise<void> = Promise.resolve();
  readonly #snapshot: SnapshotKeeper;
  #perform: EffectPerformer<EffectIn<S>> | null = null;
  readonly #quiet = new SerialQueue();
  #isHeld = false;
  #fault: unknown = null;

  /** The system at its journal's end, performing nothing yet. `journal` is open there (engine/system-place: openJournal). */
  constructor(
    system: S,
    place: SystemPlace,
    start: SystemStart<StateOf<S>>,
    journal: Journal,
    observer: SystemObserver<S>,
  ) {
    this.systemId = start.systemId;
    this.#system = system;
    this.#place = place;
    this.#observer = observer;
    this.#state = start.state;
    this.#sum = start.sum;
    this.#head = { state: start.state, sum: start.sum };
    this.#journal = journal;
    const { store, definitionHash } = place;
    const fail = (error: unknown): void => this.fail(error);
    const calls = { ...observer.elsewhere, fail };
    this.#snapshot = new SnapshotKeeper(system, store.snapshots, definitionHash, start.snapshotSeq, calls);
    this.#underWay = new UnderWay(fail, () => observer.onRest());
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

  /** The effect is owed by a durable record, and nothing that was decided since has settled it. */
  isOwed(key: string): boolean {
    return this.#owed().some((effect) => effect.key === key);
  }

  isUnderWay(kind: EffectIn<S>['kind']): boolean {
    return this.#underWay.hasAny((each) => each === kind);
  }

  /** Work of our own, which ends by itself soon, is under way. */
  hasShortWork(): boolean {
    return this.#fault === null && this.#underWay.hasAny(this.#isShort);
  }

  /** An effect is under way, or will be begun when the system is no longer held, or a record is: something will still happen in this process. */
  isAtWork(): boolean {
    return this.#isHeld || !this.#underWay.isEmpty || this.#head.state !== this.#state;
  }

  /**
   * Null: the event is in the journal, durable, and applied, and the snapshot that was due then is stored. Otherwise it was refused, for the reason that this
   * resolves to, and nothing has changed.
   */
  async commit(actor: string, event: EventOf<S>): Promise<Refusal | null> {
    return (await this.submit(actor, event, true)).refusal;
  }

  /** Like `commit`, with the record's place, and decided at once; without `awaitsSnapshot` only the observer is told where the snapshot cannot be stored. */
  async submit(actor: string, event: EventOf<S>, awaitsSnapshot = false): Promise<Submitted> {
    if (this.#fault !== null) throw this.#fault;
    const atMs = this.#place.clock.nowMs();
    const before = this.#head.state;
    const decision = decide(this.#system, this.systemId, before, { actor, event, atMs });
    if (decision.kind === 'refused') {
      await this.#applied;
      if (this.#fault !== null) throw this.#fault;
      return { refusal: { code: decision.code, reason: decision.reason }, seq: this.#seq() };
    }
    const problem = recordProblem(this.#system, { actor, event, effects: decision.effects }, before);
    // If it were written, the next start would set the system aside.
    if (problem !== null) throw new Error(`bug: ${event.type} cannot be recorded: ${problem}`);
    await this.#append(actor, event, atMs, decision, awaitsSnapshot);
    return { refusal: null, seq: decision.state.seq };
  }

  /** Why the schema of the actor refuses the event, after everything decided so far; null when it does not. */
  eventProblem(actor: string, event: PlainEvent): string | null {
    return recordProblem(this.#system, { actor, event, effects: [] }, this.#head.state);
  }

  #seq(): number {
    const state: AnyState | null = this.#state;
    return state?.seq ?? 0;
  }

  /** Commits the settlement of `effect`; one that came too late is recorded as such and changes nothing. Resolves to whether it came in time. */
  async settle(
    effect: EffectIn<S>,
    event: EventOf<S>,
    whenLate: (code: ErrorCode) => EventOf<S> | null,
  ): Promise<boolean> {
    const refusal = await this.commit(effect.actor, event);
    if (refusal === null) return true;
    if (refusal.code !== 'PAWL_EVENT_STALE') throw new Error(`bug: ${this.systemId}: ${refusal.reason}`);
    const note = whenLate(refusal.code);
    if (note !== null) await this.commit(DRIVER_ACTOR, note);
    return false;
  }

  /** From this record on the system is under the current rules; nothing is recorded if it already is, or if all of its actors have ended. */
  async raiseRules(): Promise<void> {
    const state: AnyState = this.#head.state ?? this.state;
    const event = rulesToRaise(this.#system, state);
    const isActive = [state.root, ...Object.values(state.children)].some(({ status }) => status === 'active');
    if (event === null || !isActive) return;
    const next = raised(this.#system, state);
    const accepted = { kind: 'accepted', state: next, effects: [], deliveries: [] } as const;
    await this.#append(DRIVER_ACTOR, event, this.#place.clock.nowMs(), accepted, true);
  }

  /**
   * The decision becomes the head at once, and the state once it is durable. Resolves then. Halts the system when the record, or what follows it in this process, fails: its
   * state may be ahead of what anybody was told.
   */
  async #append(
    actor: string,
    event: PlainEvent,
    atMs: number,
    decision: Accepted<StateOf<S>>,
    awaitsSnapshot: boolean,
  ): Promise<void> {
    const record = this.#seal(actor, event, atMs, decision);
    const before: AnyState | null = this.#head.state;
    const durable = this.#journal.append(before?.seq ?? 0, this.#place.generation, record);
    this.#head = { state: decision.state, sum: record.record.sum };
    this.#observer.onDecided?.(decision.state);
    const applied = durable
      .then(() => this.#apply(record.record, decision))
      .catch((error: unknown) => this.fail(error));
    this.#applied = applied;
    await applied;
    if (this.#fault !== null) throw this.#fault;
    if (!this.#snapshot.isDueAt(decision.state)) return;
    if (awaitsSnapshot) await this.saveSnapshot();
    else setImmediate(() => void this.#snapshot.saveLater(this.#committed));
  }

  #seal(actor: string, event: PlainEvent, atMs: number, decision: Accepted<StateOf<S>>) {
    return sealRecord({
      v: RECORD_VERSION,
      rules: decision.state.rules,
      seq: decision.state.seq,
      gen: this.#place.generation,
      atMs,
      actor,
      event,
      effects: effectsOf<S>(decision),
      post: stateHash(this.#system, decision.state, sha256),
      prev: this.#head.state === null ? FIRST_PREV : this.#head.sum,
    });
  }

  #apply(record: SystemRecord<PlainEvent, EffectIn<S>>, decision: Accepted<StateOf<S>>): void {
    if (this.#fault !== null) return;
    this.#state = decision.state;
    this.#sum = record.sum;
    for (const effect of record.effects) this.#fresh.add(effect.key);
    this.#observer.onCommit(record, decision.deliveries);
    this.dispatch();
  }

  /** Stores a snapshot of the current state, or of a later one. Halts the system if that fails. */
  async saveSnapshot(): Promise<void> {
    await this.#snapshot.save(this.#committed);
    if (this.#fault !== null) throw this.#fault;
  }

  /** What a snapshot may be stored of: nothing of a system that is halted. */
  readonly #committed = (): Committed => ({ state: this.#fault === null ? this.#state : null, sum: this.#sum });

  /** From now on owed effects are performed as they are asked for. */
  start(perform: EffectPerformer<EffectIn<S>>): void {
    this.#perform = perform;
    this.dispatch();
  }

  /** Starts what is owed and not under way, and cancels what is under way and no longer owed. */
  dispatch(): void {
    if (this.#state === null || this.#fault !== null) return;
    this.#underWay.callOff((key) => this.isOwed(key));
    if (this.#perform === null || this.#isHeld) return;
    for (const effect of this.#owed()) if (!this.#underWay.has(effect.key)) this.#underWay.begin(effect, this.#perform);
  }

  /** Halts the system in this process and tells the observer why. */
  fail(error: unknown): void {
    if (this.#fault !== null) return;
    const fault = systemFailure(error);
    this.#fault = fault;
    this.#underWay.callOff();
    this.#observer.onFailure(fault);
  }

  /** Runs `body` while no short work of ours is under way for the system and none begins; one body after another, in the order of the calls. */
  quietly<T>(body: () => Promise<T>): Promise<T> {
    return this.#quiet.add(async () => {
      this.#isHeld = true;
      try {
        await this.#underWay.ended(this.#isShort);
        return await body();
      } finally {
        this.#isHeld = false;
        this.dispatch();
      }
    });
  }

  /** What durable records owe, except what was decided since. */
  #owed(): readonly EffectIn<S>[] {
    const state: AnyState | null = this.#state;
    if (state === null) return [];
    const head: AnyState = this.#head.state ?? state;
    const owed = effectsIn<S>(state);
    return head === state ? owed : owed.filter(({ key }) => head.owed.some((effect) => effect.key === key));
  }

  /** Work of our own, which ends by itself soon. */
  readonly #isShort = (kind: string): boolean => this.#system.effects[kind]?.waitsFor === 'nothing';

  /**
   * Nothing is begun any more; resolves when what is under way has ended or was cancelled, and everything that was committed is durable. Stores the snapshot.
   */
  async stop(): Promise<void> {
    this.#perform = null;
    await this.#underWay.ended(this.#isShort);
    this.#underWay.callOff();
    await this.#underWay.ended();
    await this.#applied;
    try {
      if (this.#fault === null) await this.saveSnapshot();
    } finally {
      await this.#journal.close();
    }
  }
}

/** A state that was decided, and the `sum` of its record. */
interface Head<State> {
  readonly state: State | null;
  readonly sum: string;
}

type Accepted<State extends AnyState> = Extract<Decision<State>, { kind: 'accepted' }>;

/** What a system owes is always an effect of its own table. */
function effectsIn<S extends System>({ owed }: AnyState): readonly EffectIn<S>[] {
  return owed as readonly EffectIn<S>[];
}

function effectsOf<S extends System>({ effects }: { readonly effects: AnyState['owed'] }): readonly EffectIn<S>[] {
  return effects as readonly EffectIn<S>[];
}
