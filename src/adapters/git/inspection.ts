/**
 * Reading a worktree and its history without changing either.
 *
 * Owns: the state of a worktree, commits and files between two commits, the patch hash.
 * Does not own: judging them (run).
 *
 * Invariants: 1. Lists are bounded by BOUNDS.filesListed, whatever an agent has left (L9). 2. Nothing is written, not even a refreshed index.
 */

import { createHash } from 'node:crypto';
import { BOUNDS } from '../../model/limits.ts';
import { ANSWER_FOLDER } from '../../model/request.ts';
import type { AddedLines, CommitRecord, WorktreeState } from '../../ports/git.ts';
import { inOwn, takeEntries, withOwnGit } from './own-git.ts';
import { gitFailure, pathStream } from './run-git.ts';
import { type GitContext, inAdministration, inRepository, type Worktree } from './worktree.ts';

/** Commits listed between two commits. */
const COMMITS_LISTED = 200;

/**
 * What is checked out in `worktree` and what differs from it; at most BOUNDS.filesListed paths of each sort, a wholly untracked folder as one path
 * with a slash at its end. `head` is empty when no commit is checked out.
 */
export async function worktreeState(git: GitContext, worktree: Worktree): Promise<WorktreeState> {
  const trackedChanges: string[] = [];
  const untracked: string[] = [];
  const keep = (list: string[], path: string): void => {
    if (list.length < BOUNDS.filesListed) list.push(path);
  };
  const onBytes = pathStream((entry) => {
    if (entry.startsWith('1 ')) keep(trackedChanges, afterFields(entry, 8));
    else if (entry.startsWith('u ')) keep(trackedChanges, afterFields(entry, 10));
    else if (entry.startsWith('? ')) keep(untracked, entry.slice(2));
  });
  const stands = await whereItStands(git, worktree);
  const args = ['status', '--porcelain=v2', '-z', '--no-renames'];
  // Of a submodule only its commit can be part of the work: dirt inside of it is not seen by `add` either.
  const scope = ['--untracked-files=normal', '--ignore-submodules=dirty'];
  const paths = ['--', ':/', `:(top,exclude,literal)${ANSWER_FOLDER}`];
  await withOwnGit(git.run, worktree, stands?.head ?? null, async (own) => {
    const entries = await takeEntries(own);
    if (!entries.isRead) throw gitFailure(['ls-files'], worktree.path, entries.reason);
    await git.run(inOwn(own, [...args, ...scope, ...paths], { isRead: true, onBytes }));
  });
  return {
    head: stands?.head ?? '',
    branch: stands?.branch ?? null,
    tree: trackedChanges.length === 0 ? (stands?.tree ?? null) : null,
    trackedChanges: trackedChanges.sort(),
    untracked: untracked.sort(),
  };
}

/** The commit checked out, its tree, and the branch; null when there is no commit. */
async function whereItStands(
  git: GitContext,
  worktree: Worktree,
): Promise<{ readonly head: string; readonly tree: string; readonly branch: string | null } | null> {
  const args = ['rev-parse', 'HEAD^{commit}', 'HEAD^{tree}', '--symbolic-full-name', 'HEAD'];
  const output = await git.run(inAdministration(git, worktree, args, { answers: [0, 128], isRead: true }));
  const [head = '', tree = '', ref = ''] = output.text.split('\n');
  if (output.exitCode !== 0) return null;
  return { head, tree, branch: ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null };
}

/** What follows the n-th blank: a path may hold blanks itself. */
function afterFields(entry: string, fields: number): string {
  let at = 0;
  for (let n = 0; n < fields; n += 1) at = entry.indexOf(' ', at) + 1;
  return entry.slice(at);
}

/** Commits from `base` (excluded) to `head`, oldest first, the newest 200 of them. */
export async function commitsBetween(git: GitContext, base: string, head: string): Promise<CommitRecord[]> {
  const args = ['log', '-z', '--reverse', '-n', String(COMMITS_LISTED), '--format=%H%x00%s', `${base}..${head}`, '--'];
  const output = await git.run(inRepository(git, args, { isRead: true }));
  const fields = output.text.split('\0');
  const records: CommitRecord[] = [];
  for (let n = 0; n + 1 < fields.length; n += 2) {
    records.push({ commit: fields[n] ?? '', subject: fields[n + 1] ?? '' });
  }
  return records;
}

/** Paths that differ between two commits (a rename counts as both), in git's order, the first BOUNDS.filesListed, and the number of all. */
export async function filesBetween(
  git: GitContext,
  base: string,
  head: string,
): Promise<{ readonly files: string[]; readonly count: number }> {
  const files: string[] = [];
  let count = 0;
  await eachPathBetween(git, base, head, (path) => {
    count += 1;
    if (files.length < BOUNDS.filesListed) files.push(path);
  });
  return { files, count };
}

/**
 * Every path that differs between two commits, in git's order: both names of a rename, deleted files, changed modes, the paths of submodules
 * whose commit has moved.
 */
export async function eachPathBetween(
  git: GitContext,
  base: string,
  head: string,
  onPath: (path: string) => void,
): Promise<void> {
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none', base, head, '--'];
  await git.run(inRepository(git, args, { isRead: true, onBytes: pathStream(onPath) }));
}

/** Lines that `head` has and `base` has not, by file, the first BOUNDS.filesListed pieces. */
export async function addedBetween(
  git: GitContext,
  worktree: Worktree,
  base: string,
  head: string,
): Promise<AddedLines[]> {
  const added: AddedLines[] = [];
  let file = '';
  let rest = '';
  const take = (line: string): void => {
    if (line.startsWith('+++ b/')) file = line.slice('+++ b/'.length).replace(/\t$/, '');
    const hunk = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line);
    if (hunk === null || added.length >= BOUNDS.filesListed) return;
    const first = Number(hunk[1]);
    const count = Number(hunk[2] ?? 1);
    if (count > 0) added.push({ file, first, last: first + count - 1 });
  };
  const decoder = new TextDecoder();
  const onBytes = (chunk: Uint8Array): void => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, BOUNDS.lineBytes);
    for (const line of lines) take(line);
  };
  const args = ['-c', 'core.quotePath=false', 'diff', ...PATCH_FLAGS, '--unified=0', base, head, '--'];
  await withOwnGit(git.run, worktree, head, (own) => git.run(inOwn(own, args, { isRead: true, onBytes })));
  return added;
}

/** What a user's configuration could change in a patch, set to git's defaults. */
export const PATCH_FLAGS: readonly string[] = [
  '--binary',
  '--full-index',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--unified=3',
  '--inter-hunk-context=0',
  '--diff-algorithm=default',
  '--indent-heuristic',
  '--find-renames',
  '--ignore-submodules=none',
  '--submodule=short',
  '--no-relative',
  '-O/dev/null',
];

/** SHA-256 of `git diff --binary --full-index parent commit`, the same under every configuration. */
export async function patchHash(git: GitContext, worktree: Worktree, parent: string, commit: string): Promise<string> {
  const hash = createHash('sha256');
  const args = ['-c', 'diff.suppressBlankEmpty=false', 'diff', ...PATCH_FLAGS, parent, commit, '--'];
  const onBytes = (chunk: Uint8Array): void => void hash.update(chunk);
  await withOwnGit(git.run, worktree, commit, (own) => git.run(inOwn(own, args, { isRead: true, onBytes })));
  return hash.digest('hex');
}
