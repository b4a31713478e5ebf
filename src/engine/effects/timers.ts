/**
 * Deadlines: effects that are settled by time.
 *
 * Owns: waiting until the recorded instant, also across restarts. Does not own: which deadlines there are (machines).
 *
 * Invariant: a deadline keeps its original instant; a restart after it fires it at once. Only the wait for an agent lasts longer, while another run tries that agent.
 */
import type { KeyedEffectOf } from '../../model/effect.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { LiveRun } from '../live-run.ts';
import { shortSleep } from '../short-sleep.ts';
import type { Outages } from './outages.ts';

/** The deadline is journaled once its instant has come; the deadline of a wait for an agent also needs this run's turn to try it. */
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
    if (leftMs <= 0 && (effect.id !== 'limit' || (await outages.mayAsk(run)))) break;
    await shortSleep(clock, leftMs <= 0 ? BOUNDS.outageLookMs : leftMs, signal);
  }
  await run.settle(effect, { type: 'deadlineReached', key: effect.key, id: effect.id });
}
