/**
 * A durable system in the hands of a program: events go in, its effects are performed, and any number of callers may wait for its states.
 *
 * Owns: turning what a performer returns into a settlement, deadlines, waiters. Does not own: the commit (engine/live-system), the registry around it
 * (engine/system-registry).
 *
 * Invariants: 1. Whatever is owed is performed until it is settled: in this process, or in the next one under the same key. 2. A settlement that comes too late
 * is dropped, and changes nothing. 3. Every wait has a deadline, and rejects when the system is halted or closed.
 */

import type { EffectIn, EventOf, StateOf, System } from '../kernel/system.ts';
import { DEADLINE } from '../model/deadline.ts';
import { PawlError } from '../model/error.ts';
import type { PlainEffect } from '../model/system-record.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { Journal } from '../ports/journal.ts';
import { LiveSystem, type Refusal } from './live-system.ts';
import { shortSleep } from './short-sleep.ts';
import { openJournal, type SystemPlace, type SystemStart } from './system-place.ts';

/** An event before the key of the effect that it settles is added. */
export type Unkeyed<Event> = Event extends unknown ? Omit<Event, 'key'> : never;

/** What a performer works with. */
export interface Performing<Effect> {
  /** Its `key` is the same however often it is performed: pass it on as the idempotency key. */
  readonly effect: Effect;
  /** Aborts when the effect is no longer owed, and when the system is closed. */
  readonly signal: AbortSignal;
  /** The effect may have been performed before, by a process that did not live to record it. */
  readonly mayBeRepeated: boolean;
}

/**
 * How each effect is performed; `deadline` is performed by the engine. What is returned is recorded as the fact that settles the effect; null leaves it
 * owed, to be performed again by the next process. A failure of the world is a fact as well: return it as the event that the machine takes. An exception
 * is a bug, and halts the system.
 */
export type Performers<S extends System> = {
  readonly [Kind in Exclude<EffectIn<S>['kind'], typeof DEADLINE>]: (
    performing: Performing<Extract<EffectIn<S>, { kind: Kind }>>,
  ) => Promise<Unkeyed<EventOf<S>> | null>;
};

interface Waiter<State> {
  readonly isMet: (state: State) => boolean;
  readonly settle: (state: State | null, error?: unknown) => void;
}

/** One durable system while this process drives it. */
export class DurableSystem<S extends System> {
  readonly #system: S;
  readonly #live: LiveSystem<S>;
  readonly #clock: ClockPort;
  readonly #performers: Performers<S>;
  readonly #waiters = new Set<Waiter<StateOf<S>>>();
  /** Keys of effects that their performers have left to the next process. */
  readonly #left = new Set<string>();
  #isClosed = false;
  #isReleased = false;

