import { expect, test } from 'vitest';
import { KnownRepository } from '../../src/engine/known-repository.ts';
import { type ErrorKind, PawlError } from '../../src/model/error.ts';
import type { RepositoryFacts } from '../../src/ports/git.ts';

const FACTS: RepositoryFacts = { origin: null, defaultBranches: ['main'] };

function failing(kind: ErrorKind): PawlError {
  return new PawlError({ code: 'PAWL_GIT_FAILED', message: 'no', subject: '/r', hint: 'look', kind });
}

/** A git that answers so, one answer after another; the last one stands. */
function answering(...answers: readonly (RepositoryFacts | Error)[]) {
  let asked = 0;
  const facts = async (): Promise<RepositoryFacts> => {
    const answer = answers[Math.min(asked, answers.length - 1)];
    asked += 1;
    if (answer === undefined || answer instanceof Error) throw answer;
    return answer;
  };
  return { known: new KnownRepository({ facts }), asked: () => asked };
}

test('what git says of the repository is asked for once, when somebody wants to know', async () => {
  const { known, asked } = answering(FACTS);
  expect(asked()).toBe(0);
  expect(await Promise.all([known.facts(), known.ask(), known.facts()])).toEqual([FACTS, undefined, FACTS]);
  expect(asked()).toBe(1);
});

test('an error from git reaches the code that needs the facts, each time, and nothing before it', async () => {
  const { known, asked } = answering(failing('terminal'), FACTS);
  await known.ask();
  await expect(known.facts()).rejects.toThrow('no');
  await expect(known.facts()).rejects.toThrow('no');
  expect(asked()).toBe(1);
});

test('a git that could not answer, and a bug, are thrown at once, and it is asked again', async () => {
  const { known } = answering(failing('retryable'), new TypeError('bug'), FACTS);
  await expect(known.ask()).rejects.toMatchObject({ code: 'PAWL_GIT_FAILED' });
  await expect(known.facts()).rejects.toThrow('bug');
  expect(await known.facts()).toBe(FACTS);
});
