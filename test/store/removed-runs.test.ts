/** What is left of a run once its folder was removed. */
import { describe, expect, it } from 'vitest';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { listRemovals, noteCleaned, readCleaned, readRemoval, recordRemoval } from '../../src/store/removed-runs.ts';
import { bytesOf, filesOver } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const RUN = {
  runId: 'run_A',
  taskId: 'A',
  state: 'readyForManualReview',
  branch: 'work/a',
  baseCommit: 'a'.repeat(40),
  headCommit: null,
  spent: { tokens: 5, usd: 0.25, isEstimate: true },
  endedAtMs: 100,
  removedAtMs: 200,
  by: 'ann',
};

async function fresh(): Promise<ReturnType<typeof filesOver>> {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.root, paths.removed, paths.run('run_A')]);
  return files;
}

/** What is read where the register holds `text`. */
async function readOf(text: string): Promise<ReturnType<typeof readRemoval>> {
  const files = await fresh();
  await files.writeDurable(paths.removal('run_A'), bytesOf(text));
  return readRemoval(files, paths, 'run_A');
}

describe('a run whose folder was removed', () => {
  it('is known with all that was recorded, and the first record stands', async () => {
    const files = filesOver(new MemoryFs());
    await files.ensureFolders([paths.root]);
    await recordRemoval(files, paths, RUN);
    await recordRemoval(files, paths, { ...RUN, state: 'cancelled' });
    expect(readRemoval(files, paths, 'run_A')).toEqual({ ...RUN, v: 1 });
  });

  it('is listed with the others by their ids; what is no register is passed over', async () => {
    const files = await fresh();
    for (const runId of ['run_B', 'run_A']) await recordRemoval(files, paths, { ...RUN, runId });
    await files.writeDurable(`${paths.removed}/notes.txt`, bytesOf('x'));
    expect(listRemovals(files, paths).map(({ runId }) => runId)).toEqual(['run_A', 'run_B']);
  });

  it('is not known under an id that no run can have, or of which nothing was removed', async () => {
    const files = await fresh();
    expect(readRemoval(files, paths, '../x')).toBeNull();
    expect(readRemoval(files, paths, 'run_B')).toBeNull();
  });

  it('counts as removed though its register cannot be read', async () => {
    const nothing = {
      v: 1,
      runId: 'run_A',
      taskId: 'run_A',
      state: 'cancelled',
      branch: '',
      baseCommit: null,
      headCommit: null,
      spent: { tokens: 0, usd: 0, isEstimate: false },
      endedAtMs: 0,
      removedAtMs: 0,
      by: '',
    };
    const wrong = {
      taskId: 1,
      state: null,
      branch: [],
      baseCommit: 2,
      spent: { tokens: -1, usd: '3', isEstimate: 'yes' },
      endedAtMs: -1,
      removedAtMs: 1.5,
      by: {},
    };
    for (const text of ['{', '[]', '{}', '{"spent": 3}', JSON.stringify(wrong)])
      expect(await readOf(text)).toEqual(nothing);
    expect((await readOf('{"spent":{"tokens":0,"usd":7}}'))?.spent).toEqual({ tokens: 0, usd: 7, isEstimate: false });
  });
});

describe('the note on a run whose worktree was removed', () => {
  const read = async (text: string): Promise<ReturnType<typeof readCleaned>> => {
    const files = await fresh();
    await files.writeDurable(paths.cleaned('run_A'), bytesOf(text));
    return readCleaned(files, paths, 'run_A');
  };

  it('stands as it was made first', async () => {
    const files = await fresh();
    expect(readCleaned(files, paths, 'run_A')).toBeNull();
    await noteCleaned(files, paths, 'run_A', { atMs: 5, by: 'ann', rescueRef: 'refs/r' });
    await noteCleaned(files, paths, 'run_A', { atMs: 6, by: 'bob', rescueRef: null });
    expect(readCleaned(files, paths, 'run_A')).toEqual({ v: 1, atMs: 5, by: 'ann', rescueRef: 'refs/r' });
  });

  it('says nothing where it cannot be read', async () => {
    for (const text of ['{', '{"v":2,"atMs":1,"by":"a"}', '{"v":1,"atMs":-1,"by":"a"}', '{"v":1,"atMs":1}'])
      expect(await read(text)).toBeNull();
    expect(await read('{"v":1,"atMs":1,"by":"a","rescueRef":5}')).toEqual({ v: 1, atMs: 1, by: 'a', rescueRef: null });
  });
});
