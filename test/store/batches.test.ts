import { expect, it } from 'vitest';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { listUnfinishedBatches, markBatchDone, readBatchOf, writeBatch } from '../../src/store/batches.ts';
import { Files } from '../../src/store/files.ts';
import { jsonBytes } from '../../src/store/json-file.ts';
import { linkRegister } from '../../src/store/register.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { bytesOf, clock, filesOver, forEachCrash, toldBy } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const entries = [{ runId: 'run_a', given: { task_id: 'a' } }, null];

it('a batch is found, durable, until it is marked done; the mark costs no sync', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const id = await writeBatch(filesOver(fs), paths, entries);
  expect(await listUnfinishedBatches(filesOver(memory.crash('nothing')), paths)).toEqual({
    batches: [{ batchId: id, atMs: clock.nowMs(), entries, outcomes: null }],
    unreadable: [],
  });
  const syncs = fs.countOf('sync', 'dataSync');
  markBatchDone(filesOver(fs), paths, id);
  markBatchDone(filesOver(fs), paths, id);
  expect(fs.countOf('sync', 'dataSync')).toBe(syncs);
  expect(await listUnfinishedBatches(filesOver(memory), paths)).toEqual({ batches: [], unreadable: [] });
  expect((await listUnfinishedBatches(filesOver(memory.crash('nothing')), paths)).batches).toHaveLength(1);
});

it('after a crash at any call a batch is there whole or not there', async () => {
  await forEachCrash<string>(
    () => undefined,
    async (fs, acknowledged) => acknowledged.push(await writeBatch(filesOver(fs), paths, entries)),
    async (survivor, acknowledged) => {
      const { batches, unreadable } = await listUnfinishedBatches(filesOver(survivor), paths);
      expect(unreadable).toEqual([]);
      for (const batch of batches) expect(batch.entries).toEqual(entries);
      expect(batches.map((batch) => batch.batchId)).toEqual(expect.arrayContaining([...acknowledged]));
    },
  );
});

it('takes packets beyond the size of other registers', async () => {
  const files = filesOver(new MemoryFs());
  const large = ['x'.repeat(16 * 1024 * 1024)];
  await writeBatch(files, paths, large);
  expect((await listUnfinishedBatches(files, paths)).batches[0]?.entries).toEqual(large);
});

it('what cannot be read is reported', async () => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.batches]);
  await linkRegister(files, paths.batch('batch_x'), bytesOf('{}'));
  expect(await listUnfinishedBatches(files, paths)).toEqual({ batches: [], unreadable: ['batch_x.json'] });
});

it('the batch of a command is found by the command, with what was decided on each packet, and there is one of it', async () => {
  const memory = new MemoryFs();
  const commandId = 'cmd_000000000000007_x';
  expect(await readBatchOf(filesOver(memory), paths, commandId)).toBeNull();
  const id = await writeBatch(filesOver(memory), paths, entries, { commandId, outcomes: ['recorded'] });
  const files = filesOver(memory.crash('nothing'));
  expect(await readBatchOf(files, paths, commandId)).toEqual({
    batchId: id,
    atMs: clock.nowMs(),
    entries,
    outcomes: ['recorded'],
  });
  expect((await listUnfinishedBatches(files, paths)).batches.map(({ batchId }) => batchId)).toEqual([id]);
  await expect(writeBatch(files, paths, [], { commandId, outcomes: ['other'] })).rejects.toThrow('came twice');
});

it('a batch of a command that cannot be read is refused by its name, and not taken for none', async () => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.batches]);
  await linkRegister(files, paths.batch('batch_x'), bytesOf('{}'));
  await expect(readBatchOf(files, paths, 'cmd_x')).rejects.toThrow(
    expect.objectContaining({ code: 'PAWL_REGISTRY_INVALID', subject: 'batch_x' }),
  );
});

it('a batch of packets is named by its time, in 15 digits, and a nonce; that of a command by the command', async () => {
  const at = (nowMs: number) => new Files(new MemoryFs(), { ...clock, nowMs: () => nowMs, nonce: () => 'n' });
  expect(await writeBatch(at(1_700_000_000_000), paths, [])).toBe('batch_001700000000000_n');
  expect(await writeBatch(at(7), paths, [])).toBe('batch_000000000000007_n');
  expect(await writeBatch(at(0), paths, [], { commandId: 'cmd_x_cmd_y', outcomes: [] })).toBe('batch_x_cmd_y');
  expect(await writeBatch(at(0), paths, [], { commandId: 'x_cmd_y', outcomes: [] })).toBe('x_cmd_y');
});

