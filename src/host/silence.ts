/**
 * When a worker has been silent for too long, or has used up what it may.
 *
 * Owns: the rules, for the host that watches its worker and for the runner that has adopted one, alike. Does not own: watching (host/watch, runtime/orphan-limits).
 *
 * Invariant: instants are the caller's: of any clock, as long as it is one.
 */
import { spanMs } from '../base/elapsed.ts';
import type { ForcedEnd } from '../core/conclusion.ts';
import { budgetWords } from '../core/ledger.ts';
import { isOverBudget, usedSoFar } from '../core/turn-report.ts';
import type { TaskRequest } from '../model/request.ts';
import type { TurnFollower } from './turn-output.ts';

/** Why a worker has to be ended for what it does not say, or has used; null while it need not. */
export type Silence = (nowMs: number, bytes: number, stallMs: number) => Reason | null;

/** Why a worker has to be ended. */
export interface Reason {
  readonly forced: ForcedEnd;
  /** The reason in more words: what could not be read, what was used. */
  readonly obstacle?: string;
}

/** Any byte of output is a sign of life. `knownBytes` of it were there already, the last of them written at `lastMs`. */
export function byBytes(lastMs: number, knownBytes = 0): Silence {
  let grownAtMs = lastMs;
  let lastBytes = knownBytes;
  return (nowMs, bytes, stallMs) => {
    if (bytes !== lastBytes) grownAtMs = nowMs;
    lastBytes = bytes;
    return spanMs(grownAtMs, nowMs) >= stallMs ? { forced: 'stalled' } : null;
  };
}

/**
 * Events are signs of life; a tool under way and an announced retry are no silence. `known`: events that were there already, and when
 * the last of them came.
 */
export function byEvents(
  follower: TurnFollower,
  request: TaskRequest,
  startMs: number,
  known: { readonly events: number; readonly lastMs: number } = { events: 0, lastMs: startMs },
): Silence {
  const firstEventMs = request.turn?.firstEventMs ?? 0;
  let lastAtMs = known.lastMs;
  let knownEvents = known.events;
  return (nowMs, _bytes, stallMs) => {
    const turn = follower.look();
    if (turn.events !== knownEvents || Object.keys(turn.openTools).length > 0) lastAtMs = nowMs;
    knownEvents = turn.events;
    // A turn that has ended costs nothing more: it is on its way out, and its work counts.
    if (turn.ended === null && request.turn !== undefined && isOverBudget(turn, request.turn)) {
      const used = budgetWords({ ...usedSoFar(turn, request.turn), isEstimate: false }, request.turn.budget);
      return { forced: 'budget', obstacle: `this turn has used ${used} that were left` };
    }
    if (turn.events === 0) return spanMs(startMs, nowMs) >= firstEventMs ? { forced: 'noEvent' } : null;
    return spanMs(lastAtMs, nowMs) >= stallMs + (turn.retryDelayMs ?? 0) ? { forced: 'stalled' } : null;
  };
}
