/**
 * Fails a test file that leaves the process otherwise than it found it: the next file runs in it.
 *
 * Owns: environment, folder, umask and signal handlers. Does not own: modules, timers and mocks (each test puts back its own).
 */
import { afterAll, beforeAll, expect } from 'vitest';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGCHLD'] as const;

function look(): object {
  const handlers = SIGNALS.map((name) => [name, process.listenerCount(name)]);
  return { env: { ...process.env }, cwd: process.cwd(), umask: process.umask(), handlers };
}

let before: object;
beforeAll(() => {
  before = look();
});
afterAll(() => {
  expect(look(), 'a test changes its process').toEqual(before);
});
