import { describe, expect, it } from 'vitest';
import { SerialQueue } from '../../src/base/serial-queue.ts';

describe('a serial queue', () => {
  it('runs each function after the one before it, even one that fails, and gives each its own result', async () => {
    const queue = new SerialQueue();
    const seen: string[] = [];
    const body = (name: string, fails: boolean) => async (): Promise<string> => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
    const ends = [queue.add(body('one', false)), queue.add(body('two', true)), queue.add(body('three', false))];
    await queue.settled();
    expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends']);
    expect(await Promise.allSettled(ends)).toEqual([
      { status: 'fulfilled', value: 'one' },
      { status: 'rejected', reason: new Error('two') },
      { status: 'fulfilled', value: 'three' },
    ]);
  });
});
