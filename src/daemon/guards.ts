/**
 * What the daemon relies on, looked at while it serves: a small, fixed list.
 *
 * Owns: which guards there are, their postures, when they are looked at, telling of a change. Does not own: what each one looks at (daemon/core), the feed
 * (daemon/change-source).
 *
 * Invariants: 1. A posture holds from the instant at which it was found, with its reason; a change is logged and told, one that could not be told is told later. 2. A
 * look that fails is itself a posture: `errored`. 3. A lost lock is told to nobody: nothing may be written any more.
 */

import { messageOf } from '../base/error-text.ts';
import type { ChangeDraft } from '../model/change.ts';
import { PawlError } from '../model/error.ts';
import type { ClockPort } from '../ports/clock.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';

/** `lock`: of the state folder. `disk`: there is room. `feed`: it can be written. `watch`: changes of folders are noticed at once. `projects`: none is degraded. */
export const GUARD_IDS = ['lock', 'disk', 'feed', 'watch', 'projects'] as const;
/** One of them. */
export type GuardId = (typeof GUARD_IDS)[number];

/** `on`: it holds. `errored`: it does not. `off`: it is not looked at. */
export const POSTURES = ['on', 'errored', 'off'] as const;
/** One of them. */
export type Posture = (typeof POSTURES)[number];

/** How a guard stands. */
export interface GuardState {
  readonly id: GuardId;
  readonly posture: Posture;
  /** Null when it is on. */
  readonly reason: string | null;
  /** RFC 3339. */
  readonly since: string;
}

/** What the guards are made from. */
export interface GuardParts {
  readonly clock: Pick<ClockPort, 'nowMs' | 'monotonicMs' | 'timer'>;
  /** Why the guard does not hold; null when it does. `lock` throws when it is lost. */
  readonly looks: Readonly<Record<GuardId, () => string | null | Promise<string | null>>>;
  /** True when the change is in the feed. */
  readonly tell: (change: ChangeDraft) => Promise<boolean>;
  readonly onLockLost: (error: PawlError) => void;
  readonly log: (line: string) => void;
}

/** Looked at often: what costs next to nothing. */
const QUICK: readonly GuardId[] = ['lock', 'feed', 'projects'];

/** The guards of one daemon; `close` them. */
export class Guards {
  readonly #parts: GuardParts;
  readonly #states: Map<GuardId, GuardState>;
  readonly #untold = new Set<GuardId>();
  #lastWholeMs = Number.NEGATIVE_INFINITY;
  #endTimer: () => void = () => undefined;
  #isClosed = false;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    const since = instantOf(parts.clock.nowMs());
    const reason = 'the daemon is starting';
    this.#states = new Map(GUARD_IDS.map((id) => [id, { id, posture: 'off', reason, since }]));
  }

  /** In their order. */
  list(): readonly GuardState[] {
    return [...this.#states.values()];
  }

  /** Looks now, and again and again. */
  start(): void {
    void this.#round();
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    this.#endTimer();
  }

  /** Each of them is looked at; the slow ones only when it is time. */
  async look(): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    const isWhole = nowMs - this.#lastWholeMs >= DAEMON_BOUNDS.guardSlowMs;
    if (isWhole) this.#lastWholeMs = nowMs;
    for (const id of GUARD_IDS) if (isWhole || QUICK.includes(id)) await this.#lookAt(id);
    if (isWhole) for (const id of [...this.#untold]) await this.#tell(id);
  }

  async #round(): Promise<void> {
    await this.look();
    if (!this.#isClosed) this.#endTimer = this.#parts.clock.timer(DAEMON_BOUNDS.guardQuickMs, () => void this.#round());
  }

  async #lookAt(id: GuardId): Promise<void> {
    if (this.#isClosed) return;
    let reason: string | null;
    try {
      reason = await this.#parts.looks[id]();
    } catch (error) {
      if (id === 'lock' && error instanceof PawlError) {
        this.close();
        return this.#parts.onLockLost(error);
      }
      reason = messageOf(error);
    }
    await this.#enter(id, reason === null ? 'on' : 'errored', reason);
  }

  async #enter(id: GuardId, posture: Posture, reason: string | null): Promise<void> {
    const before = this.#states.get(id);
    if (this.#isClosed || (before?.posture === posture && before.reason === reason)) return;
    this.#states.set(id, { id, posture, reason, since: instantOf(this.#parts.clock.nowMs()) });
    // What holds from the start on is no news.
    if (before?.posture === 'off' && posture === 'on') return;
    this.#parts.log(`guard ${id}: ${posture}${reason === null ? '' : `: ${reason}`}`);
    await this.#tell(id);
  }

  async #tell(id: GuardId): Promise<void> {
    const state = this.#states.get(id);
    if (state === undefined || this.#isClosed) return;
    const { posture, reason } = state;
    const atMs = this.#parts.clock.nowMs();
    const change: ChangeDraft = {
      ...{ type: 'guard_changed', project: '', system: null, atMs },
      data: { guard: id, posture, reason },
    };
    if (await this.#parts.tell(change)) this.#untold.delete(id);
    else this.#untold.add(id);
  }
}

function instantOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
