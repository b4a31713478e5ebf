/**
 * What a worker left, made a commit of its branch, once.
 *
 * Owns: the conditions under which it may be committed, the commit with its trailers, finding it again.
 * Does not own: what a commit or its absence means for the run (machines).
 *
 * Invariants: 1. One effect key, at most one commit on the branch. 2. A refusal changes nothing: trees are made in an index of their own.
 * 3. No hook runs and nothing is signed: the commit is made of its parts and the branch moves in one step, from the commit that was read.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BlockerParams, blocker } from '../../model/blocker.ts';
import type { CommitResult, CommitSpec } from '../../ports/git.ts';
import { settleIndex } from './checkout.ts';
import { shown } from './git-environment.ts';
import { isHead } from './git-files.ts';
import { identityFor } from './identity.ts';
import { filesBetween, patchHash } from './inspection.ts';
import { refusal } from './refusal.ts';
import { refuseNewFilters } from './repository-filters.ts';
import { removeStaleLocks } from './stale-locks.ts';
import { leftOutOf } from './submodules.ts';
import {
  commitOf,
  findWorktree,
  type GitContext,
  headRef,
  inRepository,
  inWorktree,
  isDescended,
  isLinkWhole,
  lookAtFolder,
  treeOf,
  type Worktree,
} from './worktree.ts';
import { findTree } from './worktree-tree.ts';

const SUBJECT_CHARS = 200;
/** What git keeps in a worktree's administration while something is under way. */
const UNDER_WAY = ['MERGE_HEAD', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'rebase-merge', 'rebase-apply'];

type Refused = Extract<CommitResult, { kind: 'refused' }>;

function changed(params: BlockerParams['PAWL_WORKSPACE_CHANGED'], evidence: readonly string[]): Refused {
  return refusal(blocker('PAWL_WORKSPACE_CHANGED', params, evidence));
}

/** All that the worker changed since `parentCommit` is in a commit of the branch, or a blocker says why it cannot be. */
export async function commitWork(git: GitContext, spec: CommitSpec): Promise<CommitResult> {
  const worktree = findWorktree(git.commonDir, spec.worktree);
  if (lookAtFolder(spec.worktree) === 'other') {
    const params = { reason: 'replaced', path: shown(spec.worktree) } as const;
    return refusal(blocker('PAWL_WORKSPACE_FOREIGN', params, [spec.worktree]));
  }
  if (worktree === null || lookAtFolder(spec.worktree) === 'absent' || !isLinkWhole(worktree)) {
    return changed({ reason: 'gone', path: shown(spec.worktree) }, [spec.worktree]);
  }
  await removeStaleLocks(git, worktree, spec.branch);
  const head = await readyHead(git, worktree, spec);
  if (typeof head !== 'string') return head;
  const parentTree = await treeOf(git, spec.parentCommit);
  const again = await findByKey(git, spec, head);
  if (again !== null) {
    const tree = await treeOf(git, again);
    if (spec.tree !== null && spec.tree !== tree) return differs(spec.tree, tree);
    const filters = await refuseNewFilters(git, spec.parentCommit, tree);
    if (filters !== null) return filters;
    await settleIndex(git, worktree, head);
    return result(git, worktree, spec, again, tree === parentTree);
  }
  const underWay = UNDER_WAY.filter((name) => existsSync(join(worktree.adminDir, name)));
  if (underWay.length > 0) return changed({ reason: 'unfinished' }, underWay);
  const found = await findTree(git.run, worktree, head, 'strict');
  switch (found.kind) {
    case 'unmerged':
      return changed({ reason: 'conflicts' }, found.paths);
    case 'nested':
      return changed({ reason: 'repositories' }, found.paths);
    case 'failed':
      return changed({ reason: 'untakable', said: shown(found.reason) }, [spec.worktree]);
    case 'tree':
      break;
  }
  if (spec.tree !== null && spec.tree !== found.tree) return differs(spec.tree, found.tree);
  const filters = await refuseNewFilters(git, spec.parentCommit, found.tree);
  if (filters !== null) return filters;
  const isCommitted = found.tree === (await treeOf(git, head));
  const commit = isCommitted ? head : await commitTree(git, worktree, spec, head, found.tree);
  await settleIndex(git, worktree, commit);
  return result(git, worktree, spec, commit, found.tree === parentTree);
}

