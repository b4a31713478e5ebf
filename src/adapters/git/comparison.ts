/**
 * What differs between two commits, for a person to read.
 *
 * Owns: the call of git, and what a commit that is gone means. Does not own: reading the patch (scm/patch-reading), which commits (app/comparing).
 *
 * Invariant: no program, filter, converter or attribute that the repository names has a say in what is shown.
 */

import { blockerError } from '../../blockers/blocker-error.ts';
import { blocker } from '../../model/blocker.ts';
import type { PawlError } from '../../model/error.ts';
import { PatchReader, type PatchReading } from '../../scm/patch-reading.ts';
import { shown } from './git-environment.ts';
import { PATCH_FLAGS } from './inspection.ts';
import { commitOf, type GitContext, inRepository } from './worktree.ts';

/** Binary patches and whole blob names are for programs. */
const FOR_PROGRAMS = ['--binary', '--full-index'];

/** The patch from `base` to `head`, both full commit names, its first `linesMax` lines kept. Throws PAWL_GIT_FAILED for a commit that is gone. */
export async function compareCommits(
  git: GitContext,
  base: string,
  head: string,
  linesMax: number,
): Promise<PatchReading> {
  for (const commit of [base, head]) if ((await commitOf(git, commit)) === null) throw gone(git, commit);
  const reader = new PatchReader(linesMax);
  // Attributes could call any file binary and so hide what changed in it: every file is text here, and its bytes tell.
  const flags = [...PATCH_FLAGS.filter((flag) => !FOR_PROGRAMS.includes(flag)), '--text'];
  const settings = ['-c', 'core.quotePath=false', '-c', 'diff.suppressBlankEmpty=false', '-c', 'diff.noprefix=false'];
  const args = [...settings, 'diff', ...flags, base, head, '--'];
  await git.run(inRepository(git, args, { isRead: true, onBytes: (chunk) => reader.take(chunk) }));
  return reader.end();
}

/** The commit that a branch is at now; null when there is no such branch. */
export function branchCommit(git: GitContext, branch: string): Promise<string | null> {
  return commitOf(git, `refs/heads/${branch}`);
}

function gone(git: GitContext, commit: string): PawlError {
  const params = { reason: 'commitGone', commit, repository: shown(git.repository) } as const;
  const failed = blocker('PAWL_WORKSPACE_FAILED', params, [commit]);
  return blockerError(failed, { code: 'PAWL_GIT_FAILED', subject: commit });
}
