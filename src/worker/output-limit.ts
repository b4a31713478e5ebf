/**
 * How much a worker may write to stdout and stderr together.
 *
 * Owns: measuring it, how soon it is measured again, cutting the excess. Does not own: ending the worker (worker/ending, engine/effects/end-task).
 *
 * Invariants: 1. A worker that writes is measured again soon, so that little is written beyond the limit; a silent one costs little. 2. Output is cut
 * only when nothing of the tree is left, and before anything is hashed: what is cut twice stays the same.
 */
import { join } from 'node:path';
import { BOUNDS } from '../model/limits.ts';
import { TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { FsPort } from '../ports/fs.ts';
import type { Files } from '../store/files.ts';
import { attempt } from '../store/store-errors.ts';
import { isForbidden } from './output-file.ts';

/** How much the worker of that request may write: its limit, and more where each piece of a message is a line of its own. */
export function outputBytesMax({ limits, turn }: TaskRequest): number {
  return limits.outputBytesMax * (turn?.isStreaming === true ? BOUNDS.streamingFactor : 1);
}

/** The bytes of stdout and stderr together. */
export function outputBytes(fs: FsPort, taskFolder: string): number {
  return sizeOf(fs, join(taskFolder, TASK_FILES.output)) + sizeOf(fs, join(taskFolder, TASK_FILES.stderr));
}

/** When to measure a worker's output again, after it has grown, or has not grown since a measurement that long ago. */
export function nextLookMs(hasGrown: boolean, lastMs: number): number {
  return hasGrown ? BOUNDS.outputLookMs : Math.min(2 * lastMs, BOUNDS.watchLookMs);
}

/** stdout and stderr are together at most `bytesMax` long: the end of stdout goes first. */
export function cutOutput(files: Files, taskFolder: string, bytesMax: number): void {
  const [output, stderr] = [join(taskFolder, TASK_FILES.output), join(taskFolder, TASK_FILES.stderr)];
  cut(files, stderr, bytesMax);
  cut(files, output, bytesMax - sizeOf(files.fs, stderr));
}

function cut(files: Files, path: string, bytesMax: number): void {
  if (sizeOf(files.fs, path) <= bytesMax) return;
  try {
    files.using(path, 'r+', (fd) => attempt('cut', path, () => files.fs.truncate(fd, bytesMax)));
  } catch (error) {
    // Output that the worker has made unreadable is not read either.
    if (!isForbidden(error)) throw error;
  }
}

/** A worker can replace it with something that is not a regular file, which holds no output. */
function sizeOf(fs: FsPort, path: string): number {
  const stat = fs.stat(path);
  return stat?.kind === 'file' ? stat.size : 0;
}
