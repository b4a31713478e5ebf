/**
 * The attempts of a run, from its journal alone.
 *
 * Owns: one row for each task that was requested. Does not own: showing them (run/handoff/bundle, cli).
 */
import { spanMs } from '../base/elapsed.ts';
import type { JournalRecord } from '../model/record.ts';
import type { TurnReport } from '../model/turn.ts';

/** One task: who did it, how it ended, how long it took. */
export interface AttemptRow {
  readonly taskId: string;
  readonly agent: string;
  readonly result: string;
  readonly code: string | null;
  readonly durationMs: number | null;
  readonly rescueRef: string | null;
  /** For a coding agent. */
  readonly turn: TurnReport | null;
}

/** The refs that keep what was found in the place of the run's work before that was reset, oldest first. */
export function rescueRefsOf(records: readonly JournalRecord[]): readonly string[] {
  return records.flatMap(({ event }) => {
    const isOne = event.type === 'taskRequested' || event.type === 'handoffProjected';
    return isOne && event.rescueRef ? [event.rescueRef] : [];
  });
}

/** The attempts in these records, in the order in which they were requested. */
export function attemptsOf(records: readonly JournalRecord[]): readonly AttemptRow[] {
  const rows = new Map<string, AttemptRow>();
  const started = new Map<string, number>();
  for (const { actor, event, atMs } of records) {
    if (event.type === 'taskRequested') {
      const { taskId, agent, rescueRef } = event;
      rows.set(taskId, { taskId, agent, result: 'open', code: null, durationMs: null, rescueRef, turn: null });
    } else if (event.type === 'workerSpawned') started.set(actor, event.startedAtMs);
    else if (event.type === 'workerEnded') {
      const row = rows.get(actor);
      const from = started.get(actor);
      if (row === undefined) continue;
      const durationMs = from === undefined ? null : spanMs(from, atMs);
      const { result, blocker, turn = null } = event;
      rows.set(actor, { ...row, result, code: blocker?.code ?? null, durationMs, turn });
    }
  }
  return [...rows.values()];
}
