/**
 * The files of a task as far as they were there at an earlier record.
 *
 * Owns: leaving out what came later. Does not own: reading the files (the hub), showing them (tasks).
 *
 * Invariant: a view of an earlier record shows nothing that was not known then: what cannot be dated is left out.
 */
import type { TaskView } from '../../run/run-view.ts';
import type { TaskFilesView } from '../wire/page-api.ts';

/** The files as they were at `atMs`, when the task stood as `task` says; as they are when `atMs` is null. */
export function filesAt(
  files: TaskFilesView | undefined,
  task: Pick<TaskView, 'result' | 'reports'>,
  atMs: number | null,
): TaskFilesView | undefined {
  if (files === undefined || atMs === null) return files;
  const { claim, agent, outcome } = files;
  const isEnded = task.result !== null;
  const known = new Set(task.reports.map(({ entryId }) => entryId));
  return {
    ...files,
    claim: claim !== null && claim.atMs <= atMs ? claim : null,
    agent: agent !== null && agent.startedAtMs <= atMs ? agent : null,
    outcome: isEnded ? outcome : null,
    completion: isEnded ? files.completion : null,
    outputBytes: isEnded ? files.outputBytes : 0,
    stderrBytes: isEnded ? files.stderrBytes : 0,
    heartbeatAtMs: null,
    late: files.late.filter((name) => known.has(name.replace(/\.json$/, ''))),
    unreadable: [],
  };
}
