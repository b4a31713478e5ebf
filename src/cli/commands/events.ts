/**
 * `pawl events`: the journal of a run, as a story or as it is.
 *
 * Owns: its output. Does not own: the words (run/event-words), reading records (cli/present-reader). Read-only: no lock; a drawing is made from the files, whose hashes it
 * needs.
 */

import { type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import type { RunReader, ToldRecord } from '../../app/reading/run-reader.ts';
import { legible } from '../../base/sanitise.ts';
import { sha256 } from '../../base/sha256.ts';
import { recordsOf } from '../../engine/run-look.ts';
import { PawlError } from '../../model/error.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { JournalRecord } from '../../model/record.ts';
import { EventStory } from '../../run/event-words.ts';
import { conditionOf } from '../../run/run-marks.ts';
import { runSequence } from '../../run/run-sequence.ts';
import { placeOf, type RunView } from '../../run/run-view.ts';
import type { RunState } from '../../run/system.ts';
import { readJournal } from '../../store/journal.ts';
import type { Output } from '../output.ts';
import { presentReader } from '../present-reader.ts';
import { recordLine } from '../record-line.ts';
import { resolveRun } from '../run-argument.ts';

/** Options of `pawl events`. */
export interface EventsOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly mermaid?: boolean;
  readonly raw?: boolean;
}

/** Shows the records of the run, oldest first. */
export async function events(output: Output, options: EventsOptions, [run = '']: readonly string[]): Promise<number> {
  const places = placesOf(options);
  const runId = resolveRun(places, run);
  if (options.follow === true && options.mermaid === true) throw eitherOr();
  const lines = options.raw === true ? rawLines(output) : storyLines(output);
  if (options.mermaid === true) return draw(output, places, runId);
  const reader = await presentReader(places);
  if (options.follow === true) await follow(output, reader, runId, lines);
  else {
    const records = await reader.records(runId);
    output.json({ events: records.map(plain) });
    for (const line of records.flatMap(lines)) output.line(line);
  }
  if (options.raw !== true) showEnd(output, await reader.standing(runId));
  return EXIT.done;
}

/** The records as a sequence diagram. */
async function draw(output: Output, places: Places, runId: string): Promise<number> {
  const records = recordsOf(places, runId);
  const stateAt = await statesOf(runId, records);
  const mermaid = runSequence({ runId, records, stateAt, journalFault: faultOf(places, runId) });
  output.json({ mermaid });
  output.line(mermaid.trimEnd());
  return EXIT.done;
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
async function follow(output: Output, reader: RunReader, runId: string, lines: Lines): Promise<void> {
  for await (const record of reader.follow(runId, 0)) {
    output.ndjson(plain(record));
    for (const line of lines(record)) output.line(line);
  }
}

function plain({ seq, atMs, actor, event, effects }: ToldRecord) {
  return { seq, atMs, actor, event, effects: effects.map(({ key, kind }) => ({ key, kind })) };
}

/** How a record is shown: the lines of one after another. */
type Lines = (record: ToldRecord) => readonly string[];

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
