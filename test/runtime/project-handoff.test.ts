/** The last look before a handoff: what is stored for the commit is what both gates judged, or the run is not handed off. */
import { expect, it } from 'vitest';
import type { RunView } from '../../src/core/run-view.ts';
import type { GitPort } from '../../src/ports/git.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SimMachine } from '../../src/prove/sim/sim-world.ts';
import { Driver } from '../../src/runtime/driver.ts';
import { simEntries } from '../support/sim-run.ts';

async function drivenWith(changes: (git: GitPort) => Partial<GitPort>): Promise<RunView | null> {
  const world = new SimMachine(new MemoryFs(), {}).boot();
  const driver = new Driver(
    { ...world, git: { ...world.git, ...changes(world.git) } },
    { maxParallel: 1, agentOverride: null },
  );
  await driver.open();
  const [runId = ''] = simEntries(1).map((entry) => driver.create(entry).runId);
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

it('a commit that has another tree than a gate judged is not, and the gate is named', async () => {
  const tree = 'd'.repeat(40);
  const view = await drivenWith(() => ({ storedContent: async () => ({ kind: 'whole', tree }) }));
  expect(view).toMatchObject({ state: 'blockedNeedsHuman', blockers: [{ code: 'PAWL_HANDOFF_REFUSED' }] });
  expect(view?.blockers[0]?.message).toMatch(/has the tree d{40}; the verification has judged [0-9a-f]{40}/);
});

it.each([
  ['on no branch', { branch: null }, 'taken off its branch'],
  ['on another branch', { branch: 'another' }, 'taken off its branch'],
  ['at another commit', { head: 'e'.repeat(40) }, 'The head moved'],
  ['with a changed file', { tree: null, trackedChanges: ['x'] }, 'A tracked file was changed'],
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
