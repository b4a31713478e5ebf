/**
 * A turn's report as plain as can be, for tests that change one thing of it.
 *
 * Owns: the value. Does not own: making one of a turn (turn/turn-report).
 */
import type { TurnReport } from '../../src/model/turn.ts';

/** A turn that went well and used nothing. */
export const PLAIN_REPORT: TurnReport = {
  agent: 'coder',
  kind: 'claude',
  cliVersion: '1.0.0',
  model: 'm',
  permissionMode: null,
  bypassesPermissions: false,
  askedSession: 's-1',
  session: 's-1',
  isResume: false,
  sessionMismatch: null,
  isSessionRefused: false,
  usage: null,
  limited: null,
  denials: [],
  ended: { how: 'completed', cause: 'other', reason: '' },
  answerFrom: null,
  lines: { all: 3, unknown: 0, malformed: 0, overlong: 0 },
};

/** The report of a turn that went well, but for `changes`. */
export function reportOf(changes: Partial<TurnReport> = {}): TurnReport {
  return { ...PLAIN_REPORT, ...changes };
}
