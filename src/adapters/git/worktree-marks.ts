/**
 * The notes that a run's worktree carries inside of its own administration: whose it is, from which commit it was made, whether it is whole.
 *
 * Owns: their names, reading them. Does not own: when they are written (workspace).
 */
import { join } from 'node:path';
import { textOf } from './git-files.ts';
import type { Worktree } from './worktree.ts';

/** Says that the worktree is whole: run id, base branch and base commit, a line each. */
export const READY_MARK = 'pawl-ready';
/** The same lines while it is being made. */
export const MAKING_MARK = 'pawl-making';

/** The branch and the commit that the run starts from. */
export interface Base {
  readonly branch: string;
  readonly commit: string;
}

/** What a mark in the worktree's administration says. */
export interface Mark {
  readonly runId: string;
  readonly base: Base | null;
}

/** The mark of that name; null when there is none. */
export function readMark({ adminDir }: Pick<Worktree, 'adminDir'>, name: string): Mark | null {
  const text = textOf(join(adminDir, name));
  if (text === null) return null;
  const [runId = '', branch = '', commit = ''] = text.split('\n');
  return { runId, base: branch === '' || commit === '' ? null : { branch, commit } };
}

/** The mark of a worktree, whole or half-made; null when it has none. */
export function markOf(worktree: Pick<Worktree, 'adminDir'>): Mark | null {
  return readMark(worktree, READY_MARK) ?? readMark(worktree, MAKING_MARK);
}
