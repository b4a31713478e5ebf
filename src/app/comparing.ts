/**
 * What git says about a run's commits and branch, asked by a process that holds no lock.
 *
 * Owns: leaving the comparison out if git cannot answer. Does not own: asking git (adapters/git/comparison), reading the patch
 * (scm/patch-reading), which commits are compared (cli/commands).
 */
import { branchCommit, compareCommits } from '../adapters/git/comparison.ts';
import { openGit } from '../adapters/git/git.ts';
import { PawlError } from '../model/error.ts';
import type { RunStory } from '../run/run-story.ts';
import type { PatchReading } from '../scm/patch-reading.ts';
import { gitHere } from './git-here.ts';
import type { Places } from './options.ts';

/** What a run has changed. */
export interface RunChange {
  /** From the base to the last recorded commit; null before there is one, or when it cannot be compared. */
  readonly change: PatchReading | null;
  /** Why it cannot be compared; null when it can, or when there is nothing to compare. */
  readonly changeProblem: string | null;
  /** Where the branch is now; null when there is none, undefined where git could not tell. */
  readonly branchCommit: string | null | undefined;
}

/** The difference from `base` to `head`, its first `linesMax` lines kept. Throws PAWL_GIT_FAILED for a commit that is gone. */
export function difference(places: Places, base: string, head: string, linesMax: number): Promise<PatchReading> {
  return compareCommits(openGit(gitHere(places, null)), base, head, linesMax);
}

/** What the run has changed, only in figures, and where its branch is. */
export async function changeOf(places: Places, story: RunStory): Promise<RunChange> {
  const { branch, baseCommit, headCommit } = story;
  const git = openGit(gitHere(places, null));
  let nowAt: string | null | undefined;
  try {
    nowAt = branch === '' ? null : await branchCommit(git, branch);
    const isChanged = baseCommit !== null && headCommit !== null;
    const change = isChanged ? await compareCommits(git, baseCommit, headCommit, 0) : null;
    return { change, changeProblem: null, branchCommit: nowAt };
  } catch (error) {
    if (!(error instanceof PawlError) || error.code !== 'PAWL_GIT_FAILED') throw error;
    return { change: null, changeProblem: error.message, branchCommit: nowAt };
  }
}
