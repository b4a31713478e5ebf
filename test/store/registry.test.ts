import { expect, it } from 'vitest';
import type { FsPort } from '../../src/ports/fs.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { openRegistry, readRegistry } from '../../src/store/registry.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { forEachMeeting } from './meetings.ts';
import { bytesOf, codeOf, filesOver, forEachCrash } from './store-kit.ts';

const ROOT = '/repo/.pawl';
const paths = new RegistryPaths(ROOT);
const prepare = (fs: MemoryFs): Promise<void> => filesOver(fs).ensureFolders(['/repo']);
/** As a driver does it: taking the lock syncs the folder. */
async function openSettled(fs: FsPort): Promise<string> {
  const files = filesOver(fs);
  const { registryId } = await openRegistry(files, ROOT);
  await files.syncFolder(ROOT);
  return registryId;
}

it('makes the layout once, durably with its lock, and opens the same registry ever after', async () => {
  const memory = new MemoryFs();
  await prepare(memory);
  const fs = new FaultFs(memory);
  const first = await openSettled(fs);
  expect(fs.countOf('sync', 'dataSync')).toBeLessThanOrEqual(4);
  const survivor = memory.crash('nothing');
  expect(survivor.list(ROOT)).toEqual(['batches', 'inbox', 'registry.json', 'runs', 'worktrees']);
  const again = new FaultFs(survivor);
  expect(await openSettled(again)).toBe(first);
  expect(again.countOf('sync', 'dataSync')).toBeLessThanOrEqual(2);
  expect(again.countOf('write', 'makeFolder')).toBe(0);
});

it('is one registry after a crash at any call and a new start', async () => {
  const ways = await forEachCrash<string>(
    prepare,
    async (fs, acknowledged) => acknowledged.push(await openSettled(fs)),
    async (survivor, acknowledged) => {
      const id = await openSettled(survivor);
      if (acknowledged[0] !== undefined) expect(id).toBe(acknowledged[0]);
      expect(await openSettled(survivor.crash('nothing'))).toBe(id);
    },
  );
  expect(ways).toBeGreaterThan(20);
});

it('two processes that make it at once end in one registry', async () => {
  const open = async (fs: MemoryFs): Promise<string> => (await openRegistry(filesOver(fs), ROOT)).registryId;
  const meetings = await forEachMeeting(prepare, open, open, (_fs, first, second) => expect(first).toBe(second));
  expect(meetings).toBeGreaterThan(20);
});

it.each(['{"v":2,"registryId":"x","createdAtMs":1}\n', 'null', '', '{"v":1}\n'])(
  'an unknown version or content is refused and not touched: %s',
  async (content) => {
    const fs = new MemoryFs();
    const files = filesOver(fs);
    await files.ensureFolders([ROOT]);
    await files.writeDurable(paths.registryFile, bytesOf(content));
    expect(await codeOf(() => openRegistry(files, ROOT))).toBe('PAWL_REGISTRY_INVALID');
    expect(await codeOf(() => readRegistry(files, paths))).toBe('PAWL_REGISTRY_INVALID');
    expect(fs.list(ROOT)).toEqual(['registry.json']);
  },
);

it('a file system without hard links is refused when the registry is made', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: ['link'], at: 1, fault: { code: 'EPERM' } });
  await prepare(memory);
  expect(await codeOf(() => openRegistry(filesOver(fs), ROOT))).toBe('PAWL_STORE_NO_LINKS');
});

it('lists the runs, sorted, and nothing else', async () => {
  const fs = new MemoryFs();
  await prepare(fs);
  const files = filesOver(fs);
  const registry = await openRegistry(files, ROOT);
  await files.ensureFolders([paths.run('run_b_2'), paths.run('run_a_1'), `${paths.runs}/other`]);
  expect(registry.listRuns()).toEqual(['run_a_1', 'run_b_2']);
});

it('reading writes nothing, and an absent registry is null', () => {
  const fs = new MemoryFs();
  expect(readRegistry(filesOver(fs), paths)).toBeNull();
  expect(fs.list('/')).toEqual([]);
});

it.each(['../x', '..', '.', '', 'a/b', '/etc', 'a\0b', '.hidden', 'x'.repeat(201)])(
  'no id leads out of its folder: %j',
  async (id) => {
    for (const path of [paths.run, paths.worktree, paths.command, paths.batch, paths.decision]) {
      expect(await codeOf(() => path.call(paths, id))).toBe('PAWL_USAGE');
    }
    expect(await codeOf(() => paths.task('run_a', id))).toBe('PAWL_USAGE');
  },
);

it.each(['src', 'a.txt', '.gitignore'])(
  'a folder that holds %s and no registry.json is not a registry, and not touched',
  async (name) => {
    const fs = new MemoryFs();
    const files = filesOver(fs);
    await files.ensureFolders([paths.root, paths.runs]);
    await files.writeDurable(`${ROOT}/${name}`, bytesOf('mine'));
    expect(await codeOf(() => readRegistry(files, paths))).toBe('PAWL_REGISTRY_INVALID');
    expect(await codeOf(() => openRegistry(files, ROOT))).toBe('PAWL_REGISTRY_INVALID');
    expect(fs.list(ROOT)).toEqual([name, 'runs'].sort());
  },
);

it('a file is not a registry; an empty folder, and one with names of a registry alone, becomes one', async () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  await files.ensureFolders(['/repo/empty', `${ROOT}/runs`, `${ROOT}/trash`]);
  for (const name of ['lock.alive', 'lock.000001', 'released.000001'])
    await files.writeDurable(`${ROOT}/${name}`, bytesOf(''));
  await files.writeDurable('/repo/file', bytesOf('mine'));
  expect(await codeOf(() => openRegistry(files, '/repo/file'))).toBe('PAWL_REGISTRY_INVALID');
  expect(await codeOf(() => readRegistry(files, new RegistryPaths('/repo/file')))).toBe('PAWL_REGISTRY_INVALID');
  for (const root of ['/repo/empty', ROOT]) {
    expect(readRegistry(files, new RegistryPaths(root))).toBeNull();
    expect((await openRegistry(files, root)).registryId).not.toBe('');
  }
});
