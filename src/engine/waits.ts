/**
 * Waits in this process: each has a deadline, and none of them displaces another one.
 *
 * Owns: checking again at every change, the deadline. Does not own: what has changed, what is waited for (the caller's `look`).
 *
 * Invariants: 1. A wait ends: when what it waits for has come, when looking fails, or at its deadline. 2. While anybody waits a timer is armed: the event
 * loop does not run dry, so a process never ends silently in the middle of a wait.
 */
import { PawlError } from '../model/error.ts';
import type { ClockPort } from '../ports/clock.ts';
import { Changes } from './changes.ts';
import { shortSleep } from './short-sleep.ts';

/** What a wait is for, and for how long. */
export interface WaitRequest {
  /** What is waited for, as the error names it: "run_a to come to rest". */
  readonly what: string;
  /** Milliseconds of the monotonic clock. */
  readonly timeoutMs: number;
}

/** The waits for these systems. */
export class Waits {
  readonly #clock: ClockPort;
  readonly #changes = new Changes();

  constructor(clock: ClockPort) {
    this.#clock = clock;
  }

  /** All waiters check again. */
  announce(): void {
    this.#changes.announce();
  }

  /** Resolves once `isMet` is true, at once if it already is. Rejects with what `isMet` throws, and with PAWL_WAIT_TIMED_OUT at the deadline. */
  async until(isMet: () => boolean, { what, timeoutMs }: WaitRequest): Promise<void> {
    const over = new AbortController();
    const deadline = this.#deadline(timeoutMs, over.signal);
    try {
      while (!isMet()) {
        if (deadline.signal.aborted) throw timedOut(what, timeoutMs);
        await this.#changes.next(deadline.signal);
        // What the last record began shows only at the next check.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } finally {
      over.abort();
    }
  }

  /** Aborts after that time, unless `over` aborts first. */
  #deadline(timeoutMs: number, over: AbortSignal): AbortController {
    const deadline = new AbortController();
    const endMs = this.#clock.monotonicMs() + timeoutMs;
    const run = async (): Promise<void> => {
      for (let leftMs = timeoutMs; leftMs > 0 && !over.aborted; leftMs = endMs - this.#clock.monotonicMs())
        await shortSleep(this.#clock, leftMs, over);
      deadline.abort();
    };
    void run();
    return deadline;
  }
}

function timedOut(what: string, timeoutMs: number): PawlError {
  return new PawlError({
    code: 'PAWL_WAIT_TIMED_OUT',
    message: `waited ${timeoutMs} ms in vain for ${what}`,
    subject: what,
    hint: 'Look at its state; wait longer if it is still working.',
    kind: 'retryable',
  });
}
