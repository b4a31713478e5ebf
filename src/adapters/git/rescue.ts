/**
 * Nothing that a dead attempt left is thrown away, and the next attempt starts from the last recorded commit.
 *
 * Owns: rescue commits and their refs, putting a worktree back to a commit, removing untracked files.
 * Does not own: a worktree or branch that is gone or damaged (restored-worktree), when that is done (engine), proving that the old tree is gone (callers do, design 5 rule 9).
 *
 * Invariants: 1. A rescue ref is created once and never moved (design 5, rule 10). 2. Nothing is reset before its rescue ref stands.
 * 3. Killed at any step and called again it ends in the same place.
 */

import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PawlError } from '../../model/error.ts';
import { ANSWER_FOLDER } from '../../model/request.ts';
import type { GitPort } from '../../ports/git.ts';
import { checkOut } from './checkout.ts';
import { dropBlankRef } from './damaged-refs.ts';
import { textOf } from './git-files.ts';
import { PAWL_IDENTITY } from './identity.ts';
import { worktreeState } from './inspection.ts';
import { inOwn, takeCommit, takeEntries, withOwnGit } from './own-git.ts';
import { keptFolder, type ResetSpec, restoredWorktree } from './restored-worktree.ts';
import { gitFailure, pathStream } from './run-git.ts';
import { removeStaleLocks, removeStaleRefLock } from './stale-locks.ts';
import { mendFiles } from './unreadable-files.ts';
import {
  commitOf,
  type GitContext,
  inAdministration,
  inRepository,
  isDescended,
  isLinkWhole,
  keptBeside,
  moveAside,
  openWorktree,
  straysIn,
  treeOf,
  type Worktree,
} from './worktree.ts';
import { findNested, findTree, type TreeFinding } from './worktree-tree.ts';

type RescueSpec = Parameters<GitPort['rescue']>[0];

/** Rounds of removing what the last round's removal has brought to light. */
const SWEEPS_MAX = 20;

/** What git keeps in a worktree's administration while something is under way. */
const UNDER_WAY = [
  'rebase-merge',
  'rebase-apply',
  'sequencer',
  'BISECT_START',
  'BISECT_LOG',
  'BISECT_NAMES',
  'BISECT_TERMS',
  'BISECT_RUN',
  'MERGE_HEAD',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
];

/** What git leaves beside them. */
const UNDER_WAY_TOO = ['AUTO_MERGE', 'MERGE_AUTOSTASH', 'MERGE_MODE', 'MERGE_MSG', 'MERGE_RR', 'SQUASH_MSG'];

/** The name of a rescue ref: git refuses some of what a run id or a name may hold. */
export function rescueRef(runId: string, name: string): string {
  const part = (text: string): string =>
    text
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/\.(?=\.)/g, '-')
      .replace(/^\./, '-')
      .replace(/\.(lock)?$/, '-$1');
  return `refs/pawl/rescue/${part(runId)}/${part(name)}`;
}

/** All that differs from `commit` is under the rescue ref; the worktree stays as it is, but for what git cannot read. */
export async function rescue(git: GitContext, spec: RescueSpec): Promise<string | null> {
  const worktree = openWorktree(git, spec.worktree);
  const ref = rescueRef(spec.runId, spec.name);
  if ((await commitOf(git, ref)) !== null) return ref;
  const kept = keptBeside(spec.worktree);
  return onceReadable(spec.worktree, kept, () =>
    keep(git, worktree, ref, { commit: spec.commit, branch: null, kept, moved: [] }),
  );
}

/** Git has looked and could not: one that was killed has said nothing. */
function isGitsAnswer(error: unknown): boolean {
  return error instanceof PawlError && error.code === 'PAWL_GIT_FAILED' && error.kind !== 'retryable';
}

/** Does it, and does it again if git could not because of something that can be made readable, or moved out of the way. */
async function onceReadable<T>(worktree: string, kept: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isGitsAnswer(error) || mendFiles(worktree, kept) === 0) throw error;
    return work();
  }
}

/** All that differed from `commit` is under the rescue ref, and the worktree stands clean at `commit`, on `branch`. */
export function rescueAndReset(git: GitContext, spec: ResetSpec): Promise<string | null> {
  return onceReadable(spec.worktree, join(keptFolder(spec), 'unreadable'), () => putAway(git, spec));
}

