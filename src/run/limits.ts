/**
 * The limits of one run: the packet's, else the config's, else the defaults (L9).
 *
 * Owns: how overrides are laid over one another. Does not own: the defaults (model/limits), the ranges (model/limit-schema), enforcing them.
 */
import { DEFAULT_LIMITS, type LimitOverrides, type Limits, type Purpose, SILENCE_MAX_MS } from '../model/limits.ts';

/** Every limit of a run, by name: the packet's value overrides the config's, which overrides the default. */
export function resolveLimits(config: LimitOverrides, packet: LimitOverrides): Limits {
  const pick = (
    name: Exclude<keyof typeof DEFAULT_LIMITS, 'deadlineMs' | 'silenceMaxMs' | 'budgetUsd' | 'tokens'>,
  ): number => packet[name] ?? config[name] ?? DEFAULT_LIMITS[name];
  const deadlineOf = (purpose: Purpose): number =>
    deadlineIn(packet, purpose) ?? deadlineIn(config, purpose) ?? DEFAULT_LIMITS.deadlineMs[purpose];
  return {
    attemptsMax: pick('attemptsMax'),
    fixAttemptsMax: pick('fixAttemptsMax'),
    lostRetriesMax: pick('lostRetriesMax'),
    interruptionsMax: pick('interruptionsMax'),
    limitWaitsMax: pick('limitWaitsMax'),
    hostStartsMax: pick('hostStartsMax'),
    deadlineMs: {
      setup: deadlineOf('setup'),
      implementation: deadlineOf('implementation'),
      verification: deadlineOf('verification'),
      review: deadlineOf('review'),
      fix: deadlineOf('fix'),
    },
    stallMs: pick('stallMs'),
    silenceMaxMs: packet.silenceMaxMs ?? config.silenceMaxMs ?? SILENCE_MAX_MS,
    graceMs: pick('graceMs'),
    outputBytesMax: pick('outputBytesMax'),
    leaseTtlMs: pick('leaseTtlMs'),
    firstEventMs: pick('firstEventMs'),
    budgetUsd: packet.budgetUsd ?? config.budgetUsd ?? DEFAULT_LIMITS.budgetUsd,
    tokens: packet.tokens ?? config.tokens ?? DEFAULT_LIMITS.tokens,
  };
}

/** How long a worker may print nothing, whatever else it does: never less than the time allowed without any sign of life. */
export function silenceMaxMs(limits: Pick<Limits, 'stallMs' | 'silenceMaxMs'>): number {
  return Math.max(limits.silenceMaxMs ?? SILENCE_MAX_MS, limits.stallMs);
}

function deadlineIn(limits: LimitOverrides, purpose: Purpose): number | undefined {
  return typeof limits.deadlineMs === 'object' ? limits.deadlineMs[purpose] : limits.deadlineMs;
}
