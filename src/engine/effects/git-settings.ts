/**
 * Whether git settings were changed while a task of a run was under way, judged from the task's own registers.
 *
 * Owns: finding the two recordings (before the worker started, after its end), whether a person has accepted the difference since.
 * Does not own: the comparison and its words (scm/git-settings), reading the settings (adapters/git/settings).
 *
 * Invariants: 1. Both recordings are registers, so that a restarted runner gets the same answer. 2. Before the work of a task is relied upon, and
 * before another worker starts, this was checked (commitWork, judgeGate, prepareTask).
 */
import { join } from 'node:path';
import { sha256 } from '../../base/sha256.ts';
import { type Blocker, PawlError } from '../../model/error.ts';
import { type GitSettings, type Outcome, TASK_FILES } from '../../model/request.ts';
import { isAcceptedByPerson, settingChanges, settingsBlocker, wereAtWork } from '../../scm/git-settings.ts';
import { parseOutcome } from '../../turn/task-files.ts';
import { contradiction, openTaskFolder } from '../../worker/task-folder.ts';
import { readRecords } from '../journal-records.ts';
import type { LiveRun } from '../live-run.ts';

/** Runs of the registry, except that one, which had a worker between two instants. */
export type RunsAtWork = (runId: string, fromMs: number, toMs: number) => readonly string[];

/** The blocker of a run whose task saw settings of git change, unless a person has accepted that; null otherwise. */
export async function findChangedSettings(
  run: LiveRun,
  taskId: string,
  runsAtWork: RunsAtWork,
): Promise<Blocker | null> {
  const requestHash = run.state.children[taskId]?.context.requestHash;
  const outcome = await outcomeOf(run, taskId);
  // Without an outcome, or a start in it, there was no worker.
  if (requestHash === undefined || outcome === null || outcome.startedAtMs === null) return null;
  const { git } = (await openTaskFolder(run.world, run.runId, taskId, requestHash)).request;
  if (git === undefined) return null;
  const after = outcome.gitSettings ?? (await settingsNow(run));
  const changes = after === null ? [] : settingChanges(git.settings, after);
  if (changes.length === 0) return null;
  if (isAcceptedByPerson(await readRecords(run.world, run.runId), taskId)) return null;
  const others = runsAtWork(run.runId, outcome.startedAtMs, outcome.endedAtMs);
  return settingsBlocker({ taskId, changes, others });
}

/** The outcome that settled the task; null where it was abandoned before a start. Throws PAWL_REGISTER_CONTRADICTION for any other. */
async function outcomeOf({ world, runId, state }: LiveRun, taskId: string): Promise<Outcome | null> {
  const folder = world.paths.task(runId, taskId);
  const path = join(folder, TASK_FILES.outcome);
  const bytes = await world.registers.read(path);
  const settledBy = bytes ?? (await world.registers.read(join(folder, TASK_FILES.claim)));
  const recorded = state.children[taskId]?.context.settlement?.outcomeHash;
  if (settledBy === null || sha256(settledBy) !== recorded) {
    throw contradiction(path, 'the outcome does not match the journal');
  }
  const parsed = bytes === null ? null : parseOutcome(bytes);
  return parsed?.ok === true ? parsed.value : null;
}

/** A worktree that is gone has its own blocker, wherever it is needed next. */
async function settingsNow({ world, runId }: LiveRun): Promise<GitSettings | null> {
  try {
    return (await world.git.settings(world.paths.worktree(runId))).settings;
  } catch (error) {
    if (error instanceof PawlError && error.code === 'PAWL_WORKSPACE_FOREIGN') return null;
    throw error;
  }
}

/** The ids of the runs, except that one, which had a worker between the two instants. */
export function othersAtWork(runs: readonly LiveRun[], ...[runId, fromMs, toMs]: Parameters<RunsAtWork>): string[] {
  const tasksOf = ({ state }: LiveRun) => Object.values(state.children).map(({ context }) => context);
  return runs.filter((run) => run.runId !== runId && wereAtWork(tasksOf(run), fromMs, toMs)).map((run) => run.runId);
}
