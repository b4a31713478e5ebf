/**
 * The instructions that a change contains are hidden from an agent that judges it: from before its worker starts until nothing of that worker is left.
 *
 * Owns: which tasks that concerns, what it means when it cannot be done. Does not own: the files (adapters/git/base-instructions), when it happens
 * in the life of a task (host/host, worker/outcome).
 *
 * Invariants: 1. A worker that judges never starts with the instructions of the change in place. 2. What is not put back differs from the commit, so that
 * the gate sees it.
 */
import { join } from 'node:path';
import { TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { JudgedWorktree } from '../ports/git.ts';

/** The files in a worktree that instruct agents, as the base or the head has them. */
export interface InstructionSwap {
  /** Returns why they could not be shown, else null. Throws PAWL_GIT_FAILED (retryable) where a git was killed. `restoreHead` undoes whatever it has done. */
  showBase(judged: JudgedWorktree): Promise<string | null>;
  /** Returns what could not be put back, else null. */
  restoreHead(judged: JudgedWorktree): Promise<string | null>;
}

/** The worker sees the base's instruction files. Returns why that could not be achieved, else null. */
export async function hideInstructions(
  worktrees: InstructionSwap,
  request: TaskRequest,
  taskFolder: string,
): Promise<string | null> {
  const judged = judgedWorktree(request, taskFolder);
  const problem = judged === null ? null : await worktrees.showBase(judged);
  return problem === null ? null : `the base's instruction files could not be shown: ${problem}`;
}

/** The worktree has the head's instruction files, except where the worker has changed them; what could not be put back is logged. */
export async function restoreInstructions(
  worktrees: InstructionSwap,
  request: TaskRequest,
  taskFolder: string,
  log: (line: string) => void,
): Promise<void> {
  const judged = judgedWorktree(request, taskFolder);
  const problem = judged === null ? null : await worktrees.restoreHead(judged);
  if (problem !== null) log(`not all instruction files of the worktree could be put back: ${problem}`);
}

/** Null for a task whose worker may follow the instructions in its worktree. */
function judgedWorktree({ cwd, git, instructions }: TaskRequest, taskFolder: string): JudgedWorktree | null {
  if (git === undefined || instructions === undefined) return null;
  const { commonDir, adminDir } = git;
  const folder = join(taskFolder, TASK_FILES.instructions);
  return { worktree: cwd, place: { commonDir, adminDir }, files: instructions, folder };
}
