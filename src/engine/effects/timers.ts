/**
 * Deadlines: effects that are settled by time.
 *
 * Owns: waiting until the recorded instant, also across restarts. Does not own: which deadlines there are (machines).
 *
 * Invariant: a deadline keeps its original instant; a restart after it fires it at once. Only the wait for an agent lasts longer while another run asks that agent.
 */
import type { KeyedEffectOf } from '../../model/effect.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { LiveRun } from '../live-run.ts';
import type { Outages } from './outages.ts';

/** Longest single timer: longer ones are waited for in parts, so that a stepped clock is noticed. */
const TIMER_MS_MAX = 60_000;

/** The deadline is journaled once its instant has come; that of a wait for an agent once it is this run's turn to ask it, too. */
export async function awaitDeadline(
  run: LiveRun,
  effect: KeyedEffectOf<'deadline'>,
  signal: AbortSignal,
  outages: Outages,
): Promise<void> {
  const { clock } = run.world;
  for (;;) {
    if (signal.aborted || !run.isOwed(effect.key)) return;
    const leftMs = effect.atMs - clock.nowMs();
    if (leftMs <= 0 && (effect.id !== 'limit' || outages.mayAsk(run))) break;
    await sleep(run, leftMs <= 0 ? BOUNDS.outageLookMs : Math.min(leftMs, TIMER_MS_MAX), signal);
  }
  run.settle(effect, { type: 'deadlineReached', key: effect.key, id: effect.id });
}

function sleep(run: LiveRun, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      endTimer();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const endTimer = run.world.clock.timer(delayMs, finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}
