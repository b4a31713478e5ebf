/** The last look before a handoff: what is stored for the commit is what both gates judged, or the run is not handed off. */
import { expect, it } from 'vitest';
import { Driver } from '../../../src/engine/driver.ts';
import type { World } from '../../../src/engine/world.ts';
import type { GitPort } from '../../../src/ports/git.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import type { RunView } from '../../../src/run/run-view.ts';
import { SimMachine } from '../../support/sim-machine.ts';
import { createRuns, simEntries } from '../../support/sim-run.ts';

async function drivenWith(
  changes: (git: GitPort) => Partial<GitPort>,
  onProjection: () => void = () => undefined,
): Promise<RunView | null> {
  const world = await new SimMachine(new MemoryFs(), {}).boot();
  const git = { ...world.git, ...changes(world.git) };
  const scm: World['scm'] = (folder) => ({
    ...world.scm(folder),
    project: (bundle) => {
      onProjection();
      return world.scm(folder).project(bundle);
    },
  });
  const driver = new Driver({ ...world, git, scm }, { maxParallel: 1, agentOverride: null });
  await driver.open();
  const [runId = ''] = await createRuns(driver, simEntries(1));
  await driver.drive([runId]);
  const view = driver.view(runId);
  await driver.close();
  return view;
}

it('a commit whose content is whole and has the judged tree is handed off', async () => {
  expect((await drivenWith(() => ({})))?.state).toBe('readyForManualReview');
});

it('a commit with an object that is not what its name says is not', async () => {
  const object = 'd'.repeat(40);
  const view = await drivenWith(() => ({ storedContent: async () => ({ kind: 'damaged', object }) }));
  expect(view).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_GIT_OBJECTS_DAMAGED' }] });
  expect(view?.blockers[0]?.message).toContain(object);
});

it('a commit that a commit graph misrepresents to git is not, and the message says what to delete', async () => {
  const view = await drivenWith((git) => ({
    storedContent: async (commit, base) => {
      expect(await git.treeOf(base)).not.toBe(await git.treeOf(commit));
      return { kind: 'misread', commit };
    },
  }));
  expect(view).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_GIT_OBJECTS_DAMAGED' }] });
  expect(view?.blockers[0]?.message).toContain('objects/info/commit-graph');
});

const OTHER = 'e'.repeat(40);
const WORKED_ON = 'sim/of-SIM-1';

it.each([
  ['a branch that was moved on after the last verdict', { head: OTHER }],
  ['a branch that was removed after it', { head: null }],
  ['a worktree that was moved to another commit', { worktree: { head: OTHER } }],
  ['a worktree that was put on another branch', { worktree: { branch: 'another' } }],
] as const)('%s is not handed off, and nothing is written for it', async (_name, moved) => {
  let projections = 0;
  let isLastLook = false;
  const view = await drivenWith(
    (git) => ({
      branchHead: async (branch) => {
        expect(branch).toBe(WORKED_ON);
        isLastLook = true;
        return 'head' in moved ? moved.head : git.branchHead(branch);
      },
      state: async (worktree) => ({
        ...(await git.state(worktree)),
        ...(isLastLook && 'worktree' in moved ? moved.worktree : {}),
      }),
    }),
    () => {
      projections += 1;
    },
  );
  expect(view).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_HANDOFF_REFUSED' }] });
  expect(view?.gates).toMatchObject({ verification: { status: 'PASS' }, review: { status: 'PASS' } });
  expect(projections).toBe(0);
});

it('a worktree that released its branch keeps no commit at the head of its branch from it', async () => {
  let isLastLook = false;
  const view = await drivenWith((git) => ({
    branchHead: async (branch) => {
      isLastLook = true;
      return git.branchHead(branch);
    },
    state: async (worktree) => ({ ...(await git.state(worktree)), ...(isLastLook ? { branch: null } : {}) }),
  }));
  expect(view?.state).toBe('readyForManualReview');
});

it('a commit that has another tree than a gate judged is not, and the gate is named', async () => {
  const tree = 'd'.repeat(40);
  const view = await drivenWith(() => ({ storedContent: async () => ({ kind: 'whole', tree }) }));
  expect(view).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_HANDOFF_REFUSED' }] });
  expect(view?.blockers[0]?.message).toMatch(/has the tree d{40}; the verification judged [0-9a-f]{40}/);
});

it.each([
  ['on no branch', { branch: null }, 'switched off its branch'],
  ['on another branch', { branch: 'another' }, 'switched off its branch'],
  ['at another commit', { head: 'e'.repeat(40) }, 'The head moved'],
  ['with a changed file', { tree: null, trackedChanges: ['x'] }, 'The verification changed tracked files: x.'],
])('no gate passes in a worktree that is %s when its verdict is taken', async (_name, changed, message) => {
  const view = await drivenWith((git) => ({
    state: async (worktree) => ({ ...(await git.state(worktree)), ...changed }),
  }));
  expect(view?.state).toBe('blockedNeedsHuman');
  expect(view?.gates.verification).toMatchObject({ status: 'FAIL' });
  expect(view?.blockers.map((blocker) => blocker.message).join()).toContain(message);
});

it('a gate does not pass over a worktree that makes another tree than its commit', async () => {
  const view = await drivenWith((git) => ({
    state: async (worktree) => ({ ...(await git.state(worktree)), tree: 'd'.repeat(40) }),
  }));
  expect(view?.state).toBe('blockedNeedsHuman');
  expect(view?.gates.verification).toMatchObject({ status: 'FAIL' });
});
