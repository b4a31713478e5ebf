/**
 * The TASK argument: which task of a run a person means.
 *
 * Owns: what may name one, which one is meant where none is named, refusing what names none or several. Does not own: the tasks (app/tasks-of-run), naming the
 * run (cli/run-argument).
 *
 * Invariant: a name that fits several tasks is refused with their ids; only a purpose means the latest of them.
 */
import type { LoggedTask, LoggedTasks } from '../app/tasks-of-run.ts';
import { listed } from '../base/listed.ts';
import { quote } from '../base/sanitise.ts';
import { visible } from '../base/visible.ts';
import { PawlError } from '../model/error.ts';
import { PURPOSES } from '../model/limits.ts';
import { lookAtRun } from '../run/error-actions.ts';

const TASKS_SHOWN = 20;
const NAME_CHARS = 200;

/** The task that is shown when none is named: the open one, else the last that has printed something, else the last; null: there is none. */
export function latestTask({ hasEnded, tasks }: LoggedTasks): LoggedTask | null {
  const open = hasEnded ? undefined : tasks.findLast(({ isOpen }) => isOpen);
  return open ?? tasks.findLast(({ bytes }) => bytes.stdout + bytes.stderr > 0) ?? tasks.at(-1) ?? null;
}

/**
 * The task that `argument` means: its id, else the latest of that purpose, else a prefix that fits no other task.
 * Throws PAWL_TASK_UNKNOWN for none, PAWL_USAGE for several. `options`: for the commands that an error shows.
 */
export function resolveTask(
  tasks: readonly LoggedTask[],
  runId: string,
  argument: string,
  options: readonly string[],
): LoggedTask {
  const exact = tasks.find(({ taskId }) => taskId === argument);
  if (exact !== undefined) return exact;
  if (PURPOSES.some((purpose) => purpose === argument)) {
    const latest = tasks.findLast(({ taskId }) => taskId.startsWith(`${argument}-e`));
    if (latest !== undefined) return latest;
  }
  const fitting = argument === '' ? [] : tasks.filter(({ taskId }) => taskId.startsWith(argument));
  const [task, ...others] = fitting;
  if (task === undefined) throw unknownTask(runId, argument, tasks, options);
  if (others.length === 0) return task;
  throw new PawlError({
    code: 'PAWL_USAGE',
    message: `${quote(argument)} matches ${fitting.length} tasks: ${listed(idsOf(fitting), TASKS_SHOWN)}.`,
    subject: visible(argument.slice(0, NAME_CHARS)),
    hint: 'Use a longer prefix.',
    actions: [lookAtRun(runId, options)],
  });
}

/** The error of a name that no task of the run has; null: the run has no task at all. */
export function unknownTask(
  runId: string,
  name: string | null,
  tasks: readonly LoggedTask[],
  options: readonly string[],
): PawlError {
  const shown = visible((name ?? '').slice(0, NAME_CHARS));
  const told = name === null ? '' : `: ${shown === '' ? '(empty name)' : shown}`;
  return new PawlError({
    code: 'PAWL_TASK_UNKNOWN',
    message: tasks.length === 0 ? `${runId} has no task yet${told}` : `Task not found in ${runId}${told}`,
    subject: name === null ? runId : shown,
    hint: tasks.length === 0 ? 'It begins when the run is driven.' : `It has: ${listed(idsOf(tasks), TASKS_SHOWN)}.`,
    actions: [lookAtRun(runId, options)],
  });
}

function idsOf(tasks: readonly LoggedTask[]): readonly string[] {
  return tasks.map(({ taskId }) => taskId);
}