async function putAway(git: GitContext, spec: ResetSpec): Promise<string | null> {
  const worktree = await restoredWorktree(git, spec);
  const ref = rescueRef(spec.runId, spec.name);
  await removeStaleLocks(git, worktree, spec.branch);
  const isKept = (await commitOf(git, ref)) !== null;
  const kept = keptFolder(spec);
  const moved = [join(kept, 'git'), straysIn(kept)].filter((path) => existsSync(path));
  if ((isKept || moved.length === 0) && (await isInPlace(git, worktree, spec))) return isKept ? ref : null;
  const { commit, branch } = spec;
  const standing = isKept ? ref : await keep(git, worktree, ref, { commit, branch, kept, moved });
  await putBack(git, worktree, spec);
  await moveNested(git, worktree, kept);
  await checkOut(git, worktree, spec.commit);
  await sweep(git, worktree, ref, spec);
  return standing;
}

/** True when nothing is to be kept and nothing to be put back. */
async function isInPlace(git: GitContext, worktree: Worktree, spec: ResetSpec): Promise<boolean> {
  if (underWay(worktree).length > 0) return false;
  // An unreadable index or HEAD is one more thing to put back, not a failure.
  const state = await worktreeState(git, worktree).catch((error: unknown) => {
    if (isGitsAnswer(error)) return null;
    throw error;
  });
  if (state === null || state.head !== spec.commit || state.branch !== spec.branch) return false;
  return state.trackedChanges.length === 0 && state.untracked.length === 0;
}

