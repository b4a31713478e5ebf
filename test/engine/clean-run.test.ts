/** A run is cleaned in an order that loses nothing, wherever it is cut off. */
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syncDisks } from '../../src/adapters/disk-sync.ts';
import { openGit } from '../../src/adapters/git/git.ts';
import { createWorktreeRemover } from '../../src/adapters/git/removal.ts';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { createTrash } from '../../src/adapters/trash.ts';
import { type CleanRequest, type CleanTools, cleanRun, lookAtLeftovers } from '../../src/engine/clean-run.ts';
import { lookAtRun } from '../../src/engine/run-look.ts';
import { nextRunId } from '../../src/packets/packet-run-id.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { listRemovals, readCleaned, readRemoval } from '../../src/store/removed-runs.ts';
import { createFixture, type Fixture, RUN_ID } from '../git/git-fixture.ts';
import { WrittenRun } from '../inspector/registry-kit.ts';

const ALL: CleanRequest = { removesFolders: true, keepsBranches: false, liveBranches: new Set() };
const WORKTREE: CleanRequest = { ...ALL, removesFolders: false };

let fixture: Fixture;
let view: RunView;
let paths: RegistryPaths;
const plain = new Files(nodeFs, systemClock);
const backup = (): string => join(fixture.repo.root, 'backup');

beforeAll(async () => {
  fixture = createFixture();
  await fixture.git.prepareWorkspace(fixture.spec());
  fixture.put('only-here.txt', 'work\n');
  paths = new RegistryPaths(join(fixture.repo.path, '.pawl'));
  const run = new WrittenRun(paths.root, RUN_ID);
  run.append(100);
  run.snapshot();
  const seen = await lookAtRun({ files: plain, paths }, RUN_ID);
  if (seen === null) throw new Error('no run');
  view = seen;
  cpSync(fixture.repo.path, backup(), { recursive: true });
});
afterAll(() => fixture.repo.remove());

/** Everything as it was before anything was cleaned. */
function restore(): void {
  rmSync(fixture.repo.path, { recursive: true, force: true });
  cpSync(backup(), fixture.repo.path, { recursive: true });
}

class Cut extends Error {}

/** Tools that are cut off at the call `at`. What they did is in `calls`. */
function tools(at = Number.POSITIVE_INFINITY): CleanTools & { readonly calls: string[] } {
  const calls: string[] = [];
  const watched = <T extends object>(name: string, port: T, isCounted: (method: string) => boolean): T =>
    new Proxy(port, {
      get: (target, method) => {
        const call: unknown = Reflect.get(target, method);
        if (typeof call !== 'function' || !isCounted(String(method))) return call;
        return (...args: unknown[]) => {
          calls.push(`${name}.${String(method)}`);
          if (calls.length >= at) throw new Cut();
          return Reflect.apply(call, target, args);
        };
      },
    });
  const fs: FsPort = watched('fs', nodeFs, (method) => method === 'link');
  const files = new Files(fs, systemClock, [paths.root, paths.runs, paths.run(RUN_ID)]);
  const { path, environment } = fixture.repo;
  const git = createWorktreeRemover(openGit({ repository: path, helperFd: null, environment, syncDisks }));
  const trash = createTrash(
    paths.trash,
    () => systemClock.nonce(),
    (folder) => files.syncFolder(folder),
  );
  return {
    ...{ files, paths, clock: systemClock, by: 'ann', calls },
    git: watched('git', git, () => true),
    trash: watched('trash', trash, (method) => method === 'take'),
  };
}

const rescued = (): string => fixture.repo.git(['for-each-ref', '--format=%(refname)', 'refs/pawl/rescue']);
const ref = `refs/pawl/rescue/${RUN_ID}/clean`;

