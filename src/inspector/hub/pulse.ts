/**
 * Who drives the registry and what lives of its runs, felt again and again: nobody writes that down.
 *
 * Owns: when it is felt, telling that it has changed. Does not own: the judgement (run/liveness), the views (hub/run-list).
 */
import type { ClockPort } from '../../ports/clock.ts';
import type { HubMessage } from '../wire/page-api.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import type { RunList } from './run-list.ts';

/** What a pulse is made from. */
export interface PulseParts {
  readonly list: RunList;
  readonly clock: ClockPort;
  /** Somebody looks: without that nothing is felt. */
  readonly isAsked: () => boolean;
  readonly onChange: () => void;
}

/** The pulse of a registry; `close` it. */
export class Pulse {
  readonly #parts: PulseParts;
  readonly #timer: NodeJS.Timeout;
  #told = '';

  constructor(parts: PulseParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#feel(), HUB_BOUNDS.pulseMs);
    this.#timer.unref();
  }

  /** As it was felt last, or as the views tell it. */
  message(): Extract<HubMessage, { type: 'liveness' }> {
    const { list, clock } = this.#parts;
    const runs = list.views.flatMap(({ runId, liveness }) => (liveness === null ? [] : [[runId, liveness] as const]));
    return { type: 'liveness', driver: list.driver, runs: Object.fromEntries(runs), nowMs: clock.nowMs() };
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #feel(): void {
    if (!this.#parts.isAsked()) return;
    this.#parts.list.pulse();
    const { driver, runs } = this.message();
    const now = JSON.stringify([driver, runs]);
    if (now === this.#told) return;
    this.#told = now;
    this.#parts.onChange();
  }
}
