/**
 * The blockers that the run machine composes by itself, from what it remembers.
 *
 * Owns: each of them, once. Does not own: when they apply (run.machine, parts), those that come inside events.
 */
import type { Gate } from '../../src/model/effect.ts';
import type { Blocker } from '../../src/model/error.ts';
import type { ErrorCode } from '../../src/model/error-codes.ts';
import type { ArtifactRef } from '../../src/model/event.ts';
import type { RunContext } from '../../src/model/run-context.ts';

/** The packet lacks what no run can do without. */
export function packetInsufficient(missingFields: readonly string[]): readonly Blocker[] {
  return [
    {
      code: 'PAWL_PACKET_INSUFFICIENT',
      message: `The packet lacks ${missingFields.join(', ')}.`,
      hint: 'Complete the packet and take it in again: a changed packet is a new run.',
      evidence: missingFields,
    },
  ];
}

/** The run stood still for longer than its lease, and another one has taken its surfaces. */
export function leaseTaken(by: string): readonly Blocker[] {
  return [
    {
      code: 'PAWL_LEASE_CONFLICT',
      message: `The lease of this run had run out, and ${by} took its surfaces.`,
      hint: 'Nothing to do: the run goes on by itself when they are free.',
      evidence: [by],
    },
  ];
}

/** What was handed off is not what both gates have passed. */
export function handoffUnearned(epoch: number): readonly Blocker[] {
  return [
    {
      code: 'PAWL_HANDOFF_REFUSED',
      message: `The gates of epoch ${epoch} do not both stand for the commit that was handed off.`,
      hint: 'Look at the gates with pawl events, then retry or abandon.',
      evidence: [],
    },
  ];
}

/** The worker said that it was done and had changed nothing. */
export const NO_CHANGE: Blocker = {
  code: 'PAWL_WORKER_NO_CHANGE',
  message: 'The worker said that it was done and had changed nothing.',
  hint: 'If no change is right for this packet, say so in it: "allow_empty": true.',
  evidence: [],
};

/** The blocker of a purpose whose attempts are used up, before the cause of the last one. */
export function exhausted(context: RunContext, cause: Blocker | null): readonly Blocker[] {
  const purpose = context.purpose ?? 'implementation';
  const blocker: Blocker = {
    code: 'PAWL_ATTEMPTS_EXHAUSTED' satisfies ErrorCode,
    message: `The ${purpose} of this run has used up its attempts.`,
    hint: 'Read the evidence of the last attempt; change the packet or the agent, then take it in again with --again.',
    evidence: openTaskOf(context),
  };
  return cause === null ? [blocker] : [blocker, cause];
}

/** The blocker of a task that was interrupted more often than its bound allows. */
export function interruptedTooOften(context: RunContext): readonly Blocker[] {
  return [
    {
      code: 'PAWL_INTERRUPTIONS_EXHAUSTED',
      message: `The ${context.purpose ?? 'task'} was interrupted ${context.interruptions + 1} times by Pawl or the machine going down.`,
      hint: 'Find out what keeps ending it, then decide: pawl resolve RUN_ID retry --reason TEXT.',
      evidence: openTaskOf(context),
    },
  ];
}

/** The blockers of a gate that still fails when no fix round is left. */
export function fixLimitReached(
  context: RunContext,
  gate: Gate,
  cause: Blocker | null,
  evidence: ArtifactRef,
): readonly Blocker[] {
  const blocker: Blocker = {
    code: 'PAWL_FIX_LIMIT',
    message: `The ${gate} still fails after ${context.fixes} fix round(s), the most this run may take.`,
    hint: 'Read the evidence, then decide: pawl resolve RUN_ID retry (one more round), accept (override the gate) or abandon.',
    evidence: [evidence.path],
  };
  return cause === null ? [blocker] : [blocker, cause];
}

/** Why the fix loop ends before its limit. */
export type StuckReason =
  /** Two fixes in a row have changed nothing of what is found. */
  | 'same'
  /** Everything that is found now had been found before, and was gone in between. */
  | 'returned'
  /** For two rounds, nothing but new faults in what the fixes themselves have added. */
  | 'newInFix';

const STUCK_WORDS: Readonly<Record<StuckReason, string>> = {
  same: 'two fixes in a row have changed nothing of it',
  returned: 'all of it had been found before and was gone in between',
  newInFix: 'for two rounds there were only new faults, in what the fixes themselves had added',
};

/** The blocker of a fix loop that does not converge; `trend`: how much the gate found, round by round. */
export function fixStuck(
  reason: StuckReason,
  gate: Gate,
  trend: readonly number[],
  cause: Blocker | null,
  evidence: ArtifactRef,
): readonly Blocker[] {
  const blocker: Blocker = {
    code: 'PAWL_FIX_STUCK',
    message: `The fix loop gets nowhere: ${STUCK_WORDS[reason]}. Findings of the ${gate}, round by round: ${trend.join(', ')}.`,
    hint: 'Read the evidence, then decide: pawl resolve RUN_ID retry (one more round), accept (override the gate) or abandon.',
    evidence: [evidence.path],
  };
  return cause === null ? [blocker] : [blocker, cause];
}

/** The agent has reached a limit of its account or service, until `untilMs`. */
export function agentLimited(context: RunContext, untilMs: number): readonly Blocker[] {
  return [
    {
      code: 'PAWL_AGENT_LIMITED',
      message: `The agent has reached a limit of its account or service; the run goes on at ${instantOf(untilMs)}.`,
      hint: 'Nothing to do: it goes on by itself, in the same session, and no attempt is charged. At once: pawl resolve RUN_ID retry --reason TEXT.',
      evidence: openTaskOf(context),
    },
  ];
}

/** The agent cannot reach its service: what it said of that, and until when the run waits. */
export function agentUnreachable(context: RunContext, cause: Blocker, untilMs: number): readonly Blocker[] {
  const message = `${sentence(cause.message)} The run goes on at ${instantOf(untilMs)}.`;
  return [{ ...cause, message, evidence: openTaskOf(context) }];
}

/** The blockers of a run whose agent stayed limited for longer than is waited. */
export function waitedTooOften(context: RunContext): readonly Blocker[] {
  return [
    {
      code: 'PAWL_AGENT_LIMIT_WAITS',
      message: `The agent was limited ${context.limitWaits + 1} times in a row.`,
      hint: "Look at the agent's account, then decide: pawl resolve RUN_ID retry --reason TEXT.",
      evidence: openTaskOf(context),
    },
  ];
}

/** What is told of the agent's words, so that the instant has its place after them. */
const OUTAGE_CHARS = 1_900;

/** What the agent said may end without a stop. */
function sentence(message: string): string {
  const said = message.slice(0, OUTAGE_CHARS).trimEnd();
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

function instantOf(ms: number): string {
  return new Date(ms).toISOString();
}

function openTaskOf({ openTask }: RunContext): readonly string[] {
  return openTask === null ? [] : [`tasks/${openTask}`];
}
