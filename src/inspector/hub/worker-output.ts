/**
 * The end of a worker's output, as text that is safe to show.
 *
 * Owns: which bytes are read. Does not own: what makes them safe (base/sanitise), when to look again.
 */
import { join } from 'node:path';
import { sanitiseTail } from '../../base/sanitise.ts';
import type { Place } from '../../engine/run-look.ts';
import { TASK_FILES } from '../../model/request.ts';
import { areFolders } from './folders.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';

/** What tells one state of a worker's output from the next. */
export function outputMark(place: Place, runId: string, taskId: string): string {
  return filesOf(place, runId, taskId)
    .map((path) => place.files.fs.stat(path))
    .map((stat) => (stat === null ? '-' : `${stat.size}@${stat.mtimeMs}`))
    .join();
}

/** The end of the task's stdout, and of its stderr below a line that says so; empty while there is none. */
export function outputTail(place: Place, runId: string, taskId: string): string {
  const [stdout = '', stderr = ''] = filesOf(place, runId, taskId).map((path) => tailOf(place, path));
  return stderr.trim() === '' ? stdout : `${stdout}\n[stderr]\n${stderr}`;
}

/** None where the task's folder is none: a link leads to what is none of the run's. */
function filesOf({ files, paths }: Place, runId: string, taskId: string): readonly string[] {
  const folder = paths.task(runId, taskId);
  if (!areFolders(files, [paths.run(runId), paths.tasks(runId), folder])) return [];
  return [join(folder, TASK_FILES.output), join(folder, TASK_FILES.stderr)];
}

function tailOf({ files }: Place, path: string): string {
  // A link leads to what is none of the worker's output.
  if (files.fs.stat(path)?.kind !== 'file') return '';
  const tail = files.usingIfThere(path, (fd) => {
    const size = files.fs.size(fd);
    const from = Math.max(0, size - HUB_BOUNDS.outputReadBytes);
    return { bytes: files.fs.read(fd, from, size - from), isCut: from > 0 };
  });
  return tail === null ? '' : sanitiseTail(new TextDecoder().decode(tail.bytes), HUB_BOUNDS.outputChars, tail.isCut);
}
