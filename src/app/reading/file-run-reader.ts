/**
 * The runs of a registry, read from its files.
 *
 * Owns: which look each answer is made from, how often the files of a run that is followed are looked at. Does not own: the looks (engine/run-look,
 * app/tasks-of-run, app/reading-output). Read-only: no lock. Free of zod and xstate, unless a journal is ahead of its snapshot.
 */
import { systemProcesses } from '../../adapters/processes/system.ts';
import { failureNotes } from '../../engine/failure-notes.ts';
import {
  type Look,
  lookAtAll,
  lookAtRun,
  lookClosely,
  type Place,
  quickView,
  recordsOf,
} from '../../engine/run-look.ts';
import { driverFacts, shownRuns } from '../../engine/surroundings.ts';
import { rescueRefsOf } from '../../run/attempts.ts';
import { decisionsOf } from '../../run/run-story.ts';
import type { RunView } from '../../run/run-view.ts';
import { tailJournal } from '../../store/journal-tail.ts';
import {
  FolderChanges,
  type OutputPiece,
  outputPieces,
  type StreamName,
  type StreamReading,
  type TaskName,
} from '../reading-output.ts';
import { type LoggedTask, type LoggedTasks, taskInFiles, tasksInFiles } from '../tasks-of-run.ts';
import type { RunReader, ShownRegistry, ShownStory, ToldRecord } from './run-reader.ts';

const FOLLOW_MS = 250;

/** Reads files. */
export class FileRunReader implements RunReader {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  async registry(): Promise<ShownRegistry> {
    return this.#shown(await lookAtAll(this.#place));
  }

  async story(runId: string): Promise<ShownStory> {
    const look = await lookClosely(this.#place, runId);
    const { driver, runs } = this.#shown(look === null ? [] : [look]);
    const records = recordsOf(this.#place, runId);
    const [run] = runs;
    const failure = run === undefined ? null : failureNotes(this.#place, run);
    return {
      driver,
      run: run === undefined ? null : failure === null ? run : { ...run, failure },
      decisions: decisionsOf(records),
      rescueRefs: rescueRefsOf(records),
    };
  }

  async standing(runId: string): Promise<RunView | null> {
    const quick = quickView(this.#place, runId);
    if (quick !== null) return quick;
    // Nobody brings the snapshot of a run of an earlier version up to date.
    const [first] = recordsOf(this.#place, runId);
    return first === undefined || first.rules !== undefined ? null : lookAtRun(this.#place, runId);
  }

  async records(runId: string): Promise<readonly ToldRecord[]> {
    return recordsOf(this.#place, runId);
  }

  async *follow(runId: string, after: number): AsyncGenerator<ToldRecord, void, void> {
    const { files, paths } = this.#place;
    const journal = tailJournal(files, paths.journal(runId));
    for (;;) {
      // Looked at before the records are read: what is read then is all that there will be.
      const kind = quickView(this.#place, runId)?.kind;
      for (const record of journal.poll()) if (record.seq > after) yield record;
      if (kind === 'terminal' || kind === 'quarantined') return;
      await new Promise<void>((resolve) => files.clock.timer(FOLLOW_MS, resolve));
    }
  }

  async tasks(runId: string): Promise<LoggedTasks> {
    return tasksInFiles(this.#place, runId);
  }

  async *followTasks(runId: string, signal: AbortSignal): AsyncGenerator<LoggedTasks, void, void> {
    const { files, paths } = this.#place;
    const changes = new FolderChanges(files, paths.run(runId));
    try {
      while (!signal.aborted) {
        const found = tasksInFiles(this.#place, runId);
        yield found;
        if (found.isOver) return;
        await changes.next(signal);
      }
    } finally {
      changes.close();
    }
  }

  async task(name: TaskName): Promise<LoggedTask> {
    return taskInFiles(this.#place, name);
  }

  output(name: TaskName, stream: StreamName, reading: StreamReading): AsyncGenerator<OutputPiece, void, void> {
    return outputPieces(this.#place, name, stream, reading);
  }

  /** What was looked at as it is shown, with what the next start would find. */
  #shown(looks: readonly Look[]): ShownRegistry {
    const place = { files: this.#place.files, paths: this.#place.paths, processes: systemProcesses() };
    const driver = driverFacts(place);
    const findings = new Map(looks.map(({ view, findings }) => [view.runId, findings]));
    const views = looks.map(({ view }) => view);
    return { driver, runs: shownRuns(place, views, driver, { findings }) };
  }
}
