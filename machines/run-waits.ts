/**
 * How long a run waits for its agent when that has reached a limit of its account or service.
 *
 * Owns: the instant at which it goes on, the blocker meanwhile. Does not own: the state (run-parts), knowing that there is a limit (adapters).
 *
 * Invariants: 1. What an agent says of its window is believed, up to a bound; else the delay grows from wait to wait. 2. Waits are counted (L9).
 */
import type { Blocker } from '../src/model/error.ts';
import { BOUNDS } from '../src/model/limits.ts';
import type { RunContext, RunMachineEvent } from './run-context.ts';

/** The context of a run that waits: until when, and why. */
export function waitForLimit(context: RunContext, event: RunMachineEvent): Partial<RunContext> {
  const untilMs = waitUntil(context.limitWaits, event.atMs, event.type === 'taskSettled' ? event.resetsAtMs : null);
  return {
    attempt: context.attempt + 1,
    limitWaits: context.limitWaits + 1,
    waitUntilMs: untilMs,
    blockers: [
      {
        code: 'PAWL_AGENT_LIMITED',
        message: `The agent has reached a limit of its account or service; the run goes on at ${new Date(untilMs).toISOString()}.`,
        hint: 'Nothing to do: it goes on by itself, in the same session, and no attempt is charged. At once: pawl resolve RUN_ID retry --reason TEXT.',
        evidence: context.openTask === null ? [] : [`tasks/${context.openTask}`],
      },
    ],
  };
}

/** The blockers of a run whose agent stayed limited for longer than is waited. */
export function waitedTooOften(context: RunContext): readonly Blocker[] {
  return [
    {
      code: 'PAWL_AGENT_LIMIT_WAITS',
      message: `The agent was limited ${context.limitWaits + 1} times in a row.`,
      hint: "Look at the agent's account, then decide: pawl resolve RUN_ID retry --reason TEXT.",
      evidence: context.openTask === null ? [] : [`tasks/${context.openTask}`],
    },
  ];
}

function waitUntil(waits: number, nowMs: number, resetsAtMs: number | null | undefined): number {
  const growing = Math.min(BOUNDS.limitWaitFirstMs * 2 ** Math.min(waits, 20), BOUNDS.limitWaitMaxMs);
  if (resetsAtMs === null || resetsAtMs === undefined || resetsAtMs <= nowMs) return nowMs + growing;
  return Math.min(resetsAtMs, nowMs + BOUNDS.limitWindowMaxMs);
}
