/**
 * The limits of a worker whose host is dead: the same as the host's, counted from the worker's start.
 *
 * Owns: which of them is overrun. Does not own: ending (runtime/end-task).
 */
import { join } from 'node:path';
import type { TaskObservation } from '../host/observe.ts';
import { type EndReason, TASK_FILES } from '../model/request.ts';
import type { OpenedTask } from './task-folder.ts';
import type { World } from './world.ts';

/** The limit that the orphan has overrun, or null. Silence and output count as the deadline: the host that tells them apart is gone. */
export function overrun(world: World, task: OpenedTask, seen: TaskObservation): EndReason | null {
  if (seen.agent === null) return null;
  const { limits } = task.request;
  const nowMs = world.clock.nowMs();
  const files = [TASK_FILES.output, TASK_FILES.stderr].map((name) => world.files.fs.stat(join(task.folder, name)));
  const bytes = files.reduce((sum, file) => sum + (file?.size ?? 0), 0);
  const lastOutputMs = Math.max(seen.agent.value.startedAtMs, ...files.map((file) => file?.mtimeMs ?? 0));
  const isOver =
    nowMs - seen.agent.value.startedAtMs > limits.deadlineMs ||
    nowMs - lastOutputMs > limits.stallMs ||
    bytes > limits.outputBytesMax;
  return isOver ? 'deadline' : null;
}
