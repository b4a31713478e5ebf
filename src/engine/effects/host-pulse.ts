/**
 * Whether a living host still works: its heartbeat, measured by the runner's own monotonic clock.
 *
 * Owns: that measurement. Does not own: the heartbeat (host), ending it (engine/effects/end-task).
 *
 * Invariant: a runner that was itself suspended, or a machine that slept, never makes a host look hung: each check counts at most
 * twice the interval between checks.
 */
import { spanMs } from '../../base/elapsed.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { TaskRequest } from '../../model/request.ts';
import type { ClockPort } from '../../ports/clock.ts';

/** Whether a host still gives signs of life, by the runner's own monotonic clock. */
export class HostPulse {
  readonly #clock: ClockPort;
  readonly #lifeMsMax: number;
  readonly #firstMs: number;
  #lastMs: number;
  #lastHeartbeatMs: number | null = null;
  #silentMs = 0;
  #watchedMs = 0;

  constructor(clock: ClockPort, limits: TaskRequest['limits']) {
    this.#clock = clock;
    this.#firstMs = clock.monotonicMs();
    this.#lastMs = this.#firstMs;
    const endingMs = 2 * limits.graceMs + BOUNDS.killMs + BOUNDS.hostSweepMs + BOUNDS.hostGits * BOUNDS.gitMs;
    this.#lifeMsMax = limits.deadlineMs + endingMs + BOUNDS.deadlineMarginMs;
  }

  sinceFirstLookMs(): number {
    return spanMs(this.#firstMs, this.#clock.monotonicMs());
  }

  /** True when the heartbeat has not moved for too long, or the host has outlived every limit that it enforces itself. */
  isHung(heartbeatMs: number | null): boolean {
    const nowMs = this.#clock.monotonicMs();
    const stepMs = Math.min(spanMs(this.#lastMs, nowMs), 2 * BOUNDS.watchPollMs);
    this.#lastMs = nowMs;
    this.#watchedMs += stepMs;
    this.#silentMs = heartbeatMs === this.#lastHeartbeatMs ? this.#silentMs + stepMs : 0;
    this.#lastHeartbeatMs = heartbeatMs;
    return this.#silentMs > BOUNDS.hostSilenceMs || this.#watchedMs > this.#lifeMsMax;
  }
}
