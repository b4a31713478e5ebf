/**
 * A turn as the runner may want it, as plain as can be, for tests that change one thing of it.
 *
 * Owns: the value. Does not own: making one (engine).
 */
import type { TurnOrder } from '../../src/ports/agent.ts';

/** A new session of an implementer, without a budget. */
export const TURN_ORDER: TurnOrder = {
  role: 'implementer',
  session: { id: null, isResume: false },
  prompt: 'Do it.',
  answerSchema: {},
  budget: { tokens: null, usd: null },
  usedBefore: { tokens: 0, usd: 0 },
  usdPerMillion: null,
  firstEventMs: 1_000,
  mayRemind: false,
  commits: { base: 'b', head: 'h' },
  allowedTools: [],
  taskFolder: '/task',
  mark: 'mark',
};
