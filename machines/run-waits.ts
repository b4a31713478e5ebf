/**
 * How long a run waits for its agent when that has reached a limit of its account or service, or cannot reach it.
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
  const { blocker, resetsAtMs } = event.type === 'taskSettled' ? event : { blocker: null, resetsAtMs: null };
  const isOutage = blocker?.code === 'PAWL_AGENT_UNREACHABLE';
  const pace = isOutage ? OUTAGE : LIMIT;
  const untilMs = waitUntil(pace, context.limitWaits, event.atMs, resetsAtMs);
  const instant = new Date(untilMs).toISOString();
  const evidence = context.openTask === null ? [] : [`tasks/${context.openTask}`];
  return {
    attempt: context.attempt + 1,
    limitWaits: context.limitWaits + 1,
    waitUntilMs: untilMs,
    blockers: [
      isOutage
        ? { ...blocker, message: `${sentence(blocker.message)} The run goes on at ${instant}.`, evidence }
        : {
            code: 'PAWL_AGENT_LIMITED',
            message: `The agent has reached a limit of its account or service; the run goes on at ${instant}.`,
            hint: 'Nothing to do: it goes on by itself, in the same session, and no attempt is charged. At once: pawl resolve RUN_ID retry --reason TEXT.',
            evidence,
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

/** What is told of the agent's words, so that the instant has its place after them. */
const OUTAGE_CHARS = 1_900;

/** What the agent said may end without a stop. */
function sentence(message: string): string {
  const said = message.slice(0, OUTAGE_CHARS).trimEnd();
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

/** How waits grow that nobody has given an end. */
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
