/**
 * The name of a run, made from its packet alone.
 *
 * Owns: the form of run ids. Does not own: the hash of a packet (packets/packets), whether the run exists.
 *
 * Invariants: 1. The same packet has the same run id, everywhere. 2. A run id is safe as the name of a folder.
 */

const TASK_PART_CHARS = 64;
const HASH_PART_CHARS = 12;

/**
 * `run_<task>_<hash>`: every run of characters of the task id outside `[A-Za-z0-9._-]` made one `-`, at most 64, and the first 12 digits of
 * the packet's hash.
 */
export function runIdOf(taskId: string, packetHash: string): string {
  return `run_${taskPartOf(taskId)}_${packetHash.slice(0, HASH_PART_CHARS)}`;
}

/** What of a task id is part of the ids of its runs. */
export function taskPartOf(taskId: string): string {
  return taskId.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, TASK_PART_CHARS);
}

/** The part of a run id that `taskPartOf` made; null for an id of another form. */
export function taskPartOfRun(runId: string): string | null {
  return /^run_(.*)_[0-9a-f]{12}(?:_r[0-9]+)?$/.exec(runId)?.[1] ?? null;
}

/** The id of the `n`-th run of a packet that is recorded again: `_r<n>` behind the id of its first run. */
export function nextRunId(runId: string, n: number): string {
  return `${runId.replace(/_r[0-9]+$/, '')}_r${n}`;
}
