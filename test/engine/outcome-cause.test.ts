/** What an outcome says is relied upon only with the facts of its code, and is shown in words. */
import { expect, it } from 'vitest';
import { blockerFrom, outcomeWords } from '../../src/engine/outcome-cause.ts';

const EXIT = { exitCode: 3, signal: null };

it('a cause with the facts of its code is a blocker, with any other it is none', () => {
  const cause = { code: 'PAWL_WORKER_FAILED', params: { said: 'It broke.' } };
  expect(blockerFrom(cause, ['tasks/t'])).toEqual({ ...cause, evidence: ['tasks/t'] });
  for (const odd of [
    { ...cause, params: {} },
    { ...cause, params: { said: 1 } },
    { ...cause, params: { said: 'x'.repeat(5_000) } },
    { ...cause, code: 'PAWL_RUN_UNKNOWN' },
    { ...cause, code: 'ODD' },
  ]) {
    expect(blockerFrom(odd, [])).toBeNull();
  }
});

it('an end is told by its cause, by the answer, or by the exit that is the answer', () => {
  const cause = { code: 'PAWL_WORKER_FAILED', params: { said: 'It broke.' } };
  expect(outcomeWords({ ...EXIT, cause, summary: null })).toBe('The worker failed: It broke.');
  expect(outcomeWords({ ...EXIT, cause: { ...cause, params: {} }, summary: null })).toBe('PAWL_WORKER_FAILED');
  expect(outcomeWords({ ...EXIT, cause: null, summary: 'Done.' })).toBe('Done.');
  expect(outcomeWords({ ...EXIT, cause: null, summary: '' })).toBe('');
  expect(outcomeWords({ ...EXIT, cause: null, summary: null })).toBe('Ended with exit 3.');
});