function differs(recorded: string, now: string): Refused {
  return changed({ reason: 'afterEnd' }, [`recorded tree ${recorded}`, `tree now ${now}`]);
}

/** The head of the branch, when the worktree stands on it and it descends from the commit that the worker started from. */
async function readyHead(git: GitContext, worktree: Worktree, spec: CommitSpec): Promise<string | Refused> {
  const head = await commitOf(git, 'HEAD', worktree);
  const ref = await headRef(git, worktree);
  const headFile = join(worktree.adminDir, 'HEAD');
  if (!isHead(headFile)) return changed({ reason: 'headDamaged' }, [headFile]);
  if (ref !== `refs/heads/${spec.branch}`) {
    const at = { ref: ref === null ? null : shown(ref), head, branch: shown(spec.branch) };
    return changed({ reason: 'offBranch', ...at }, [head ?? spec.worktree]);
  }
  if (head === null) return changed({ reason: 'branchGone', branch: shown(spec.branch) }, [ref]);
  if (await isDescended(git, spec.parentCommit, head)) return head;
  const params = { reason: 'fromWork', branch: shown(spec.branch) } as const;
  return refusal(blocker('PAWL_WORKSPACE_DIVERGED', params, [head, spec.parentCommit]));
}

/** The commit since `parentCommit` that carries exactly this key; null when there is none. */
async function findByKey(git: GitContext, spec: CommitSpec, head: string): Promise<string | null> {
  const format = '--format=%H%x00%(trailers:key=Pawl-Effect,valueonly,unfold)';
  const filter = ['--fixed-strings', `--grep=Pawl-Effect: ${spec.key}`];
  const args = ['log', '-z', ...filter, format, `${spec.parentCommit}..${head}`, '--'];
  const output = await git.run(inRepository(git, args, { isRead: true }));
  const fields = output.text.split('\0');
  for (let n = 0; n + 1 < fields.length; n += 2) {
    const values = (fields[n + 1] ?? '').split('\n').map((value) => value.trim());
    if (values.includes(spec.key)) return fields[n] ?? null;
  }
  return null;
}

/** A commit of `tree` on top of `head`, and the branch moved to it. */
async function commitTree(
  git: GitContext,
  worktree: Worktree,
  spec: CommitSpec,
  head: string,
  tree: string,
): Promise<string> {
  const subject = shown(spec.subject, 10_000).slice(0, SUBJECT_CHARS) || 'Work of a worker';
  const trailers = [`Pawl-Run: ${spec.runId}`, `Pawl-Task: ${spec.taskId}`, `Pawl-Effect: ${spec.key}`];
  const input = `${subject}\n\n${trailers.join('\n')}\n`;
  const env = await identityFor(git);
  const made = await git.run(inWorktree(worktree, ['commit-tree', tree, '-p', head, '-F', '-'], { env, input }));
  const commit = made.text.trim();
  const move = [
    'update-ref',
    '--no-deref',
    '-m',
    'pawl: commit the work of a worker',
    `refs/heads/${spec.branch}`,
    commit,
    head,
  ];
  await git.run(inWorktree(worktree, move, { env }));
  return commit;
}

async function result(
  git: GitContext,
  worktree: Worktree,
  spec: CommitSpec,
  commit: string,
  isEmpty: boolean,
): Promise<CommitResult> {
  const leftOut = await leftOutOf(git, spec.worktree, commit);
  if (isEmpty) return { kind: 'empty', commit, leftOut };
  const { files, count } = await filesBetween(git, spec.parentCommit, commit);
  const hash = await patchHash(git, worktree, spec.parentCommit, commit);
  return { kind: 'committed', commit, filesChanged: files, fileCount: count, patchHash: hash, leftOut };
}
