import { expect, it } from 'vitest';
import { Changes } from '../../src/engine/changes.ts';

/** What has been said by now, once everything that was due has run. */
async function settled(said: readonly string[]): Promise<readonly string[]> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  return [...said];
}

it('a change wakes everyone who waits, in the order of waiting, and each of them once', async () => {
  const changes = new Changes();
  const said: string[] = [];
  for (const name of ['first', 'second', 'third']) void changes.next().then(() => said.push(name));
  expect(await settled(said)).toEqual([]);
  changes.announce();
  changes.announce();
  expect(await settled(said)).toEqual(['first', 'second', 'third']);
});

it('who waits again while being woken waits for the next change', async () => {
  const changes = new Changes();
  const said: string[] = [];
  const wait = (left: number): Promise<void> =>
    changes.next().then(() => {
      said.push(`woken, ${left} left`);
      return left === 0 ? undefined : wait(left - 1);
    });
  void wait(1);
  changes.announce();
  expect(await settled(said)).toEqual(['woken, 1 left']);
  changes.announce();
  expect(await settled(said)).toEqual(['woken, 1 left', 'woken, 0 left']);
});

it('a signal ends the wait of its own waiter alone, also when it has aborted before', async () => {
  const changes = new Changes();
  const said: string[] = [];
  const abort = new AbortController();
  void changes.next(abort.signal).then(() => said.push('aborted'));
  void changes.next().then(() => said.push('changed'));
  abort.abort();
  void changes.next(abort.signal).then(() => said.push('at once'));
  expect(await settled(said)).toEqual(['aborted', 'at once']);
  changes.announce();
  expect(await settled(said)).toEqual(['aborted', 'at once', 'changed']);
});
