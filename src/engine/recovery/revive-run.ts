/**
 * Makes a failed run live again, so that a person's retry can continue it.
 *
 * Owns: whether that is allowed: what the run released at its end must still be available. Does not own: the retry itself (machines), putting its worktree in place
 * (engine/effects/request-task), the run's place in the driver.
 *
 * Invariants: 1. A refusal changes nothing. 2. The branch of a run that has ended is the user's: one that has moved since is not touched.
 */
import { hasEnded } from '../../run/run-end.ts';
import type { RunView } from '../../run/run-view.ts';
import { readCleaned } from '../../store/removed-runs.ts';
import type { Driver } from '../driver.ts';

/** Why that failed run cannot continue, in a sentence; null when it can. Throws PAWL_GIT_FAILED. */
export async function whyNotRevived(driver: Driver, view: RunView): Promise<string | null> {
  const { world } = driver;
  const { runId, branch, headCommit, removedAtMs } = view;
  const again = 'Submit its packet with --again instead.';
  if (removedAtMs !== undefined) return `Its folder was removed. ${again}`;
  if (readCleaned(world.files, world.paths, runId) !== null) return `Its worktree was removed. ${again}`;
  const other = driver.runs().find(({ state }) => !hasEnded(state.root) && state.root.context.branch === branch);
  if (other !== undefined) return `${other.runId} works on its branch ${branch} now.`;
  const head = branch === '' ? null : await world.git.branchHead(branch);
  if (head === null || headCommit === null || head === headCommit) return null;
  return `Its branch ${branch} has moved since it ended: from ${headCommit.slice(0, 12)} to ${head.slice(0, 12)}. ${again}`;
}
