/**
 * Notifies the operator of the outcomes of runs as they happen: each fact once.
 *
 * Owns: noticing such a fact, the register that says it was reported, the order of the notices. Does not own: which facts
 * these are (run/notice), the command that is called (adapters/processes/notifier).
 *
 * Invariants: 1. A fact is identified by the record that led to it: it is reported at most once, over any number of starts, since its register is linked
 * before the command is called. 2. What a killed runner did not report, the next one does. 3. No run waits for a notice or depends on
 * one; a failure is a line in the log.
 */
import { counted } from '../base/counted.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { sha256 } from '../base/sha256.ts';
import { snapshotOf } from '../kernel/image.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { JournalRecord } from '../model/record.ts';
import type { NoticeEvent, NotifierPort } from '../ports/notifier.ts';
import { ALONE } from '../run/next-actions.ts';
import { noticeEvent, noticeOf } from '../run/notice.ts';
import { placeOf, type RunView, viewOf } from '../run/run-view.ts';
import { shownRun } from '../run/shown-run.ts';
import { foldRun, type RunState, runSystem } from '../run/system.ts';
import { jsonBytes } from '../store/json-file.ts';
import { linkRegister } from '../store/register.ts';
import { abandonedSince } from '../store/registry-lock.ts';
import type { Driver } from './driver.ts';
import type { LiveRun } from './live-run.ts';
import { type Place, recordsOf } from './run-look.ts';

/** The record that led to a run's state, or that it is set aside. */
type FactId = number | 'quarantined';

/** Reports the facts of one driver's runs. */
export class Notices {
  readonly #place: Place;
  readonly #notifier: NotifierPort;
  readonly #log: (line: string) => void;
  readonly #positions = new Map<string, string>();
  readonly #queue = new SerialQueue();
  #waiting = 0;
  #isClosed = false;
  #isGivenUp = false;
  #end: (error: unknown) => void = () => undefined;

  constructor(place: Place, notifier: NotifierPort, log: (line: string) => void) {
    this.#place = place;
    this.#notifier = notifier;
    this.#log = log;
  }

  /** A run was loaded: its state is no news. */
  readonly onBroughtBack = (run: LiveRun): void => {
    this.#positions.set(run.runId, positionOf(run.state));
  };

  /** A record was committed: if it led to a state worth a notice, that is reported. */
  readonly onRecord = ({ runId, state, sum }: LiveRun, { seq, atMs }: JournalRecord): void => {
    const position = positionOf(state);
    if (this.#positions.get(runId) === position) return;
    this.#positions.set(runId, position);
    // The view at this record: by the time of the notice the run may have moved on.
    const { actors } = snapshotOf(runSystem, state, sum, '');
    this.#later(viewOf(runId, actors, { seq, updatedAtMs: atMs }), seq);
  };

  /** A run is set aside, now or before; of one that was given up since there is nothing to report. */
  readonly onAside = (view: RunView): void => {
    if (view.kind === 'quarantined') this.#later(view, 'quarantined');
  };

  /** Reports what earlier runners could not report because they died; the driver is open. */
  catchUp(driver: Driver): void {
    this.#end = (error) => driver.end(error);
    const { files, paths } = this.#place;
    const sinceMs = abandonedSince(files, paths, driver.world.lock.generation);
    if (sinceMs === null) return;
    for (const view of driver.views()) {
      // Nothing is added to a run that only an earlier version can continue.
      if (noticeEvent(view) === null || view.kind === 'quarantined' || view.earlierRules !== undefined) continue;
      if (view.updatedAtMs !== null && view.updatedAtMs < sinceMs) continue;
      const arrival = arrivalIn(view.runId, recordsOf(this.#place, view.runId));
      if (arrival !== null && arrival.atMs >= sinceMs) this.#later(view, arrival.seq);
    }
  }

  /** Notices nothing more; resolves when everything noticed is reported, or when that takes longer than BOUNDS.noticesCloseMs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    let callOff = (): void => undefined;
    const bound = new Promise<void>((resolve) => {
      callOff = this.#place.files.clock.timer(BOUNDS.noticesCloseMs, resolve);
    });
    await Promise.race([this.#queue.settled(), bound]);
    callOff();
    this.#isGivenUp = true;
    if (this.#waiting > 0) this.#log(`notify: not sent in time: ${counted(this.#waiting, 'notice')}`);
  }

  /** One after the other: when a hundred runs end at once, a hundred programs must not start at once. */
  #later(view: RunView, fact: FactId): void {
    const event = noticeEvent(view);
    if (this.#isClosed || event === null) return;
    this.#waiting += 1;
    void this.#queue.add(() =>
      this.#tell(view, event, fact)
        .catch((error: unknown) => this.#end(error))
        .finally(() => {
          this.#waiting -= 1;
        }),
    );
  }

  async #tell(view: RunView, event: NoticeEvent, fact: FactId): Promise<void> {
    const { runId } = view;
    // What is given up on is not claimed: a later start may still report it.
    if (this.#isGivenUp) return;
    try {
      if (!(await this.#claim(runId, fact, event))) return;
      const { paths, files } = this.#place;
      const around = { ...ALONE, options: paths.commandOptions, nowMs: files.clock.nowMs() };
      const shown = shownRun(view, around, { folder: paths.run(runId), liveness: null });
      const why = await this.#notifier.tell(noticeOf(event, shown, paths.root, around.nowMs));
      if (why !== null) this.#log(`notify: ${runId} ${event}: ${why}`);
    } catch (error) {
      // After a failed sync nothing is trusted any more: the driver must know.
      if (!(error instanceof PawlError) || error.code === 'PAWL_STORE_SYNC_FAILED') throw error;
      this.#log(`notify: ${runId} ${event}: ${error.code}: ${error.message}`);
    }
  }

  /** True for the one process that may report it. */
  async #claim(runId: string, fact: FactId, event: string): Promise<boolean> {
    const { files, paths } = this.#place;
    await files.ensureFolders([paths.notices(runId)]);
    const content = { v: 1, fact: String(fact), event, nonce: files.clock.nonce(), atMs: files.clock.nowMs() };
    return (await linkRegister(files, paths.notice(runId, String(fact)), jsonBytes(content))).isWinner;
  }
}

/** A run's state, as far as a fact depends on it: what keeps it from beginning is part of being queued. */
function positionOf({ root: run }: RunState): string {
  const [state] = placeOf(run.value);
  return run.hasTag('parked') ? `${state}, parked` : state;
}

/** The record that led to the run's state at the end of its journal. */
function arrivalIn(runId: string, records: readonly JournalRecord[]): JournalRecord | null {
  let position: string | null = null;
  let arrival: JournalRecord | null = null;
  const onRecord = (record: JournalRecord, state: RunState): void => {
    const next = positionOf(state);
    if (next !== position) arrival = record;
    position = next;
  };
  foldRun(runId, records, { hash: sha256, onRecord });
  return arrival;
}
