/**
 * A ref of ours whose file a power cut has left without content: git can neither read nor write it then.
 *
 * Owns: the run's own branch and its rescue refs, mended. Does not own: worktrees (damaged-worktree).
 *
 * Invariant: a file that has content is never touched, and no ref but the one that is named.
 */
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isThereBlank } from './damaged-worktree.ts';
import { replaceFile, smallTextOf } from './git-files.ts';
import { commitOf, type GitContext, inRepository } from './worktree.ts';

/** A ref that only Pawl makes does not stand half-written: it is as if it had never been made. */
export function dropBlankRef({ commonDir }: GitContext, ref: string): void {
  const file = join(commonDir, ref);
  if (isThereBlank(file)) rmSync(file);
}

/**
 * The run's branch has a commit again, if its file has lost it or is gone: the last one that its own log names, else `known`; with neither it is
 * as if the branch had never been made.
 */
export async function mendBranch(git: GitContext, branch: string, known: string | null): Promise<void> {
  const ref = `refs/heads/${branch}`;
  const file = join(git.commonDir, ref);
  if (!isThereBlank(file)) {
    if (known === null || (await commitOf(git, ref)) !== null) return;
    const made = (await lastLogged(git, ref)) ?? known;
    const make = ['update-ref', '-m', 'pawl: branch of a run', ref, made, ''];
    // Somebody else has made it, or a branch that stands in its way: that is for those who ask for it next.
    await git.run(inRepository(git, make, { answers: [0, 128] }));
    return;
  }
  const commit = (await lastLogged(git, ref)) ?? known;
  if (commit === null) return rmSync(file);
  // Not by git, which refuses to lock such a ref; and not beside it, where git would take the new file for a branch.
  const made = join(git.commonDir, `pawl-ref-${randomBytes(6).toString('hex')}`);
  replaceFile(made, `${commit}\n`, 0o644);
  renameSync(made, file);
}

/** The commit that the log of `ref` was led to last, if it can be read. */
async function lastLogged(git: GitContext, ref: string): Promise<string | null> {
  const log = smallTextOf(join(git.commonDir, 'logs', ref)) ?? '';
  const [, last = null] = /^[0-9a-f]{40,64} ([0-9a-f]{40,64}) /.exec(log.trimEnd().split('\n').at(-1) ?? '') ?? [];
  return last === null ? null : commitOf(git, last);
}
