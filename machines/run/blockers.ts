/**
 * The blockers that the run machine composes by itself, from what it remembers.
 *
 * Owns: the facts of each of them, once. Does not own: when they apply (run.machine, parts), those that come inside events, their words
 * (blockers/catalogue).
 */
import { type BlockerOf, type BlockerParams, blocker } from '../../src/model/blocker.ts';
import type { Gate } from '../../src/model/effect.ts';
import type { Blocker } from '../../src/model/error.ts';
import type { ArtifactRef } from '../../src/model/event.ts';
import type { RunContext } from '../../src/model/run-context.ts';

/** The most references that one blocker can hold. */
const EVIDENCE_MAX = 50;

/** The packet lacks something that every run needs. */
export function packetInsufficient(missingFields: readonly string[]): readonly Blocker[] {
  return [blocker('PAWL_PACKET_INSUFFICIENT', { missing: missingFields }, missingFields.slice(0, EVIDENCE_MAX))];
}

/** The run was parked for longer than its lease, and another one has taken its surfaces. */
export function leaseTaken(by: string): readonly Blocker[] {
  return [blocker('PAWL_LEASE_CONFLICT', { reason: 'taken', by }, [by])];
}

/** What was handed off is not what both gates passed. */
export function handoffUnearned(epoch: number): readonly Blocker[] {
  return [blocker('PAWL_HANDOFF_REFUSED', { reason: 'gates', round: epoch }, [])];
}

/** The worker reported that it was done, but changed nothing. */
export const NO_CHANGE: Blocker = blocker('PAWL_WORKER_NO_CHANGE', {}, []);

/** The blocker of a purpose whose attempts are used up, listed before the cause of the last one. */
export function exhausted(context: RunContext, cause: Blocker | null): readonly Blocker[] {
  const purpose = context.purpose ?? 'implementation';
  return before(blocker('PAWL_ATTEMPTS_EXHAUSTED', { purpose }, openTaskOf(context)), cause);
}

/** The blocker of a task that was interrupted more often than its limit allows. */
export function interruptedTooOften(context: RunContext): readonly Blocker[] {
  const { purpose, interruptions } = context;
  return [blocker('PAWL_INTERRUPTIONS_EXHAUSTED', { purpose, times: interruptions + 1 }, openTaskOf(context))];
}

/** The blockers of a gate that still fails when no fix round is left. */
export function fixLimitReached(
  context: RunContext,
  gate: Gate,
  cause: Blocker | null,
  evidence: ArtifactRef,
): readonly Blocker[] {
  return before(blocker('PAWL_FIX_LIMIT', { gate, fixes: context.fixes }, [evidence.path]), cause);
}

/** Why the fix loop ends before its limit. */
export type StuckReason = BlockerParams['PAWL_FIX_STUCK']['reason'];

/** The blocker of a fix loop that does not converge; `trend`: the number of findings, round by round. */
export function fixStuck(
  reason: StuckReason,
  gate: Gate,
  trend: readonly number[],
  cause: Blocker | null,
  evidence: ArtifactRef,
): readonly Blocker[] {
  return before(blocker('PAWL_FIX_STUCK', { gate, reason, trend }, [evidence.path]), cause);
}

/** The agent has reached a limit of its account or service, until `untilMs`. */
export function agentLimited(context: RunContext, untilMs: number): readonly Blocker[] {
  return [blocker('PAWL_AGENT_LIMITED', { reason: 'waiting', untilMs }, openTaskOf(context))];
}

/** The agent cannot reach its service: what it said about that, and until when the run waits. */
export function agentUnreachable(
  context: RunContext,
  cause: BlockerOf<'PAWL_AGENT_UNREACHABLE'>,
  untilMs: number,
): readonly Blocker[] {
  return [blocker('PAWL_AGENT_UNREACHABLE', { ...cause.params, untilMs }, openTaskOf(context))];
}

/** The blockers of a run whose agent stayed limited for too many waits. */
export function waitedTooOften(context: RunContext): readonly Blocker[] {
  return [blocker('PAWL_AGENT_LIMIT_WAITS', { times: context.limitWaits + 1 }, openTaskOf(context))];
}

function before(blocker: Blocker, cause: Blocker | null): readonly Blocker[] {
  return cause === null ? [blocker] : [blocker, cause];
}

function openTaskOf({ openTask }: RunContext): readonly string[] {
  return openTask === null ? [] : [`tasks/${openTask}`];
}
