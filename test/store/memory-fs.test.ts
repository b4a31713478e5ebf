import { expect, it } from 'vitest';
import { Halted, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import type { CrashChoice } from '../../src/prove/memory/memory-nodes.ts';
import { bytesOf, textOf } from './store-kit.ts';

async function put(fs: MemoryFs, path: string, text: string, isSynced: boolean): Promise<void> {
  const fd = fs.open(path, 'a+');
  fs.write(fd, bytesOf(text), null);
  if (isSynced) await fs.dataSync(fd);
  fs.close(fd);
}

async function syncFolder(fs: MemoryFs, path: string): Promise<void> {
  const fd = fs.open(path, 'r');
  await fs.sync(fd);
  fs.close(fd);
}

function get(fs: MemoryFs, path: string): string | null {
  if (fs.stat(path) === null) return null;
  const fd = fs.open(path, 'r');
  return textOf(fs.read(fd, 0, 100));
}

it('a synced file without its synced name is lost, a synced name without its content is empty', async () => {
  const fs = new MemoryFs();
  await put(fs, '/early', 'x', false);
  await syncFolder(fs, '/');
  await put(fs, '/late', 'x', true);
  expect(get(fs.crash('nothing'), '/late')).toBeNull();
  expect(get(fs.crash('nothing'), '/early')).toBe('');
  expect(get(fs.crash('everything'), '/early')).toBe('x');
  expect(get(fs.crash('everything'), '/late')).toBe('x');
});

it('a folder whose parent was not synced is lost with all that is in it', async () => {
  const fs = new MemoryFs();
  fs.makeFolder('/a');
  await put(fs, '/a/b', 'x', true);
  await syncFolder(fs, '/a');
  expect(fs.crash('nothing').stat('/a')).toBeNull();
  await syncFolder(fs, '/');
  expect(get(fs.crash('nothing'), '/a/b')).toBe('x');
});

it('a part of what was not synced survives: every part, over the seeds', async () => {
  const fs = new MemoryFs();
  await put(fs, '/a', '', true);
  await syncFolder(fs, '/');
  await put(fs, '/a', 'one,', false);
  await put(fs, '/a', 'two', false);
  const seen = new Set<string | null>();
  for (let seed = 1; seed < 400; seed += 1) seen.add(get(fs.crash({ seed }), '/a'));
  for (const text of ['', 'one,', 'one,two', 'on', 'one,t', '\0\0\0\0two']) expect(seen).toContain(text);
  expect(get(fs.crash({ seed: 7 }), '/a')).toBe(get(fs.crash({ seed: 7 }), '/a'));
});

it('a rename is kept whole or not at all', async () => {
  const fs = new MemoryFs();
  await put(fs, '/old', 'old', true);
  await put(fs, '/new', 'new', true);
  await syncFolder(fs, '/');
  fs.rename('/new', '/old');
  const states = new Set<string>();
  const choices: CrashChoice[] = ['everything', 'nothing', ...Array.from({ length: 30 }, (_, seed) => ({ seed }))];
  for (const choice of choices) {
    const survivor = fs.crash(choice);
    states.add(`${get(survivor, '/old')} ${get(survivor, '/new')}`);
  }
  expect([...states].sort()).toEqual(['new null', 'old new']);
});

it('after a halt every call throws, and a crash does not change what it was made of', async () => {
  const fs = new MemoryFs();
  await put(fs, '/a', 'x', false);
  const survivor = fs.crash('everything');
  await put(fs, '/a', 'y', false);
  fs.halt();
  expect(() => fs.stat('/a')).toThrow(Halted);
  expect(get(survivor, '/a')).toBe('x');
});
