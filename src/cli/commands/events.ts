/**
 * `pawl events`: the journal of a run, readable.
 *
 * Owns: its output. Does not own: verifying the chain (store/journal). Read-only: no lock.
 */

import { systemClock } from '../../adapters/system-clock.ts';
import { turnNotes } from '../../core/turn-words.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { JournalRecord } from '../../model/record.ts';
import { unknownRun } from '../../runtime/commands.ts';
import { recordsOf } from '../../runtime/run-look.ts';
import { tailJournal } from '../../store/journal-tail.ts';
import { listRuns } from '../../store/registry.ts';
import { type CommonOptions, type Places, placesOf } from '../options.ts';
import type { Output } from '../output.ts';

/** Options of `pawl events`. */
export interface EventsOptions extends CommonOptions {
  readonly follow?: boolean;
}

const FOLLOW_MS = 250;

/** Shows the records of the run, oldest first. */
export async function events(output: Output, options: EventsOptions, [runId = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  if (!listRuns(places.files, places.paths).includes(runId)) throw unknownRun(runId);
  if (options.follow === true) return follow(output, places, runId);
  const records = recordsOf(places, runId);
  output.json({ events: records.map(plain) });
  for (const record of records) output.line(recordLine(output, record));
  return EXIT.done;
}

async function follow(output: Output, places: Places, runId: string): Promise<number> {
  const journal = tailJournal(places.files, places.paths.journal(runId));
  for (;;) {
    for (const record of journal.poll()) {
      output.ndjson(plain(record));
      output.line(recordLine(output, record));
    }
    await new Promise<void>((resolve) => systemClock.timer(FOLLOW_MS, resolve));
  }
}

function plain({ seq, atMs, actor, event, effects }: JournalRecord) {
  return { seq, atMs, actor, event, effects: effects.map(({ key, kind }) => ({ key, kind })) };
}

function recordLine({ colour }: Output, { seq, atMs, actor, event, effects }: JournalRecord): string {
  const { type, ...rest } = event;
  const facts = Object.entries(rest)
    .filter(([name, value]) => name !== 'key' && (typeof value === 'string' || typeof value === 'number'))
    .map(([name, value]) => `${name}=${String(value).slice(0, 60)}`);
  if (event.type === 'workerEnded' && event.turn !== undefined)
    facts.push(...turnNotes(event.turn).map((note) => `(${note})`));
  const asked = effects.length === 0 ? '' : colour.dim(` → ${effects.map((effect) => effect.kind).join(', ')}`);
  return `${String(seq).padStart(4)} ${colour.dim(new Date(atMs).toISOString())} ${colour.cyan(actor)} ${colour.bold(type)} ${facts.join(' ')}${asked}`;
}
