/**
 * When a worker has been silent for too long, or has used up its budget.
 *
 * Owns: the rules, for the host that watches its worker and for the runner that has adopted one, alike. Does not own: watching (host/watch, engine/effects/orphan-limits),
 * what else is a sign of life (worker/activity).
 *
 * Invariants: 1. Instants are the caller's: of any clock, as long as it is one. 2. Whatever a worker does, it prints something within silenceMaxMs, or it is ended.
 */
import { spanMs } from '../base/elapsed.ts';
import type { Obstacle } from '../model/blocker.ts';
import { BOUNDS } from '../model/limits.ts';
import type { TaskRequest } from '../model/request.ts';
import { silenceMaxMs } from '../run/limits.ts';
import type { ForcedEnd } from '../turn/conclusion.ts';
import { isOverBudget, usedSoFar } from '../turn/turn-report.ts';
import type { Activity } from './activity.ts';
import type { TurnFollower } from './turn-output.ts';

/** Why a worker has to be ended for its silence or its usage; null while it need not be. */
export type Silence = (nowMs: number, bytes: number) => Reason | null;

/** Why a worker has to be ended. */
export interface Reason {
  readonly forced: ForcedEnd;
  /** The reason in more words: what could not be read, what was used. */
  readonly obstacle?: Obstacle;
}

/** For a worker that has printed nothing for a while: whether it gives any other sign of life. */
class Hush {
  readonly #limits: TaskRequest['limits'];
  readonly #activity: Activity;
  readonly #lookMs: number;
  #heardMs: number;
  #signMs: number;
  #lookedMs: number | null = null;
  #looks = 0;

  constructor(limits: TaskRequest['limits'], activity: Activity, heardMs: number) {
    this.#limits = limits;
    this.#activity = activity;
    this.#lookMs = Math.min(BOUNDS.activityLookMs, Math.max(BOUNDS.watchLookMs, limits.stallMs / BOUNDS.activityLooks));
    this.#heardMs = heardMs;
    this.#signMs = heardMs;
  }

  /** It has printed something. */
  heard(atMs: number): void {
    this.#heardMs = atMs;
    this.#signMs = Math.max(this.#signMs, atMs);
    // When it falls silent, its other signs of life are measured afresh.
    this.#looks = 0;
  }

  /** The reason to end it; `extraMs` is added to the silence allowed. */
  judge(nowMs: number, extraMs = 0): Reason | null {
    const { stallMs } = this.#limits;
    const longestMs = silenceMaxMs(this.#limits);
    if (spanMs(this.#heardMs, nowMs) >= longestMs + extraMs) {
      const obstacle: Obstacle = { kind: 'silent', ms: longestMs, hasSigns: true };
      return { forced: 'stalled', obstacle: this.#hasSign ? obstacle : noSign(stallMs) };
    }
    this.#look(nowMs);
    const isSilent = spanMs(this.#signMs, nowMs) >= stallMs + extraMs;
    return isSilent && this.#looks > 1 ? { forced: 'stalled', obstacle: noSign(stallMs) } : null;
  }

  get #hasSign(): boolean {
    return this.#signMs > this.#heardMs;
  }

  #look(nowMs: number): void {
    // Its output shows well enough that it is alive.
    if (spanMs(this.#heardMs, nowMs) < this.#lookMs) return;
    if (this.#lookedMs !== null && this.#looks > 0 && spanMs(this.#lookedMs, nowMs) < this.#lookMs) return;
    this.#lookedMs = nowMs;
    const hasSign = this.#activity(nowMs);
    this.#looks += 1;
    if (hasSign && this.#looks > 1) this.#signMs = nowMs;
  }
}

/** The limit that a worker without any sign of life has exceeded. */
function noSign(stallMs: number): Obstacle {
  return { kind: 'silent', ms: stallMs, hasSigns: false };
}

/** Any byte of output is a sign of life. `knownBytes` of it already existed, the last of them written at `lastMs`. */
export function byBytes(limits: TaskRequest['limits'], activity: Activity, lastMs: number, knownBytes = 0): Silence {
  const hush = new Hush(limits, activity, lastMs);
  let lastBytes = knownBytes;
  return (nowMs, bytes) => {
    if (bytes !== lastBytes) hush.heard(nowMs);
    lastBytes = bytes;
    return hush.judge(nowMs);
  };
}

/**
 * Events are signs of life; a tool under way and an announced retry are no silence. `known`: events that were there already, and when
 * the last of them came.
 */
export function byEvents(
  follower: TurnFollower,
  request: TaskRequest,
  activity: Activity,
  startMs: number,
  known: { readonly events: number; readonly lastMs: number } = { events: 0, lastMs: startMs },
): Silence {
  const firstEventMs = request.turn?.firstEventMs ?? 0;
  const hush = new Hush(request.limits, activity, known.lastMs);
  let knownEvents = known.events;
  return (nowMs) => {
    const turn = follower.look();
    if (turn.events !== knownEvents || Object.keys(turn.openTools).length > 0) hush.heard(nowMs);
    knownEvents = turn.events;
    // A turn that has ended costs nothing more: its process is about to exit, and its work counts.
    if (turn.ended === null && request.turn !== undefined && isOverBudget(turn, request.turn)) {
      const { usd, tokens } = usedSoFar(turn, request.turn);
      const { budget } = request.turn;
      return { forced: 'budget', obstacle: { kind: 'used', spent: { usd, tokens }, budget: { ...budget } } };
    }
    if (turn.events === 0) return spanMs(startMs, nowMs) >= firstEventMs ? { forced: 'noEvent' } : null;
    return hush.judge(nowMs, turn.retryDelayMs ?? 0);
  };
}
