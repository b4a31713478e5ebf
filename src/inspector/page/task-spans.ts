/**
 * When each task was asked for, ran and ended, on one axis of time.
 *
 * Owns: reading that from the records up to a sequence, the axis. Does not own: drawing (tasks).
 */
import type { JournalRecord } from '../../model/record.ts';

/** The life of a task in time. */
export interface TaskSpan {
  readonly taskId: string;
  readonly requestedAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly result: string | null;
  /** When a later runner took the worker over. */
  readonly adoptedAtMs: readonly number[];
}

/** All tasks of a run on one axis. */
export interface TimeAxis {
  readonly fromMs: number;
  readonly toMs: number;
  readonly spans: readonly TaskSpan[];
  /** When another runner took over. */
  readonly takeoversAtMs: readonly number[];
}

/** The axis of the records up to `seq`. */
export function timeAxis(records: readonly JournalRecord[], seq: number): TimeAxis {
  const spans = new Map<string, TaskSpan>();
  const takeoversAtMs: number[] = [];
  const past = records.slice(0, seq);
  for (const [index, record] of past.entries()) {
    const before = past[index - 1];
    if (before !== undefined && before.gen !== record.gen) takeoversAtMs.push(record.atMs);
    const span = spanAfter(spans, record);
    if (span !== null) spans.set(span.taskId, span);
  }
  const fromMs = [...spans.values()][0]?.requestedAtMs ?? past[0]?.atMs ?? 0;
  const toMs = Math.max(fromMs + 1, past.at(-1)?.atMs ?? 0);
  return { fromMs, toMs, spans: [...spans.values()], takeoversAtMs };
}

function spanAfter(spans: ReadonlyMap<string, TaskSpan>, { actor, atMs, event }: JournalRecord): TaskSpan | null {
  if (event.type === 'taskRequested') {
    const { taskId } = event;
    return { taskId, requestedAtMs: atMs, startedAtMs: null, endedAtMs: null, result: null, adoptedAtMs: [] };
  }
  const span = spans.get(actor);
  if (span === undefined) return null;
  switch (event.type) {
    case 'workerSpawned':
      return { ...span, startedAtMs: event.startedAtMs };
    case 'workerAdopted':
      return { ...span, adoptedAtMs: [...span.adoptedAtMs, atMs] };
    case 'workerEnded':
      return { ...span, endedAtMs: atMs, result: event.result };
    default:
      return null;
  }
}
