import { expect, it } from 'vitest';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { listUnfinishedBatches, markBatchDone, writeBatch } from '../../src/store/batches.ts';
import { linkRegister } from '../../src/store/register.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { bytesOf, clock, filesOver, forEachCrash } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const entries = [{ runId: 'run_a', given: { task_id: 'a' } }, null];

it('a batch is found, durable, until it is marked done; the mark costs no sync', () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const id = writeBatch(filesOver(fs), paths, entries);
  expect(listUnfinishedBatches(filesOver(memory.crash('nothing')), paths)).toEqual({
    batches: [{ batchId: id, atMs: clock.nowMs(), entries }],
    unreadable: [],
  });
  const syncs = fs.countOf('sync', 'dataSync');
  markBatchDone(filesOver(fs), paths, id);
  markBatchDone(filesOver(fs), paths, id);
  expect(fs.countOf('sync', 'dataSync')).toBe(syncs);
  expect(listUnfinishedBatches(filesOver(memory), paths)).toEqual({ batches: [], unreadable: [] });
  expect(listUnfinishedBatches(filesOver(memory.crash('nothing')), paths).batches).toHaveLength(1);
});

it('after a crash at any call a batch is there whole or not there', () => {
  forEachCrash<string>(
    () => undefined,
    (fs, acknowledged) => acknowledged.push(writeBatch(filesOver(fs), paths, entries)),
    (survivor, acknowledged) => {
      const { batches, unreadable } = listUnfinishedBatches(filesOver(survivor), paths);
      expect(unreadable).toEqual([]);
      for (const batch of batches) expect(batch.entries).toEqual(entries);
      expect(batches.map((batch) => batch.batchId)).toEqual(expect.arrayContaining([...acknowledged]));
    },
  );
});

it('takes packets beyond the size of other registers', () => {
  const files = filesOver(new MemoryFs());
  const large = ['x'.repeat(16 * 1024 * 1024)];
  writeBatch(files, paths, large);
  expect(listUnfinishedBatches(files, paths).batches[0]?.entries).toEqual(large);
});

it('what cannot be read is reported', () => {
  const files = filesOver(new MemoryFs());
  files.ensureFolders([paths.batches]);
  linkRegister(files, paths.batch('batch_x'), bytesOf('{}'));
  expect(listUnfinishedBatches(files, paths)).toEqual({ batches: [], unreadable: ['batch_x.json'] });
});
