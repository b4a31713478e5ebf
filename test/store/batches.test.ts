import { expect, it } from 'vitest';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { listUnfinishedBatches, markBatchDone, readBatchOf, writeBatch } from '../../src/store/batches.ts';
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
    batches: [{ batchId: id, atMs: clock.nowMs(), entries, outcomes: null }],
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

it('the batch of a command is found by the command, with what was decided on each packet, and there is one of it', () => {
  const memory = new MemoryFs();
  const commandId = 'cmd_000000000000007_x';
  expect(readBatchOf(filesOver(memory), paths, commandId)).toBeNull();
  const id = writeBatch(filesOver(memory), paths, entries, { commandId, outcomes: ['recorded'] });
  const files = filesOver(memory.crash('nothing'));
  expect(readBatchOf(files, paths, commandId)).toEqual({
    batchId: id,
    atMs: clock.nowMs(),
    entries,
    outcomes: ['recorded'],
  });
  expect(listUnfinishedBatches(files, paths).batches.map(({ batchId }) => batchId)).toEqual([id]);
  expect(() => writeBatch(files, paths, [], { commandId, outcomes: ['other'] })).toThrow('came twice');
});

it('a batch of a command that cannot be read is refused by its name, and not taken for none', () => {
  const files = filesOver(new MemoryFs());
  files.ensureFolders([paths.batches]);
  linkRegister(files, paths.batch('batch_x'), bytesOf('{}'));
  expect(() => readBatchOf(files, paths, 'cmd_x')).toThrow(
    expect.objectContaining({ code: 'PAWL_REGISTRY_INVALID', subject: 'batch_x' }),
  );
});
