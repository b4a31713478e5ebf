/**
 * A turn's request as plain as can be, for tests that change one thing of it.
 *
 * Owns: the value. Does not own: making one (engine/effects/request-turn).
 */
import type { TurnRequest } from '../../src/model/turn.ts';

/** A new session of Claude Code, without a budget. */
export const TURN_REQUEST: TurnRequest = {
  kind: 'claude',
  program: { path: '/bin/claude', version: '2.0.0', sha256: 'a'.repeat(64) },
  session: { id: 's-1', isResume: false },
  prompt: 'Do it.',
  stdin: 'prompt',
  answerSchema: null,
  budget: { tokens: null, usd: null },
  usedBefore: { tokens: 0, usd: 0 },
  firstEventMs: 1_000,
  expectedDenials: [],
  bypassesPermissions: false,
};
