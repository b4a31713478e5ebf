import { expect, test } from 'vitest';
import { KnownRepository } from '../../src/engine/known-repository.ts';
import { type ErrorKind, PawlError } from '../../src/model/error.ts';

const FACTS = { origin: null, defaultBranches: ['main'] };

function failing(kind: ErrorKind): { facts: () => Promise<never> } {
  const error = new PawlError({ code: 'PAWL_GIT_FAILED', message: 'no', subject: '/r', hint: 'look', kind });
  return { facts: () => Promise.reject(error) };
}

test('what git says of the repository is known', async () => {
  expect((await KnownRepository.ask({ facts: async () => FACTS })).facts).toBe(FACTS);
});

test('an error from git reaches the code that needs the facts, and nothing before it', async () => {
  const known = await KnownRepository.ask(failing('terminal'));
  expect(() => known.facts).toThrow('no');
});

test('a git that never could answer, and a bug, are thrown at once', async () => {
  await expect(KnownRepository.ask(failing('retryable'))).rejects.toMatchObject({ code: 'PAWL_GIT_FAILED' });
  await expect(KnownRepository.ask({ facts: () => Promise.reject(new TypeError('bug')) })).rejects.toThrow('bug');
});