  private constructor(
    system: S,
    place: SystemPlace,
    start: SystemStart<StateOf<S>>,
    journal: Journal,
    performers: Performers<S>,
  ) {
    this.#system = system;
    this.#clock = place.clock;
    this.#performers = performers;
    this.#live = new LiveSystem(system, place, start, journal, {
      onCommit: () => this.#tellWaiters(),
      onFailure: (error) => this.#endWaiters(error),
      onRest: () => undefined,
    });
  }

  /** The system at its journal's end, performing nothing yet. */
  static async open<S extends System>(
    system: S,
    place: SystemPlace,
    start: SystemStart<StateOf<S>>,
    performers: Performers<S>,
  ): Promise<DurableSystem<S>> {
    return new DurableSystem(system, place, start, await openJournal(place, start), performers);
  }

  /** The system's id within its registry. */
  get id(): string {
    return this.#live.systemId;
  }

  /** The committed state: that of the last durable record. */
  get state(): StateOf<S> {
    return this.#live.state;
  }

  /** What halted the system in this process, or null. */
  get fault(): unknown {
    return this.#live.fault;
  }

  /** Begins to perform what is owed. `begin` is recorded first if there is no record yet. */
  async start(begin: EventOf<S> | null): Promise<void> {
    if (begin !== null) this.#mustTake(await this.#live.commit(this.#system.rootName, begin));
    await this.#live.raiseRules();
    this.#live.start((effect, signal) => this.#perform(effect, signal));
  }

  /**
   * The event is durable and applied when this resolves to null; otherwise it was refused, for the reason that it resolves to, and nothing has changed.
   * `to`: the actor that takes it; the root by default. Rejects when the system is halted or closed; that says nothing of the event, which may be durable.
   */
  async send(event: EventOf<S>, to: string = this.#system.rootName): Promise<Refusal | null> {
    this.#assertOpen();
    // Events may come from outside of the program, where no compiler has looked at them.
    const malformed = this.#live.eventProblem(to, event);
    if (malformed !== null)
      return { code: 'PAWL_EVENT_REFUSED', reason: `${event.type} is no event of ${to}: ${malformed}` };
    return this.#live.commit(to, event);
  }

  /** The state, once `isMet` is true of it (the current one included). Rejects after `timeoutMs` ms, and when the system is halted or closed. */
  until(isMet: (state: StateOf<S>) => boolean, timeoutMs: number): Promise<StateOf<S>> {
    return new Promise((resolve, reject) => {
      const { fault, state } = this.#live;
      if (fault !== null) return reject(fault);
      if (isMet(state)) return resolve(state);
      if (this.#isClosed) return reject(closed(this.id));
      const waiter: Waiter<StateOf<S>> = {
        isMet,
        settle: (met, error) => {
          endTimer();
          this.#waiters.delete(waiter);
          if (met === null) reject(error);
          else resolve(met);
        },
      };
      const endTimer = this.#clock.timer(timeoutMs, () => waiter.settle(null, timedOut(this.id, timeoutMs)));
      this.#waiters.add(waiter);
    });
  }

  /** Nothing is begun any more; resolves when short work has ended and everything else was cancelled. What is owed stays owed. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endWaiters(closed(this.id));
    try {
      await this.#live.stop();
    } finally {
      this.#isReleased = true;
    }
  }

  /** It was closed, and nothing of it is under way any more: it may be opened again. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  async #perform(effect: EffectIn<S>, signal: AbortSignal): Promise<void> {
    if (this.#left.has(effect.key)) return;
    const mayBeRepeated = !this.#live.takeFresh(effect.key);
    const event =
      effect.kind === DEADLINE
        ? await this.#awaitDeadline(effect, signal)
        : await this.#answerOf(effect, signal, mayBeRepeated);
    if (event === null) this.#left.add(effect.key);
    if (event === null || !this.#live.isOwed(effect.key)) return;
    const settled = { ...event, key: effect.key } as EventOf<S>;
    this.#mustTake(await this.#live.commit(effect.actor, settled));
  }

  /** What the performer returns; null also where it gives up because it was told to. */
  async #answerOf(effect: EffectIn<S>, signal: AbortSignal, mayBeRepeated: boolean): Promise<object | null> {
    try {
      return await this.#performerOf(effect)({ effect, signal, mayBeRepeated });
    } catch (error) {
      // What is handed the signal rejects so when it aborts.
      if (signal.aborted && error instanceof Error && error.name === 'AbortError') return null;
      throw error;
    }
  }

  /** Each is called with effects of its own name only. */
  #performerOf({ kind }: EffectIn<S>): PerformAny {
    const found: unknown = Reflect.get(this.#performers, kind);
    if (typeof found !== 'function') throw new Error(`bug: nobody performs ${kind}`);
    return found as PerformAny;
  }

  /** Null when it was cancelled. */
  async #awaitDeadline(
    effect: PlainEffect & { readonly id?: unknown; readonly atMs?: unknown },
    signal: AbortSignal,
  ): Promise<object | null> {
    const { id, atMs } = effect;
    for (;;) {
      if (signal.aborted) return null;
      const leftMs = Number(atMs) - this.#clock.nowMs();
      if (leftMs <= 0) return { type: 'deadlineReached', id };
      await shortSleep(this.#clock, leftMs, signal);
    }
  }

  #mustTake(refusal: Refusal | null): void {
    if (refusal !== null) throw new Error(`bug: ${this.id}: ${refusal.reason}`);
  }

  #tellWaiters(): void {
    const { state } = this.#live;
    for (const waiter of [...this.#waiters]) {
      try {
        if (waiter.isMet(state)) waiter.settle(state);
      } catch (error) {
        // The predicate is its caller's, and so is its error: the system goes on.
        waiter.settle(null, error);
      }
    }
  }

  #endWaiters(error: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.settle(null, error);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closed(this.id);
  }
}

type PerformAny = (performing: Performing<PlainEffect>) => Promise<object | null>;

function closed(id: string): PawlError {
  return new PawlError({
    code: 'PAWL_SYSTEM_CLOSED',
    message: `${id} was closed`,
    subject: id,
    hint: 'Open it again from its registry.',
  });
}

function timedOut(id: string, timeoutMs: number): PawlError {
  return new PawlError({
    code: 'PAWL_WAIT_TIMED_OUT',
    message: `${id} did not reach the awaited state within ${timeoutMs} ms`,
    subject: id,
    hint: 'Look at its state; wait longer if it is still working.',
    kind: 'retryable',
  });
}
