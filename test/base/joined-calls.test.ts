/** Who gets which answer, when several ask at the same time. */
import { expect, it } from 'vitest';
import { joinedCalls } from '../../src/base/joined-calls.ts';

/** Answers with the number of the call, once it is told to. */
function counting() {
  const ends: ((fails?: Error) => void)[] = [];
  const ask = joinedCalls<number>(() => {
    const number = ends.length + 1;
    return new Promise((resolve, reject) =>
      ends.push((fails) => (fails === undefined ? resolve(number) : reject(fails))),
    );
  });
  return { ask, ends };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('whoever asks while a call is under way shares the next one, which begins after it', async () => {
  const { ask, ends } = counting();
  const first = ask();
  const [second, third] = [ask(), ask()];
  expect(ends).toHaveLength(1);
  ends[0]?.();
  expect(await first).toBe(1);
  await settled();
  const fourth = ask();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  await settled();
  ends[2]?.();
  expect(await fourth).toBe(3);
  const fifth = ask();
  ends[3]?.();
  expect(await fifth).toBe(4);
});

it('a failure is told to those who share the call, and to nobody else', async () => {
  const { ask, ends } = counting();
  const first = ask();
  const second = ask();
  ends[0]?.(new Error('gone'));
  await expect(first).rejects.toThrow('gone');
  await settled();
  ends[1]?.();
  expect(await second).toBe(2);
});
