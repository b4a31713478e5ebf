/** The token outlives processes, is one however many make it, and can be replaced. */
import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { nodeFs } from '../../../src/adapters/node-fs.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { writeAtOnce } from '../../../src/prove/memory/other-process.ts';
import { HomePaths } from '../../../src/store/home/home-paths.ts';
import { ensureToken, readToken, rotateToken } from '../../../src/store/home/token-file.ts';
import { bytesOf, codeOf, filesOver, forEachFault } from '../store-kit.ts';
import { temporaryFolder } from './real-folder.ts';

const home = new HomePaths('/state/pawl');

it('is made once, holds 32 random bytes, and only its owner can read it', async () => {
  const [files, real] = [filesOver(nodeFs), new HomePaths(`${temporaryFolder()}/a/b`)];
  expect(readToken(files, real)).toBeNull();
  const token = await ensureToken(files, real);
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  expect([await ensureToken(files, real), readToken(files, real)]).toEqual([token, token]);
  expect([statSync(real.tokenFile).mode & 0o777, statSync(real.root).mode & 0o777]).toEqual([0o600, 0o700]);
  await rotateToken(files, real);
  expect(statSync(real.tokenFile).mode & 0o777).toBe(0o600);
});

it('is another one after a rotation, for everyone', async () => {
  const files = filesOver(new MemoryFs());
  const first = await ensureToken(files, home);
  const second = await rotateToken(files, home);
  expect(second).not.toBe(first);
  expect([await ensureToken(files, home), readToken(files, home)]).toEqual([second, second]);
});

it('is the same for all that make it at once', async () => {
  const make = (fs: MemoryFs) => ensureToken(filesOver(fs), home);
  const files = filesOver(new MemoryFs());
  const tokens = await Promise.all([
    make(files.fs as MemoryFs),
    make(files.fs as MemoryFs),
    make(files.fs as MemoryFs),
  ]);
  expect(new Set([...tokens, readToken(files, home)]).size).toBe(1);
});

it('is the former one or the new one, whichever call of a rotation fails', async () => {
  let former = '';
  const faults = await forEachFault(
    { ops: ['open', 'write', 'sync', 'size', 'close', 'rename'], fault: { code: 'EIO' } },
    async (fs) => {
      former = await ensureToken(filesOver(fs), home);
    },
    async (fs, memory) => {
      let next: string | null = null;
      await codeOf(async () => {
        next = await rotateToken(filesOver(fs), home);
      });
      const standing = readToken(filesOver(memory), home);
      if (next === null) expect(standing).toMatch(/^[\w-]{43}$/);
      else expect([standing, next === former]).toEqual([next, false]);
    },
  );
  expect(faults).toBeGreaterThan(4);
});

it.each(['', 'short', 'with space in its middle which is long', 'ünknown-signs-that-are-long'])(
  'a file that holds %j holds none, and is replaced',
  async (text) => {
    const fs = new MemoryFs();
    await filesOver(fs).ensureFolders([home.root]);
    writeAtOnce(fs, home.tokenFile, bytesOf(text));
    expect(readToken(filesOver(fs), home)).toBeNull();
    expect(await ensureToken(filesOver(fs), home)).toBe(readToken(filesOver(fs), home));
  },
);
