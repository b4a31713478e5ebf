/**
 * What was done in a run, in the words of the workers that did it.
 *
 * Owns: which tasks did work that counts, and the commit that holds it. Does not own: reading their answers (engine/effects/handoff-work), the page
 * (run/handoff/page).
 *
 * Invariant: a summary is what a worker says of its work: it is shown as that, and no gate passes because of it.
 */
import type { Role } from '../../model/packet.ts';
import type { JournalRecord, RecordedEvent } from '../../model/record.ts';
import { roleOf } from './roles.ts';

/** What a worker said when it was done. */
export interface WorkSummary {
  readonly taskId: string;
  /** Null if its answer holds none, as when the exit code is the answer. */
  readonly summary: string | null;
  /** Why its answer cannot be read; null when it can. */
  readonly problem: string | null;
}

/** One piece of work, with its commit. */
export interface DoneWork extends WorkSummary {
  readonly role: Role | null;
  readonly agent: string;
  /** The commit that holds it; null where there was nothing to commit. */
  readonly commit: string | null;
}

/** A completed task whose work was accepted, and where its answer is. */
export interface TakenWork {
  readonly taskId: string;
  readonly agent: string;
  readonly commit: string | null;
  readonly completionHash: string | null;
}

/** The tasks whose work was committed, or rightly empty, in that order; if one was checked twice, the last result counts. */
export function takenWork(records: readonly JournalRecord[]): readonly TakenWork[] {
  const agents = new Map<string, string>();
  const hashes = new Map<string, string | null>();
  const taken = new Map<string, TakenWork>();
  for (const { actor, event } of records) {
    if (event.type === 'taskRequested') agents.set(event.taskId, event.agent);
    else if (event.type === 'workerEnded') hashes.set(actor, event.completionHash);
    else if (isTaken(event)) {
      const { taskId } = event;
      const commit = event.type === 'workEmpty' ? null : event.commit;
      const [agent = '', completionHash = null] = [agents.get(taskId), hashes.get(taskId)];
      taken.set(taskId, { taskId, agent, commit, completionHash });
    }
  }
  return [...taken.values()];
}

function isTaken(event: RecordedEvent): event is Extract<RecordedEvent, { type: (typeof WORK)[number] }> {
  return WORK.some((type) => type === event.type) && !(event.type === 'workEmpty' && !event.isAllowed);
}

const WORK = ['workCommitted', 'workEmpty', 'surfaceExceeded'] as const;

/** The work, with what was said about it. */
export function doneWork(records: readonly JournalRecord[], summaries: readonly WorkSummary[]): readonly DoneWork[] {
  return takenWork(records).map(({ taskId, agent, commit }) => {
    const said = summaries.find((each) => each.taskId === taskId);
    const { summary = null, problem = null } = said ?? {};
    return { taskId, role: roleOf(taskId), agent, commit, summary, problem };
  });
}
