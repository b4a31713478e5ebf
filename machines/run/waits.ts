/**
 * How long a run waits for its agent when the agent has reached a limit of its account or service, or cannot reach its service.
 *
 * Owns: the time at which it continues. Does not own: the state (parts), detecting a limit (adapters).
 *
 * Invariants: 1. What an agent says of its window is believed, up to a bound; else the delay grows from wait to wait. 2. Waits are counted (L9).
 */
import { BOUNDS } from '../../src/model/limits.ts';
import type { RunContext } from '../../src/model/run-context.ts';
import { agentLimited, agentUnreachable } from './blockers.ts';
import type { RunMachineEvent } from './context.ts';

/** The context of a run that waits: until when, and why. */
export function waitForLimit(context: RunContext, event: RunMachineEvent): Partial<RunContext> {
  const { blocker, resetsAtMs } = event.type === 'taskSettled' ? event : { blocker: null, resetsAtMs: null };
  const isOutage = blocker?.code === 'PAWL_AGENT_UNREACHABLE';
  const pace = isOutage ? OUTAGE : LIMIT;
  const untilMs = waitUntil(pace, context.limitWaits, event.atMs, resetsAtMs);
  return {
    attempt: context.attempt + 1,
    limitWaits: context.limitWaits + 1,
    waitUntilMs: untilMs,
    blockers: isOutage ? agentUnreachable(context, blocker, untilMs) : agentLimited(context, untilMs),
  };
}

/** How waits without a given end grow. */
interface Pace {
  readonly firstMs: number;
  readonly maxMs: number;
}

const LIMIT: Pace = { firstMs: BOUNDS.limitWaitFirstMs, maxMs: BOUNDS.limitWaitMaxMs };
const OUTAGE: Pace = { firstMs: BOUNDS.outageWaitFirstMs, maxMs: BOUNDS.outageWaitMaxMs };

function waitUntil(pace: Pace, waits: number, nowMs: number, resetsAtMs: number | null | undefined): number {
  const growing = Math.min(pace.firstMs * 2 ** Math.min(waits, 20), pace.maxMs);
  if (resetsAtMs === null || resetsAtMs === undefined || resetsAtMs <= nowMs) return nowMs + growing;
  return Math.min(resetsAtMs, nowMs + BOUNDS.limitWindowMaxMs);
}
