/**
 * Time on a machine in memory as one process sees it: it stands until it is moved, or passes with every look.
 *
 * Owns: the timers of the process, firing them. Does not own: the instant, which outlives the process (memory-machine), when it moves (whoever leads
 * the process).
 */
import type { ClockPort } from '../../ports/clock.ts';
import type { MemoryMachine } from './memory-machine.ts';

/** A timer that has not fired. */
interface Timer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** The clock of one process. */
export class MemoryClock implements ClockPort {
  readonly #machine: MemoryMachine;
  readonly #lookMs: number;
  readonly #timers = new Set<Timer>();

  /** `lookMs`: what passes with every look at the clock. */
  constructor(machine: MemoryMachine, lookMs: number) {
    this.#machine = machine;
    this.#lookMs = lookMs;
  }

  nowMs(): number {
    this.#machine.nowMs += this.#lookMs;
    return this.#machine.nowMs;
  }

  monotonicMs(): number {
    return this.#machine.nowMs;
  }

  timer(delayMs: number, fire: () => void): () => void {
    const timer: Timer = { dueMs: this.#machine.nowMs + delayMs, fire };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  nonce(): string {
    return this.#machine.nonce();
  }

  /** The timers that are due in `withinMs` at the latest. */
  due(withinMs: number): readonly Timer[] {
    const untilMs = this.#machine.nowMs + withinMs;
    return [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs);
  }

  /** Those of `timers` fire that nobody has called off. */
  fire(timers: readonly Timer[]): void {
    for (const timer of timers) if (this.#timers.delete(timer)) timer.fire();
  }

  /** It is that instant, unless it is later already; what is due fires. */
  moveTo(atMs: number): void {
    this.#machine.nowMs = Math.max(this.#machine.nowMs, atMs);
    this.fire(this.due(0));
  }
}