it('a batch that is written a second time is a bug, named by its id', async () => {
  const files = new Files(new MemoryFs(), { ...clock, nonce: () => 'n' });
  await writeBatch(files, paths, []);
  await expect(writeBatch(files, paths, entries)).rejects.toThrow(
    new Error('bug: the batch id batch_001700000000000_n came twice'),
  );
});

it('a batch that cannot be read is reported with what to inspect', async () => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.batches]);
  await linkRegister(files, paths.batch('batch_x'), bytesOf('{'));
  expect(await toldBy(() => readBatchOf(files, paths, 'cmd_x'))).toEqual({
    code: 'PAWL_REGISTRY_INVALID',
    kind: 'terminal',
    message: 'The batch batch_x cannot be read.',
    subject: 'batch_x',
    hint: 'Look at what changed this file.',
    actions: [],
    cause: undefined,
  });
});

it.each([
  ['no JSON', '{'],
  ['no object', '[]'],
  ['another version', { v: 2 }],
  ['another id', { batchId: 'batch_b' }],
  ['no time', { atMs: '1' }],
  ['a time before all times', { atMs: -1 }],
  ['no entries', { entries: {} }],
])('a batch with %s is none', async (_what, change) => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.batches]);
  const whole = { v: 1, batchId: 'batch_a', atMs: 0, entries: [] };
  const bytes = typeof change === 'string' ? bytesOf(change) : jsonBytes({ ...whole, ...change });
  await linkRegister(files, paths.batch('batch_a'), bytes);
  expect(await listUnfinishedBatches(files, paths)).toEqual({ batches: [], unreadable: ['batch_a.json'] });
});

it('outcomes that are no list are none', async () => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.batches]);
  await linkRegister(
    files,
    paths.batch('batch_a'),
    jsonBytes({ v: 1, batchId: 'batch_a', atMs: 0, entries: [], outcomes: 'x' }),
  );
  expect(await readBatchOf(files, paths, 'cmd_a')).toEqual({
    batchId: 'batch_a',
    atMs: 0,
    entries: [],
    outcomes: null,
  });
});

it('of the names in the folder only those count that end in .json, and only their own mark makes them done', async () => {
  const files = new Files(new MemoryFs(), { ...clock, nonce: () => 'a.json' });
  const id = await writeBatch(files, paths, entries);
  expect(id).toBe('batch_001700000000000_a.json');
  for (const name of ['a.json.done', 'notes.txt', 'xjson', 'a.done.json']) {
    files.fs.close(files.fs.open(`${paths.batches}/${name}`, 'wx+'));
  }
  files.fs.close(files.fs.open(`${paths.batches}/batch_001700000000000_a.done.json`, 'wx+'));
  files.fs.close(files.fs.open(`${paths.batches}/-x y.json`, 'wx+'));
  const { batches, unreadable } = await listUnfinishedBatches(files, paths);
  expect(batches.map(({ batchId }) => batchId)).toEqual([id]);
  expect(unreadable).toEqual(['-x y.json', 'a.done.json', 'batch_001700000000000_a.done.json']);
  markBatchDone(files, paths, id);
  expect((await listUnfinishedBatches(files, paths)).batches).toEqual([]);
});

it('looking at batches syncs their folder where one is found, and only there', async () => {
  const fs = new FaultFs(new MemoryFs());
  const files = filesOver(fs);
  expect(await listUnfinishedBatches(files, paths)).toEqual({ batches: [], unreadable: [] });
  expect(await readBatchOf(files, paths, 'cmd_a')).toBeNull();
  await files.ensureFolders([paths.batches]);
  const syncs = async (body: () => unknown): Promise<number> => {
    const before = fs.countOf('sync');
    await body();
    return fs.countOf('sync') - before;
  };
  expect(await syncs(() => listUnfinishedBatches(files, paths))).toBe(0);
  await writeBatch(files, paths, entries, { commandId: 'cmd_a', outcomes: [] });
  expect(await syncs(() => listUnfinishedBatches(files, paths))).toBe(1);
  expect(await syncs(() => readBatchOf(files, paths, 'cmd_a'))).toBe(1);
});

it('a mark that cannot be made is reported with its path; our own bugs pass through', async () => {
  const fs = new FaultFs(new MemoryFs(), { ops: ['open'], at: 1, fault: { code: 'EACCES' } });
  expect(await toldBy(() => markBatchDone(filesOver(fs), paths, 'batch_a'))).toMatchObject({
    code: 'PAWL_STORE_PERMISSION',
    message: 'could not create /r/batches/batch_a.done: EACCES',
  });
  const memory = new MemoryFs();
  memory.onCall = () => {
    throw new TypeError('a bug');
  };
  expect(() => markBatchDone(filesOver(memory), paths, 'batch_a')).toThrow(TypeError);
});
