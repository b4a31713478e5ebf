/**
 * The tasks of a run, and which of them a person means.
 *
 * Owns: their order, what may name one, refusing what names none or several. Does not own: the form of ids (machines/run/context), naming the run
 * (cli/run-argument).
 *
 * Invariants: 1. Read from files alone, also of a run that is set aside: of a journal that is damaged, what can be read counts, and folders that hold
 * output. 2. A name that fits several tasks is refused with their ids; only a purpose means the latest of them.
 */
import { join } from 'node:path';
import { listed } from '../base/listed.ts';
import { quote } from '../base/sanitise.ts';
import { visible } from '../base/visible.ts';
import { quickView, recordsOf } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import { PURPOSES } from '../model/limits.ts';
import { TASK_FILES } from '../model/request.ts';
import { lookAtRun } from '../run/error-actions.ts';
import { isSafeName } from '../store/registry-paths.ts';
import { isRevoked, type ReadingPlace } from './reading-output.ts';

const TASKS_SHOWN = 20;
const NAME_CHARS = 200;

/** The ids of the run's tasks, in the order in which they were requested. */
export function tasksOf(place: ReadingPlace, runId: string): readonly string[] {
  const { files, paths } = place;
  const requested = recordsOf(place, runId).flatMap(({ event }) => {
    return event.type === 'taskRequested' && isSafeName(event.taskId) ? [event.taskId] : [];
  });
  const others = files
    .listNames(paths.tasks(runId))
    .filter((name) => isSafeName(name) && !requested.includes(name) && hasOutput(place, runId, name));
  // A link in the place of a folder leads to what is none of the run's.
  return [...others, ...new Set(requested)].filter((id) => files.fs.stat(paths.task(runId, id))?.kind === 'folder');
}

/** The task that is shown when none is named: the open one, else the last that has printed something, else the last; null: there is none. */
export function latestTask(place: ReadingPlace, runId: string): string | null {
  const tasks = tasksOf(place, runId);
  const hasEnded = quickView(place, runId)?.kind === 'terminal';
  const open = hasEnded ? undefined : tasks.findLast((taskId) => isOpen(place, runId, taskId));
  return open ?? tasks.findLast((taskId) => hasOutput(place, runId, taskId)) ?? tasks.at(-1) ?? null;
}

/**
 * The task that `argument` means: its id, else the latest of that purpose, else a prefix that fits no other task.
 * Throws PAWL_TASK_UNKNOWN for none, PAWL_USAGE for several.
 */
export function resolveTask(place: ReadingPlace, runId: string, argument: string): string {
  const tasks = tasksOf(place, runId);
  if (tasks.includes(argument)) return argument;
  if (PURPOSES.some((purpose) => purpose === argument)) {
    const latest = tasks.findLast((taskId) => taskId.startsWith(`${argument}-e`));
    if (latest !== undefined) return latest;
  }
  const fitting = argument === '' ? [] : tasks.filter((taskId) => taskId.startsWith(argument));
  const [taskId, ...others] = fitting;
  const { commandOptions } = place.paths;
  if (taskId === undefined) throw unknownTask(runId, argument, tasks, commandOptions);
  if (others.length === 0) return taskId;
  throw new PawlError({
    code: 'PAWL_USAGE',
    message: `${quote(argument)} matches ${fitting.length} tasks: ${listed(fitting, TASKS_SHOWN)}.`,
    subject: visible(argument.slice(0, NAME_CHARS)),
    hint: 'Use a longer prefix.',
    actions: [lookAtRun(runId, commandOptions)],
  });
}

/** The error of a name that no task of the run has; null: the run has no task at all. */
export function unknownTask(
  runId: string,
  name: string | null,
  tasks: readonly string[],
  options: readonly string[] = [],
): PawlError {
  const shown = visible((name ?? '').slice(0, NAME_CHARS));
  const told = name === null ? '' : `: ${shown === '' ? '(empty name)' : shown}`;
  return new PawlError({
    code: 'PAWL_TASK_UNKNOWN',
    message: tasks.length === 0 ? `${runId} has no task yet${told}` : `Task not found in ${runId}${told}`,
    subject: name === null ? runId : shown,
    hint: tasks.length === 0 ? 'It begins when the run is driven.' : `It has: ${listed(tasks, TASKS_SHOWN)}.`,
    actions: [lookAtRun(runId, options)],
  });
}

/** True while the task has neither an outcome nor been given up. */
function isOpen({ files, paths }: ReadingPlace, runId: string, taskId: string): boolean {
  const folder = paths.task(runId, taskId);
  return !files.exists(join(folder, TASK_FILES.outcome)) && !isRevoked(files, folder);
}

function hasOutput({ files, paths }: ReadingPlace, runId: string, taskId: string): boolean {
  const folder = paths.task(runId, taskId);
  return [TASK_FILES.output, TASK_FILES.stderr].some((name) => {
    const stat = files.fs.stat(join(folder, name));
    return stat?.kind === 'file' && stat.size > 0;
  });
}
