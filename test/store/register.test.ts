import { expect, it } from 'vitest';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { linkRegister, readRegister, readSettledRegister } from '../../src/store/register.ts';
import { forEachMeeting } from './meetings.ts';
import { bytesOf, codeOf, codeOfFault, filesOver, forEachCrash, forEachFault, textOf } from './store-kit.ts';

const PATH = '/claim';
const link = async (fs: MemoryFs | FaultFs, text: string): Promise<boolean> =>
  (await linkRegister(filesOver(fs), PATH, bytesOf(text))).isWinner;
const read = (fs: MemoryFs): string | null => textOf(readRegister(filesOver(fs), PATH));

it('the first value stands, and its writer wins however often it asks', async () => {
  const fs = new MemoryFs();
  expect(readRegister(filesOver(fs), PATH)).toBeNull();
  expect(await readSettledRegister(filesOver(fs), PATH)).toBeNull();
  expect(await link(fs, 'mine')).toBe(true);
  expect(await link(fs, 'yours')).toBe(false);
  expect(await link(fs, 'mine')).toBe(true);
  expect(textOf((await linkRegister(filesOver(fs), PATH, bytesOf('yours'))).bytes)).toBe('mine');
  expect(fs.list('/')).toEqual(['claim']);
});

it('of two racers exactly one wins, wherever they meet, and both read the same value', async () => {
  const race = (text: string) => async (fs: MemoryFs) => {
    const { isWinner, bytes } = await linkRegister(filesOver(fs), PATH, bytesOf(text));
    return { isWinner, value: textOf(bytes) };
  };
  const meetings = await forEachMeeting(
    () => undefined,
    race('first'),
    race('second'),
    (fs, first, second) => {
      expect([first.isWinner, second.isWinner].sort()).toEqual([false, true]);
      expect(first.value).toBe(first.isWinner ? 'first' : 'second');
      expect([first.value, second.value]).toEqual(Array(2).fill(read(fs)));
      expect(fs.list('/')).toEqual(['claim']);
    },
  );
  expect(meetings).toBeGreaterThan(12);
});

it('the winner is whose bytes the file holds, not whose link call returned', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  // A network file system did it, lost the answer, and says EEXIST to the repetition.
  const inner = memory.link.bind(memory);
  memory.link = (existing, path) => {
    inner(existing, path);
    throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
  };
  expect(await link(fs, 'mine')).toBe(true);
});

it('holds none, or all of one contestant, after a crash at any call; the acknowledged value for ever', async () => {
  const ways = await forEachCrash<string>(
    () => undefined,
    async (fs, acknowledged) => {
      await linkRegister(filesOver(fs), PATH, bytesOf('first'));
      acknowledged.push('first');
      await linkRegister(filesOver(fs), PATH, bytesOf('second'));
    },
    async (survivor, acknowledged) => {
      const value = read(survivor);
      expect(acknowledged.length > 0 ? ['first'] : [null, 'first']).toContain(value);
      expect(await link(survivor, 'third')).toBe(value === null);
      expect(textOf(await readSettledRegister(filesOver(survivor.crash('nothing')), PATH))).toBe(value ?? 'third');
    },
  );
  expect(ways).toBeGreaterThan(15);
});

it('a settled value is durable, even where its writer was killed before it was', async () => {
  const fs = new MemoryFs();
  let isKilled = false;
  fs.onCall = (op, path) => {
    if (op !== 'open' || path !== '/') return;
    isKilled = true;
    throw Object.assign(new Error('killed'), { code: 'EIO' });
  };
  await codeOf(() => link(fs, 'mine'));
  fs.onCall = null;
  expect(isKilled).toBe(true);
  expect(read(fs)).toBe('mine');
  expect(read(fs.crash('nothing'))).toBeNull();
  expect(textOf(await readSettledRegister(filesOver(fs), PATH))).toBe('mine');
  expect(read(fs.crash('nothing'))).toBe('mine');
});

it.each(['ENOSPC', 'EIO', 'EACCES'])(
  'tells %s at any call by its code, and leaves no half of a value',
  async (code) => {
    const ways = await forEachFault(
      { fault: { code } },
      () => undefined,
      async (fs, memory) => {
        const thrown = await codeOf(() => link(fs, 'mine'));
        const isInert = fs.firedOp === null || fs.firedOp === 'unlink';
        expect(thrown).toBe(isInert ? null : codeOfFault(fs.firedOp ?? 'open', code));
        expect([null, 'mine']).toContain(read(memory));
        expect(await link(memory, 'later')).toBe(read(memory) === 'later');
      },
    );
    expect(ways).toBeGreaterThan(12);
  },
);

it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV'])(
  'refuses a file system whose link says %s',
  async (code) => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory, { ops: ['link'], at: 1, fault: { code } });
    expect(await codeOf(() => link(fs, 'mine'))).toBe('PAWL_STORE_NO_LINKS');
    expect(memory.list('/')).toEqual([]);
  },
);

it('costs two syncs to write, one to lose, and is written with short writes too', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: ['write'], at: 1, fault: 'short', isLasting: true });
  expect(await link(fs, 'a longer value')).toBe(true);
  expect(fs.countOf('sync', 'dataSync')).toBe(2);
  expect(await link(fs, 'another')).toBe(false);
  expect(fs.countOf('sync', 'dataSync')).toBe(3);
  expect(read(memory)).toBe('a longer value');
});
