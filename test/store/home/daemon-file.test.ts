/** What the daemon says of itself is whole or absent, and only its own to remove. */
import { describe, expect, it } from 'vitest';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { writeAtOnce } from '../../../src/prove/memory/other-process.ts';
import {
  type DaemonFile,
  readDaemonFile,
  removeDaemonFile,
  writeDaemonFile,
} from '../../../src/store/home/daemon-file.ts';
import { HomePaths } from '../../../src/store/home/home-paths.ts';
import { jsonBytes } from '../../../src/store/json-file.ts';
import { codeOf, filesOver, forEachFault } from '../store-kit.ts';

const home = new HomePaths('/daemon');
const content: DaemonFile = {
  v: 1,
  pid: 41,
  process: { pid: 41, startTime: '1', bootId: 'b', pidNamespace: 'n', hostname: 'desk', machineId: 'm' },
  socket: '/daemon/sock',
  port: 4_100,
  startedAt: '2026-01-01T00:00:00.000Z',
  version: '1.0.0',
  api: { min: 1, max: 1 },
  generation: 3,
  logFile: null,
};

const newHome = (): MemoryFs => {
  const fs = new MemoryFs();
  fs.makeFolder(home.root);
  return fs;
};

it('is read as it was written, and replaced as a whole', async () => {
  const files = filesOver(newHome());
  expect(readDaemonFile(files, home)).toBeNull();
  await writeDaemonFile(files, home, content);
  expect(readDaemonFile(files, home)).toEqual(content);
  await writeDaemonFile(files, home, { ...content, generation: 4, logFile: '/daemon/daemon.log' });
  expect(readDaemonFile(files, home)).toEqual({ ...content, generation: 4, logFile: '/daemon/daemon.log' });
});

it('is removed by the daemon that wrote it, and by no earlier one', async () => {
  const files = filesOver(newHome());
  await removeDaemonFile(files, home, 3);
  await writeDaemonFile(files, home, content);
  await removeDaemonFile(files, home, 2);
  expect(readDaemonFile(files, home)).toEqual(content);
  await removeDaemonFile(files, home, 3);
  expect(readDaemonFile(files, home)).toBeNull();
});

it('is the former one or the new one, whichever call fails', async () => {
  const faults = await forEachFault(
    { ops: ['open', 'write', 'sync', 'size', 'close', 'rename'], fault: { code: 'EIO' } },
    async (fs) => {
      fs.makeFolder(home.root);
      await writeDaemonFile(filesOver(fs), home, content);
    },
    async (fs, memory) => {
      const next = { ...content, generation: 4 };
      const code = await codeOf(() => writeDaemonFile(filesOver(fs), home, next));
      expect(readDaemonFile(filesOver(memory), home)).toEqual(code === null ? next : content);
    },
  );
  expect(faults).toBeGreaterThan(4);
});

describe('a file that says', () => {
  it.each([
    { v: 2 },
    { pid: -1 },
    { process: null },
    { socket: 1 },
    { port: '1' },
    { startedAt: 0 },
    { version: null },
    { api: null },
    { api: { min: 1 } },
    { generation: 1.5 },
    { logFile: 1 },
  ])('%j is none', (change) => {
    const fs = newHome();
    writeAtOnce(fs, home.daemonFile, jsonBytes({ ...content, ...change }));
    expect(readDaemonFile(filesOver(fs), home)).toBeNull();
  });

  it('half of it is none', () => {
    const fs = newHome();
    writeAtOnce(fs, home.daemonFile, jsonBytes(content).subarray(0, 80));
    expect(readDaemonFile(filesOver(fs), home)).toBeNull();
  });
});
