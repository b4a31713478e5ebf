/**
 * A request, and a turn, as plain as can be, for tests that change one thing of it.
 *
 * Owns: the values. Does not own: requests that are run (host-bench).
 */
import type { TaskRequest } from '../../src/model/request.ts';
import type { TurnRequest } from '../../src/model/turn.ts';
import { TURN_REQUEST } from '../support/turn-request.ts';

/** A whole, valid request. */
export const plainRequest: TaskRequest = {
  v: 1,
  runId: 'run_a',
  taskId: 't',
  purpose: 'fix',
  epoch: 2,
  attempt: 3,
  nonce: 'n',
  key: 'run_a/1.0:startHost',
  agent: 'x',
  argv: ['node', '', 'a b'],
  cwd: '/w',
  envNames: [],
  env: {},
  mark: 'mark-1',
  completionFile: '/w/answer',
  completion: 'file',
  isolation: 'none',
  hasTreeLock: true,
  limits: { deadlineMs: 1, stallMs: 2, graceMs: 0, outputBytesMax: 3 },
  recordsTree: false,
  task: { any: [null] },
};

/** A whole, valid turn of a session of its own. */
export const plainTurn: TurnRequest = {
  ...TURN_REQUEST,
  program: { path: '/agent', version: '1.0.0', sha256: '0'.repeat(64) },
};