function underWay(worktree: Worktree): string[] {
  return UNDER_WAY.map((name) => join(worktree.adminDir, name)).filter(
    (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
  );
}

/** What a rescue is made against, and what it tells of what a commit cannot hold. */
interface Keeping {
  readonly commit: string;
  readonly branch: string | null;
  /** Where repositories that are found inside are kept when the worktree is reset. */
  readonly kept: string;
  /** Where that is which stood in the place of the worktree's link, its branch or its administration. */
  readonly moved: readonly string[];
}

/** A commit of everything in the worktree, on top of all commits that only it holds, under `ref`; null when nothing differs. */
async function keep(
  git: GitContext,
  worktree: Worktree,
  ref: string,
  { commit, branch, kept, moved }: Keeping,
): Promise<string | null> {
  const found = await treeToKeep(git, worktree);
  const parents = await ownCommits(git, worktree, commit, branch);
  const isSame = found.tree === (await treeOf(git, commit)) && parents.length === 1 && parents[0] === commit;
  if (isSame && found.nested.length === 0 && moved.length === 0) return null;
  const places = moved.map(
    (path) => `\nWhat stood in the place of its link, its branch or git's files for it is kept in ${path}\n`,
  );
  const nested =
    found.nested.length === 0
      ? ''
      : `\nGit repositories found inside, kept in ${kept} when it was reset:\n${found.nested.join('\n')}\n`;
  await createRef(
    git,
    ref,
    found.tree,
    parents,
    `Rescue of what was left in the worktree\n${places.join('')}${nested}`,
  );
  return ref;
}

/** All that lies in the worktree, as a tree. */
async function treeToKeep(git: GitContext, worktree: Worktree): Promise<Extract<TreeFinding, { kind: 'tree' }>> {
  const found = await findTree(git.run, worktree, await commitOf(git, 'HEAD', worktree), 'rescue');
  if (found.kind === 'tree') return found;
  throw gitFailure(['add', '-A'], worktree.path, found.kind === 'failed' ? found.reason : found.kind);
}

/** The commits that must stay reachable: HEAD first, then the branch, a rebase's start and its stash where HEAD does not hold them. */
export async function ownCommits(
  git: GitContext,
  worktree: Worktree,
  commit: string,
  branch: string | null,
): Promise<string[]> {
  const names = ['rebase-merge', 'rebase-apply'].flatMap((folder) =>
    ['orig-head', 'autostash'].map((name) => textOf(join(worktree.adminDir, folder, name))?.trim() ?? ''),
  );
  if (branch !== null) names.unshift(`refs/heads/${branch}`);
  const parents: string[] = [];
  for (const name of ['HEAD', ...names]) {
    const own = name === '' ? null : await commitOf(git, name, worktree);
    if (own !== null && !(await isHeld(own))) parents.push(own);
  }
  return parents.length === 0 ? [commit] : parents;

  async function isHeld(own: string): Promise<boolean> {
    for (const parent of parents) if (await isDescended(git, own, parent)) return true;
    return false;
  }
}

/** `ref` stands; if another call was faster, its value stands. */
export async function createRef(
  git: GitContext,
  ref: string,
  tree: string,
  parents: readonly string[],
  input: string,
): Promise<void> {
  const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
  const made = await git.run(inRepository(git, args, { env: PAWL_IDENTITY, input }));
  await removeStaleRefLock(git, ref);
  dropBlankRef(git, ref);
  const create = ['update-ref', '-m', 'pawl: rescue', ref, made.text.trim(), ''];
  const created = await git.run(inRepository(git, create, { env: PAWL_IDENTITY, answers: [0, 128] }));
  if (created.exitCode !== 0 && (await commitOf(git, ref)) === null) throw gitFailure(create, ref, created.problem);
}

/** The branch stands at `commit` and HEAD on the branch; whatever was under way is ended. Files are as they were. */
async function putBack(git: GitContext, worktree: Worktree, spec: ResetSpec): Promise<void> {
  for (const path of underWay(worktree)) rmSync(path, { recursive: true, force: true });
  for (const name of UNDER_WAY_TOO) rmSync(join(worktree.adminDir, name), { force: true });
  const ref = `refs/heads/${spec.branch}`;
  await git.run(
    inRepository(git, ['update-ref', '--no-deref', '-m', 'pawl: put back', ref, spec.commit], { env: PAWL_IDENTITY }),
  );
  await git.run(inAdministration(git, worktree, ['symbolic-ref', 'HEAD', ref]));
}

/** Repositories that are not part of the work are moved out, history and all. */
export async function moveNested(git: GitContext, worktree: Worktree, kept: string): Promise<void> {
  const nested = await withOwnGit(git.run, worktree, null, async (own) => {
    await takeEntries(own);
    return findNested(own);
  });
  for (const path of nested) moveAside(join(worktree.path, path), kept, path.replace(/\/$/, ''));
}

/**
 * Nothing untracked is left. A dead attempt may have changed the ignore rules: what its own rules hid from the rescue shows only now, after each
 * round a little more, and is kept before it is removed.
 */
async function sweep(git: GitContext, worktree: Worktree, ref: string, spec: ResetSpec): Promise<void> {
  for (let round = 1; round <= SWEEPS_MAX; round += 1) {
    await moveNested(git, worktree, keptFolder(spec));
    if ((await worktreeState(git, worktree)).untracked.length === 0) return;
    await keepUncovered(git, worktree, ref, spec.commit);
    await removeUntracked(git, worktree);
  }
  throw gitFailure(['clean'], worktree.path, 'untracked files keep appearing');
}

/** What is about to be removed and no rescue ref holds is under `<ref>.hidden-<n>`. */
async function keepUncovered(git: GitContext, worktree: Worktree, ref: string, commit: string): Promise<void> {
  const found = await treeToKeep(git, worktree);
  let uncovered = await present(git, commit, found.tree);
  let parent = commit;
  for (let n = 0; uncovered.length > 0; n += 1) {
    const name = n === 0 ? ref : `${ref}.hidden-${n}`;
    const holder = await commitOf(git, name);
    if (holder === null) {
      const free = n === 0 ? `${ref}.hidden-1` : name;
      return createRef(git, free, found.tree, [parent], 'Rescue of what changed ignore rules had hidden\n');
    }
    const lacking = new Set(await present(git, holder, found.tree));
    uncovered = uncovered.filter((path) => lacking.has(path));
    parent = holder;
  }
}

/** Paths of `to` that `from` lacks or has otherwise. */
async function present(git: GitContext, from: string, to: string): Promise<string[]> {
  const paths: string[] = [];
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--diff-filter=d', from, to, '--'];
  await git.run(inRepository(git, args, { isRead: true, onBytes: pathStream((path) => paths.push(path)) }));
  return paths;
}

/** Nothing is left in the worktree that git neither tracks nor ignores; the answer folder stays. */
export async function removeUntracked(git: GitContext, worktree: Worktree): Promise<void> {
  if (!isLinkWhole(worktree)) openWorktree(git, worktree.path);
  await withOwnGit(git.run, worktree, null, async (own) => {
    const entries = await takeEntries(own);
    if (!entries.isRead) throw gitFailure(['ls-files'], worktree.path, entries.reason);
    // Without an index every file would be an untracked one.
    const head = entries.isEmpty ? await commitOf(git, 'HEAD', worktree) : null;
    if (head !== null) await takeCommit(own, head);
    await git.run(inOwn(own, ['clean', '-ffd', '--quiet', '-e', `/${ANSWER_FOLDER}/`]));
  });
}
