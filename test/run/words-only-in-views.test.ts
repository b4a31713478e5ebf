/** The words of blockers are made by views alone: whatever the catalogue says, no state and no blocker of the world is another. */

import { afterEach, expect, it, vi } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { AGENT_WORDS } from '../../src/blockers/agent-words.ts';
import { GIT_WORDS } from '../../src/blockers/git-words.ts';
import { PLACE_WORDS } from '../../src/blockers/place-words.ts';
import { TASK_WORDS } from '../../src/blockers/task-words.ts';
import { snapshotOf, stateHash } from '../../src/kernel/image.ts';
import { explore } from '../../src/prove/model/graph.ts';
import { judgeGate } from '../../src/run/gate-evidence.ts';
import { viewOf } from '../../src/run/run-view.ts';
import { type RunState, runSystem } from '../../src/run/system.ts';
import { PATH_FACETS } from '../support/simple-paths.ts';
import { conclusionOf } from '../support/told-ends.ts';

/** From now on the catalogue says something else of everything. */
function reword(): void {
  for (const entries of [PLACE_WORDS, GIT_WORDS, AGENT_WORDS, TASK_WORDS]) {
    for (const entry of Object.values(entries)) {
      vi.spyOn(entry, 'words').mockReturnValue({ message: 'Reworded.', hint: 'Do it otherwise.' });
    }
  }
}

afterEach(() => void vi.restoreAllMocks());

/** Every state that a run can reach in small worlds, by its hash, and all that is shown of its blockers. */
function walked(): { readonly hashes: readonly string[]; readonly shown: readonly string[] } {
  const nodes = PATH_FACETS.flatMap(({ world }) => [...explore(world).nodes.values()]);
  const hashes = nodes.flatMap(({ state, edges }) => [state, ...edges.map((edge) => edge.state)].map(hashOf));
  const views = nodes.map(({ state }) =>
    viewOf('run_x', snapshotOf(runSystem, state, '', '').actors, { seq: 1, updatedAtMs: 1 }),
  );
  return { hashes, shown: views.flatMap(({ blockers }) => blockers.map(({ message }) => message)) };
}

function hashOf(state: RunState): string {
  return stateHash(runSystem, state, sha256);
}

/** What the core itself makes of ends and verdicts. */
function made(): string {
  const ended = conclusionOf({
    purpose: 'fix',
    completion: 'file',
    exit: { code: 3, signal: null },
    reading: { kind: 'invalid', reason: 'no status' },
    forced: null,
    orphanResult: 'lost',
  });
  const { blocker } = judgeGate({
    ...{ gate: 'review', taskId: 'review-e1-a1', epoch: 1, by: 'critic', commit: 'c', tree: 't', answer: null },
    ...{ outcome: { exitCode: 0, signal: null }, told: 'done', obstacle: null },
    worktree: { head: 'd', isOnBranch: true, tree: 't', trackedChanges: [], untracked: [] },
  });
  return canonicalJson({ cause: ended.cause, blocker });
}

it('another wording changes what is shown and nothing that is kept', () => {
  const before = { ...walked(), made: made() };
  reword();
  const after = { ...walked(), made: made() };
  expect(before.shown.length).toBeGreaterThan(20);
  expect(before.shown).not.toContain('Reworded.');
  expect(new Set(after.shown)).toEqual(new Set(['Reworded.']));
  expect(after.hashes).toEqual(before.hashes);
  expect(after.made).toBe(before.made);
});
