import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemCode } from '../../src/model/error.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { bytesOf, textOf } from './store-kit.ts';

interface Place {
  readonly fs: FsPort;
  readonly folder: string;
  readonly end: () => void;
}

const places: Record<string, () => Place> = {
  nodeFs: () => {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-fs-'));
    return { fs: nodeFs, folder, end: () => rmSync(folder, { recursive: true }) };
  },
  MemoryFs: () => {
    const fs = new MemoryFs();
    fs.makeFolder('/here');
    return { fs, folder: '/here', end: () => undefined };
  },
};

describe.each(Object.entries(places))('the file port of %s', (_name, open) => {
  let place: Place;
  beforeEach(() => {
    place = open();
  });
  afterEach(() => place.end());

  const at = (name: string): string => join(place.folder, name);
  const put = (name: string, text: string): void => {
    const fd = place.fs.open(at(name), 'wx+');
    place.fs.write(fd, bytesOf(text), 0);
    place.fs.close(fd);
  };
  const get = (name: string): string | null => {
    const fd = place.fs.open(at(name), 'r');
    const bytes = place.fs.read(fd, 0, 1_000);
    place.fs.close(fd);
    return textOf(bytes);
  };
  const failure = (body: () => unknown): string | undefined => {
    try {
      body();
      return 'none';
    } catch (error) {
      return systemCode(error);
    }
  };

  it('writes at a position, appends at the end, reads less only at the end of the file', async () => {
    put('a', 'hello');
    const fd = place.fs.open(at('a'), 'r+');
    expect(place.fs.write(fd, bytesOf('J'), 0)).toBe(1);
    expect(textOf(place.fs.read(fd, 1, 2))).toBe('el');
    expect(textOf(place.fs.read(fd, 3, 99))).toBe('lo');
    expect(place.fs.read(fd, 99, 1).length).toBe(0);
    place.fs.close(fd);
    const end = place.fs.open(at('a'), 'a+');
    expect(place.fs.size(end)).toBe(5);
    place.fs.write(end, bytesOf('!'), null);
    place.fs.write(end, bytesOf('?'), null);
    place.fs.truncate(end, 6);
    place.fs.write(end, bytesOf('.'), null);
    await place.fs.dataSync(end);
    await place.fs.sync(end);
    place.fs.close(end);
    expect(get('a')).toBe('Jello!.');
  });

  it('a+ creates what is absent; r and r+ do not; wx+ refuses what is there', () => {
    expect(failure(() => place.fs.open(at('a'), 'r'))).toBe('ENOENT');
    expect(failure(() => place.fs.open(at('a'), 'r+'))).toBe('ENOENT');
    place.fs.close(place.fs.open(at('a'), 'a+'));
    expect(failure(() => place.fs.open(at('a'), 'wx+'))).toBe('EEXIST');
    expect(failure(() => place.fs.open(at('none/a'), 'wx+'))).toBe('ENOENT');
    expect(failure(() => place.fs.open(at('a/b'), 'r'))).toBe('ENOTDIR');
    expect(failure(() => place.fs.open(place.folder, 'r+'))).toBe('EISDIR');
  });

  it('links one file under two names, once', () => {
    put('a', 'x');
    place.fs.link(at('a'), at('b'));
    expect(failure(() => place.fs.link(at('a'), at('b')))).toBe('EEXIST');
    expect(failure(() => place.fs.link(at('none'), at('c')))).toBe('ENOENT');
    place.fs.unlink(at('a'));
    expect(failure(() => place.fs.unlink(at('a')))).toBe('ENOENT');
    expect(get('b')).toBe('x');
  });

  it('renames over what is there', () => {
    put('a', 'new');
    put('b', 'old');
    place.fs.rename(at('a'), at('b'));
    expect(get('b')).toBe('new');
    expect(place.fs.stat(at('a'))).toBeNull();
    expect(failure(() => place.fs.rename(at('a'), at('b')))).toBe('ENOENT');
  });

  it('makes folders, lists them sorted, says what is there', async () => {
    place.fs.makeFolder(at('z'));
    expect(failure(() => place.fs.makeFolder(at('z')))).toBe('EEXIST');
    expect(failure(() => place.fs.makeFolder(at('x/y')))).toBe('ENOENT');
    put('b', '12');
    put('a', '');
    expect(place.fs.list(place.folder)).toEqual(['a', 'b', 'z']);
    expect(failure(() => place.fs.list(at('none')))).toBe('ENOENT');
    expect(failure(() => place.fs.list(at('a')))).toBe('ENOTDIR');
    expect(place.fs.stat(at('b'))).toMatchObject({ kind: 'file', size: 2 });
    expect(place.fs.stat(at('z'))?.kind).toBe('folder');
    expect(place.fs.stat(at('none'))).toBeNull();
    const fd = place.fs.open(at('z'), 'r');
    await place.fs.sync(fd);
    place.fs.close(fd);
  });

  it('touches what is there only', async () => {
    put('a', '');
    const before = place.fs.stat(at('a'))?.mtimeMs;
    // Longer than the coarsest clock of a file system that is in use, so that a touch that does nothing is seen.
    await sleep(50);
    place.fs.touch(at('a'));
    expect(place.fs.stat(at('a'))?.mtimeMs).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY);
    expect(failure(() => place.fs.touch(at('none')))).toBe('ENOENT');
  });

  it('tells a watcher that something changed, until it is ended', async () => {
    let end = (): void => undefined;
    await new Promise<void>((resolve) => {
      end = place.fs.watch(place.folder, resolve);
      put('a', 'x');
    });
    end();
    expect(failure(() => place.fs.watch(at('none'), () => undefined))).toBe('ENOENT');
  });
});

it('nodeFs makes files 0600 and folders 0700', () => {
  const { folder, end } = places.nodeFs?.() ?? expect.fail();
  nodeFs.close(nodeFs.open(join(folder, 'a'), 'wx+'));
  nodeFs.close(nodeFs.open(join(folder, 'b'), 'a+'));
  nodeFs.makeFolder(join(folder, 'c'));
  const modes = ['a', 'b', 'c'].map((name) => statSync(join(folder, name)).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600, 0o700]);
  end();
});
