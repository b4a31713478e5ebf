import { describe, expect, it } from 'vitest';
import { Line } from '../../src/base/line.ts';

describe('a line of deeds', () => {
  it('does each once the one before is over, also one that fails, and hands each its own end', async () => {
    const line = new Line();
    const seen: string[] = [];
    const deed = (name: string, fails: boolean) => async (): Promise<string> => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
    const ends = [line.add(deed('one', false)), line.add(deed('two', true)), line.add(deed('three', false))];
    await line.settled();
    expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends', 'three begins', 'three ends']);
    expect(await Promise.allSettled(ends)).toEqual([
      { status: 'fulfilled', value: 'one' },
      { status: 'rejected', reason: new Error('two') },
      { status: 'fulfilled', value: 'three' },
    ]);
  });
});
