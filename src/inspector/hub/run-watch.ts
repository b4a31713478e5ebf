/**
 * One run that a page looks at closely: its records, its task folders, its recovery.
 *
 * Owns: how far the page has been told. Does not own: sending (hub/page-session), reading (hub/journal-reader, hub/task-files-view).
 *
 * Invariants: 1. Records come in order, each once, from the one asked for on. 2. What was there when the watch began comes as a replay,
 * and an empty message that is none says when it is over.
 */

import { spanMs } from '../../base/elapsed.ts';
import type { LookPlace } from '../../engine/run-look.ts';
import type { RunView } from '../../run/run-view.ts';
import type { HubMessage } from '../wire/page-api.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { JournalReader } from './journal-reader.ts';
import { recoveryView } from './run-documents.ts';
import type { TaskFilesReader } from './task-files-view.ts';

/** What a watch is made from. */
export interface RunWatchParts {
  readonly place: LookPlace;
  readonly runId: string;
  /** The first record to tell. */
  readonly fromSeq: number;
  readonly view: () => RunView | null;
  /** Shared with other pages. */
  readonly files: TaskFilesReader;
}

/** The watch of one run by one page. */
export class RunWatch {
  readonly runId: string;
  readonly #place: LookPlace;
  readonly #view: () => RunView | null;
  readonly #files: TaskFilesReader;
  readonly #waiting: HubMessage[] = [];
  #reader: JournalReader;
  #isReplay = true;
  #areRecordsDue = true;
  #areFilesDue = true;
  #isRecoveryDue = true;
  #restUntilMs = 0;
  #filesTold = { mark: 0, sizesMark: 0, atMs: 0 };

  constructor({ place, runId, fromSeq, view, files }: RunWatchParts) {
    this.#place = place;
    this.runId = runId;
    this.#view = view;
    this.#files = files;
    this.#reader = new JournalReader(place.files, place.paths.journal(runId), fromSeq);
  }

  /** The journal or a register of the run may have changed. */
  touched(): void {
    this.#areRecordsDue = true;
    this.#isRecoveryDue = true;
  }

  recoveryDue(): void {
    this.#isRecoveryDue = true;
  }

  /** The task folders are looked at: if they changed they are told. */
  lookAtFiles(): void {
    const { mark, sizesMark } = this.#files.look();
    const told = this.#filesTold;
    const haveGrown = sizesMark !== told.sizesMark && spanMs(told.atMs, performance.now()) >= HUB_BOUNDS.sizesMs;
    if (mark !== told.mark || haveGrown) this.#areFilesDue = true;
  }

  /** The next records to tell, or that the replay is over; null when there is nothing to tell now. */
  nextRecords(): HubMessage | null {
    return this.#waiting.shift() ?? (this.#areRecordsDue ? this.#read() : null);
  }

  /** True while a part of the journal was read that held nothing to tell, and more of it is there. */
  get hasMoreRecords(): boolean {
    return this.#areRecordsDue;
  }

  /** What else there is to tell of the run now; null when there is nothing. */
  async nextFiles(): Promise<HubMessage | null> {
    const { runId } = this;
    if (this.#areFilesDue) {
      this.#areFilesDue = false;
      const { mark, sizesMark, tasks } = this.#files.look();
      this.#filesTold = { mark, sizesMark, atMs: performance.now() };
      return { type: 'files', runId, tasks: tasks() };
    }
    const startMs = performance.now();
    if (!this.#isRecoveryDue || startMs < this.#restUntilMs) return null;
    this.#isRecoveryDue = false;
    const view = await recoveryView(this.#place, runId, this.#view(), this.#reader);
    // It may read the whole journal, which holds all others up.
    const endMs = performance.now();
    this.#restUntilMs = endMs + HUB_BOUNDS.restFactor * spanMs(startMs, endMs);
    return { type: 'recovery', runId, ...view };
  }

  #read(): HubMessage | null {
    const { records, isEnd, isReset } = this.#reader.read(HUB_BOUNDS.recordsAtOnce);
    const { runId } = this;
    if (isReset) return this.#startAnew();
    const isReplay = this.#isReplay;
    if (isEnd) {
      this.#areRecordsDue = false;
      this.#isReplay = false;
      if (isReplay) this.#waiting.push({ type: 'records', runId, records: [], isReplay: false });
    }
    if (records.length > 0) return { type: 'records', runId, records, isReplay };
    return this.#waiting.shift() ?? null;
  }

  /** The journal is another one: all of it is told. */
  #startAnew(): HubMessage {
    this.#reader = new JournalReader(this.#place.files, this.#place.paths.journal(this.runId));
    this.#isReplay = true;
    this.#areRecordsDue = true;
    return { type: 'recordsReset', runId: this.runId };
  }
}
