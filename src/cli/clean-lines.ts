/**
 * What `pawl clean` did, or would do, as lines for a terminal.
 *
 * Owns: the words. Does not own: the facts (engine/clean-run).
 */
import { counted } from '../base/counted.ts';
import { unreachable } from '../base/unreachable.ts';
import { visible } from '../base/visible.ts';
import type { CleanResult } from '../engine/clean-run.ts';
import type { BranchFate } from '../ports/worktree-remover.ts';
import { sizeWords } from '../run/clean-choice.ts';
import type { errorReport, Output } from './output.ts';

/** What came of one run, its problem as a command reports it. */
export interface ReportedRun extends CleanResult {
  /** Why it was not cleaned to the end; null when it was. */
  readonly problem: ReturnType<typeof errorReport> | null;
}

/** All lines: those of each run, then the sum. */
export function cleanLines(
  output: Output,
  runs: readonly ReportedRun[],
  bytes: number,
  isDry: boolean,
): readonly string[] {
  const lines = runs.flatMap((run) => runLines(output, run, isDry));
  if (runs.length === 0 && bytes === 0) return ['Nothing to clean.'];
  return [
    ...lines,
    `${counted(runs.length, 'run')}, ${sizeWords(bytes)} ${isDry ? 'would be freed (--dry-run)' : 'freed'}`,
  ];
}

function runLines({ colour }: Output, run: ReportedRun, isDry: boolean): readonly string[] {
  const done = isDry ? 'would be removed' : 'removed';
  const title = (text: string): string => colour.dim(text.padEnd(TITLE_WIDTH));
  const lines = [`${colour.cyan('■')} ${run.runId}  ${colour.bold(run.state)}, ended ${time(run.endedAtMs)}`];
  const worktree = worktreeWords(run, done);
  if (worktree !== null) lines.push(`    ${title('worktree')}  ${worktree}`);
  if (run.rescueRef !== null) lines.push(`    ${title('kept')}  ${run.rescueRef}`);
  if (run.keptFolder !== null) lines.push(`    ${title('kept')}  ${visible(run.keptFolder)}`);
  const branch = run.branch === null ? null : branchWords(run.branch.fate, done);
  if (branch !== null && run.branch !== null)
    lines.push(`    ${title('branch')}  ${visible(run.branch.name)}: ${branch}`);
  if (run.removesFolder && run.problem === null)
    lines.push(`    ${title('folder')}  ${sizeWords(run.folderBytes)} ${done}`);
  if (run.problem !== null) lines.push(`    ${colour.yellow(run.problem.code)}  ${run.problem.message}`);
  return lines;
}

const TITLE_WIDTH = 8;

function worktreeWords({ worktree, worktreeBytes, problem }: ReportedRun, done: string): string | null {
  switch (worktree) {
    case 'ours':
      return problem === null ? `${sizeWords(worktreeBytes)} ${done}` : null;
    case 'locked':
      return 'kept: it is locked (git worktree unlock)';
    case 'submodules':
      return 'kept: it has submodules, whose own commits no ref of the repository can keep';
    case 'foreign':
      return 'kept: the folder is not a worktree of this repository';
    case 'absent':
      return null;
    default:
      return unreachable(worktree);
  }
}

function branchWords(fate: BranchFate, done: string): string | null {
  switch (fate) {
    case 'merged':
      return `${done}: its base contains all its commits`;
    case 'moved':
      return 'kept: it has moved since';
    case 'checkedOut':
      return 'kept: it is checked out';
    case 'tracked':
      return 'kept: it tracks a remote branch';
    case 'unmerged':
    case 'absent':
      return null;
    default:
      return unreachable(fate);
  }
}

function time(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16)}Z`;
}
