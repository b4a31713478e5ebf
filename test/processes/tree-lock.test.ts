/** A tree's lock is called free only by a probe that could be made. */
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { linuxProcesses } from '../../src/adapters/processes/linux.ts';
import { isTreeLocked } from '../../src/adapters/processes/tree-lock.ts';

const PATH = process.env.PATH;
let folder: string;
let lockFile: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-tree-lock-'));
  lockFile = join(folder, 'tree.lock');
  writeFileSync(lockFile, '');
});
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
});

/** From here on `flock` is that shell script. */
function flockIs(script: string): void {
  const program = join(folder, 'flock');
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  process.env.PATH = `${folder}:${PATH}`;
}

it('held by somebody, and free when the last holder has released it', () => {
  const fd = openSync(lockFile, 'a');
  expect(spawnSync('flock', ['3'], { stdio: ['ignore', 'ignore', 'ignore', fd] }).status).toBe(0);
  expect(isTreeLocked(lockFile)).toBe(true);
  closeSync(fd);
  expect(isTreeLocked(lockFile)).toBe(false);
});

it('without a lock, or before it was ever taken, there is none to hold', () => {
  expect(isTreeLocked(null)).toBe(false);
  expect(isTreeLocked(join(folder, 'never-taken'))).toBe(false);
});

it('a flock that cannot be started, is killed, or fails in another way proves nothing', () => {
  process.env.PATH = folder;
  expect(isTreeLocked(lockFile)).toBeNull();
  flockIs('kill -9 $$');
  expect(isTreeLocked(lockFile)).toBeNull();
  flockIs('exit 71');
  expect(isTreeLocked(lockFile)).toBeNull();
});

it('one failed probe is made again', () => {
  flockIs(`[ -e ${folder}/again ] || { : > ${folder}/again; exit 71; }; exit 0`);
  expect(isTreeLocked(lockFile)).toBe(false);
});

it('a file that cannot be read proves nothing', () => {
  symlinkSync('around', join(folder, 'around'));
  expect(isTreeLocked(join(folder, 'around', 'tree.lock'))).toBeNull();
});

it('a tree whose lock cannot be probed is checked again, and is not reported as gone', () => {
  flockIs(`echo probe >> ${folder}/probes; exit 71`);
  const handle = { mark: `tree-lock-${process.pid}`, worker: null, lockFile, isNamespaced: false };
  expect(linuxProcesses('/nowhere').tree(handle)).toEqual({ members: [], unknown: [], isLocked: null });
});
