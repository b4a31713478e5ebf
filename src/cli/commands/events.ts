/**
 * `pawl events`: the journal of a run, as a story or as it is.
 *
 * Owns: its output. Does not own: the words (run/event-words), verifying the chain (store/journal). Read-only: no lock.
 */

import { systemClock } from '../../adapters/system-clock.ts';
import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { legible } from '../../base/sanitise.ts';
import { sha256 } from '../../base/sha256.ts';
import { lookAtRun, quickView, recordsOf } from '../../engine/run-look.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { JournalRecord } from '../../model/record.ts';
import { EventStory } from '../../run/event-words.ts';
import { conditionOf } from '../../run/run-marks.ts';
import { runSequence } from '../../run/run-sequence.ts';
import { placeOf, type RunView } from '../../run/run-view.ts';
import type { RunState } from '../../run/system.ts';
import { readJournal } from '../../store/journal.ts';
import { tailJournal } from '../../store/journal-tail.ts';
import type { Output } from '../output.ts';
import { recordLine } from '../record-line.ts';
import { resolveRun } from '../run-argument.ts';

/** Options of `pawl events`. */
export interface EventsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly mermaid?: boolean;
  readonly raw?: boolean;
}

const FOLLOW_MS = 250;

/** Shows the records of the run, oldest first. */
export async function events(output: Output, options: EventsOptions, [run = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  const runId = resolveRun(places, run);
  if (options.follow === true && options.mermaid === true) throw eitherOr();
  const lines = options.raw === true ? rawLines(output) : storyLines(output);
  if (options.follow === true) return follow(output, places, runId, lines, options.raw !== true);
  const records = recordsOf(places, runId);
  if (options.mermaid === true) {
    const stateAt = await statesOf(runId, records);
    const mermaid = runSequence({ runId, records, stateAt, journalFault: faultOf(places, runId) });
    output.json({ mermaid });
    output.line(mermaid.trimEnd());
    return EXIT.done;
  }
  output.json({ events: records.map(plain) });
  for (const line of records.flatMap(lines)) output.line(line);
  if (options.raw !== true) showEnd(output, quickView(places, runId) ?? (await earlierView(places, runId, records)));
  return EXIT.done;
}

/** The view of a run of an earlier version, whose snapshot nobody brings up to date here; null of any other. */
async function earlierView(places: Places, runId: string, records: readonly JournalRecord[]): Promise<RunView | null> {
  const [first] = records;
  return first === undefined || first.rules !== undefined ? null : lookAtRun(places, runId);
}

/** What the story has come to, where its last line does not say it: why the run failed, or stands. */
function showEnd(output: Output, view: RunView | null): void {
  if (view === null || view.kind === 'active' || view.state === 'readyForManualReview') return;
  const [cause, ...others] = view.blockers.map(
    ({ code, message }) => `${code}: ${legible(message).replace(/\s+/g, ' ')}`,
  );
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  output.line(
    `${output.colour.dim('now')}       ${conditionOf(view)}${cause === undefined ? '' : `: ${cause}${more}`}`,
  );
}

/** Why the journal can be read no further than its records, null when it is whole. */
function faultOf({ files, paths }: Places, runId: string): string | null {
  const reading = readJournal(files, paths.journal(runId));
  return reading.kind === 'damaged' ? `line ${reading.line} of the journal: ${reading.detail}` : null;
}

/** The run's state after each record, as far as its journal folds. */
async function statesOf(runId: string, records: readonly JournalRecord[]): Promise<(seq: number) => string | null> {
  const { foldRun } = await import('../../run/system.ts');
  const states = new Map<number, string>();
  const onRecord = ({ seq }: JournalRecord, { root: run }: RunState): void => {
    states.set(seq, placeOf(run.value)[0]);
  };
  foldRun(runId, records, { hash: sha256, onRecord });
  return (seq) => states.get(seq) ?? null;
}

function eitherOr(): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: '--mermaid draws the existing records; --follow waits for more.',
    subject: '--mermaid --follow',
    hint: 'Use one or the other.',
  });
}

/** Shows records as they come, until the run has ended and all of them are shown. */
async function follow(output: Output, places: Places, runId: string, lines: Lines, isStory: boolean): Promise<number> {
  const journal = tailJournal(places.files, places.paths.journal(runId));
  for (;;) {
    // Looked at before the records are read: what is read then is all that there will be.
    const kind = quickView(places, runId)?.kind;
    for (const record of journal.poll()) {
      output.ndjson(plain(record));
      for (const line of lines(record)) output.line(line);
    }
    if (kind === 'terminal' || kind === 'quarantined') {
      if (isStory) showEnd(output, quickView(places, runId));
      return EXIT.done;
    }
    await new Promise<void>((resolve) => systemClock.timer(FOLLOW_MS, resolve));
  }
}

function plain({ seq, atMs, actor, event, effects }: JournalRecord) {
  return { seq, atMs, actor, event, effects: effects.map(({ key, kind }) => ({ key, kind })) };
}

/** How a record is shown: the lines of one after another. */
type Lines = (record: JournalRecord) => readonly string[];

function rawLines(output: Output): Lines {
  return (record) => [recordLine(output, record)];
}

/** One plain line a record, below the day on which it was made. */
function storyLines({ colour }: Output): Lines {
  const story = new EventStory();
  let today = '';
  return (record) => {
    const [day = '', time = ''] = new Date(record.atMs).toISOString().split('T');
    const heading = day === today ? [] : [colour.bold(`${day} (UTC)`)];
    today = day;
    return [...heading, `${colour.dim(time.slice(0, 'HH:MM:SS'.length))}  ${story.tell(record)}`];
  };
}
