/**
 * What workers said about the work that is handed off, read from their kept answers.
 *
 * Owns: reading them. Does not own: whose work counts (run/handoff/work).
 *
 * Invariant: an answer counts only with the hash that the journal names; one that is gone or differs is reported as such, and affects nothing else.
 */
import { join } from 'node:path';
import { isObject } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { JournalRecord } from '../../model/record.ts';
import { TASK_FILES } from '../../model/request.ts';
import { type TakenWork, takenWork, type WorkSummary } from '../../run/handoff/work.ts';
import type { Place } from '../run-look.ts';

/** What was said about each piece of work in these records. */
export function workSummaries(place: Place, runId: string, records: readonly JournalRecord[]): readonly WorkSummary[] {
  return takenWork(records).map((work) => ({ taskId: work.taskId, ...summaryOf(place, runId, work) }));
}

function summaryOf(
  { files, paths }: Place,
  runId: string,
  { taskId, completionHash }: TakenWork,
): Omit<WorkSummary, 'taskId'> {
  if (completionHash === null) return { summary: null, problem: null };
  const bytes = files.readBytes(join(paths.task(runId, taskId), TASK_FILES.completion), BOUNDS.answerBytes * 2);
  if (bytes === null) return { summary: null, problem: 'its answer is missing' };
  if (sha256(bytes) !== completionHash) {
    return { summary: null, problem: 'its answer does not match the hash in the journal' };
  }
  // Written by us, and its hash has been checked: the summary in it is bounded and clean.
  const answer: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const summary = isObject(answer) && typeof answer.summary === 'string' ? answer.summary.trim() : '';
  return { summary: summary === '' ? null : summary, problem: null };
}