describe('a run that has ended', () => {
  test('loses its worktree; its folder stays, with a note of where its work is kept', async () => {
    restore();
    const found = await lookAtLeftovers(tools(), view, WORKTREE);
    expect(existsSync(fixture.worktree)).toBe(true);
    const done = await cleanRun(tools(), view, WORKTREE);
    expect(found).toMatchObject({ worktree: 'ours', removesFolder: false, rescueRef: null });
    expect(done).toMatchObject({ worktree: 'ours', rescueRef: ref, worktreeBytes: found.worktreeBytes });
    expect(existsSync(fixture.worktree)).toBe(false);
    expect(readCleaned(plain, paths, RUN_ID)).toMatchObject({ by: 'ann', rescueRef: ref });
    expect((await lookAtRun({ files: plain, paths }, RUN_ID))?.state).toBe(view.state);
    expect(await cleanRun(tools(), view, WORKTREE)).toMatchObject({ worktree: 'absent', rescueRef: ref });
  });

  test('that has not ended, or is set aside, is never cleaned', async () => {
    for (const other of [
      { kind: 'active' },
      { kind: 'blocked' },
      { kind: 'quarantined', state: 'quarantined' },
      { state: 'quarantined' },
    ] as const) {
      const fresh = tools();
      await expect(cleanRun(fresh, { ...view, ...other }, ALL)).rejects.toThrow('bug');
      expect(fresh.calls).toEqual([]);
    }
  });

  test('keeps its folder when its worktree has to stay', async () => {
    restore();
    rmSync(fixture.admin, { recursive: true });
    expect(await cleanRun(tools(), view, ALL)).toMatchObject({ worktree: 'foreign', removesFolder: false });
    expect([existsSync(fixture.worktree), existsSync(paths.run(RUN_ID))]).toEqual([true, true]);
    expect(listRemovals(plain, paths)).toEqual([]);
  });

  test('is taken to have ended as it did once its folder is gone, also by a register that cannot be read', async () => {
    restore();
    await cleanRun(tools(), view, ALL);
    expect(existsSync(paths.run(RUN_ID))).toBe(false);
    expect(listRemovals(plain, paths)).toMatchObject([
      { runId: RUN_ID, state: view.state, endedAtMs: view.updatedAtMs, spent: view.spent, by: 'ann' },
    ]);
    const damaged = nextRunId(RUN_ID, 2);
    await plain.writeDurable(paths.removal(damaged), new TextEncoder().encode('{'));
    expect(readRemoval(plain, paths, damaged)).toMatchObject({ runId: damaged });
    expect(readRemoval(plain, paths, '../x')).toBeNull();
  });
});

describe('cut off anywhere and begun again', { timeout: 300_000 }, () => {
  test('it loses nothing, shows nothing half, and ends in the same place', async () => {
    restore();
    const whole = tools();
    await cleanRun(whole, view, ALL);
    expect(whole.calls).toEqual(
      expect.arrayContaining(['git.keep', 'fs.link', 'trash.take', 'git.forget', 'git.dropBranch']),
    );
    for (const [n, call] of whole.calls.entries()) {
      restore();
      const cut = tools(n + 1);
      const where = `cut off before ${call} (${n + 1})`;
      await expect(cleanRun(cut, view, ALL), where).rejects.toBeInstanceOf(Cut);
      const isWorktreeGone = !existsSync(fixture.worktree);
      const isFolderGone = !existsSync(paths.run(RUN_ID));
      if (isWorktreeGone) expect(rescued(), where).toBe(ref);
      if (isFolderGone) expect(readRemoval(plain, paths, RUN_ID), where).not.toBeNull();
      else expect((await lookAtRun({ files: plain, paths }, RUN_ID))?.state, where).toBe(view.state);
      if (!isFolderGone) await cleanRun(tools(), view, ALL);
      const { trash, git } = tools();
      await trash.empty();
      expect(await git.look(fixture.worktree), where).toBe('absent');
      expect([rescued(), existsSync(paths.run(RUN_ID)), readdirSync(paths.trash)], where).toEqual([ref, false, []]);
      expect(fixture.repo.git(['show', `${ref}:only-here.txt`]), where).toBe('work');
      expect(readRemoval(plain, paths, RUN_ID), where).toMatchObject({ state: view.state });
    }
  });
});
