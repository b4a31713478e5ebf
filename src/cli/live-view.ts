/**
 * What is shown while runs are driven: a live table on a terminal, plain lines elsewhere.
 *
 * Owns: both, on stderr, so that stdout holds the result alone. Does not own: the facts (driver, task folders).
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import type { Places } from '../app/options.ts';
import type { Driver } from '../engine/driver.ts';
import type { LiveRun } from '../engine/live-run.ts';
import { SignsReader } from '../engine/liveness.ts';
import type { JournalRecord } from '../model/record.ts';
import { type Liveness, livenessOf } from '../run/liveness.ts';
import type { DriverFacts } from '../run/next-actions.ts';
import { placeOf, type RunView, shownSubstate } from '../run/run-view.ts';
import type { LiveLines } from './live-lines.ts';
import { liveRow } from './live-row.ts';
import { type LiveRow, liveRows, type RowColours, roomIn } from './live-rows.ts';
import type { Output } from './output.ts';
import { rowColours } from './render.ts';

const REFRESH_MS = 250;

/** Where what is shown comes from. */
interface LiveSource {
  ids(): readonly string[];
  get(runId: string): RunView | null;
  openTask(runId: string): string | null;
  readonly driver: DriverFacts;
}

/** What is shown while runs are driven. */
export class LiveView {
  readonly #output: Output;
  readonly #signs: SignsReader;
  readonly #table: LiveLines | null;
  readonly #colours: RowColours;
  readonly #shown = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #source: LiveSource | null = null;

  constructor(output: Output, places: Places, table: LiveLines | null) {
    this.#output = output;
    this.#signs = new SignsReader({ files: places.files, paths: places.paths, processes: systemProcesses() });
    this.#table = table;
    this.#colours = rowColours(output.logColour);
  }

  /** Shows the runs of `driver` until `stop`; `runIds` is asked each time, as more may come. */
  start(driver: Driver, runIds: () => readonly string[]): void {
    this.#begin({
      ids: runIds,
      get: (runId) => driver.view(runId),
      openTask: (runId) => driver.find(runId)?.state.root.context.openTask ?? null,
      driver: THIS_PROCESS,
    });
  }

  /** Shows runs that another process drives until `stop`. */
  follow(runs: Pick<LiveSource, 'ids' | 'get'>, driver: DriverFacts): void {
    this.#begin({
      ids: () => runs.ids(),
      get: (runId) => runs.get(runId),
      openTask: (runId) => openTaskIn(runs.get(runId)),
      driver,
    });
  }

  #begin(source: LiveSource): void {
    this.#source = source;
    if (this.#table === null) return;
    this.#timer = setInterval(() => this.#draw(), REFRESH_MS);
    this.#draw();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#table?.clear();
    this.#source = null;
  }

  /** A line that stays. */
  log(line: string): void {
    if (this.#source !== null) this.#table?.clear();
    this.#output.log(line);
  }

  /** One line whenever a run's place changes, where there is no terminal to draw on. */
  readonly onRecord = (run: LiveRun, record: JournalRecord): void => {
    const [state, inner] = placeOf(run.state.root.value);
    this.#place(run.runId, record.atMs, [state, shownSubstate(state, inner), run.state.root.context.openTask]);
  };

  /** The same of a run that another process drives. */
  onView(view: RunView): void {
    this.#place(view.runId, view.updatedAtMs ?? Date.now(), [view.state, view.substate, openTaskIn(view)]);
  }

  #place(runId: string, atMs: number, [state, substate, task]: readonly [string, string | null, string | null]): void {
    if (this.#table !== null) return;
    const place = `${state}${substate === null ? '' : `.${substate}`}${task === null ? '' : ` ${task}`}`;
    if (this.#shown.get(runId) === place) return;
    this.#shown.set(runId, place);
    this.#output.log(`${new Date(atMs).toISOString()} ${runId} ${place}`);
  }

  #draw(): void {
    const rows = (this.#source?.ids() ?? []).flatMap((runId) => this.#row(runId) ?? []);
    this.#table?.draw(liveRows(rows, roomIn(process.stderr), this.#colours).join('\n'));
  }

  #row(runId: string): LiveRow | null {
    const source = this.#source;
    const view = source?.get(runId) ?? null;
    if (source === null || view === null) return null;
    const openTask = source.openTask(runId);
    const nowMs = Date.now();
    const liveness = openTask === null ? null : this.#livenessOf(source, runId, openTask, nowMs);
    return liveRow(view, { openTask, liveness, nowMs });
  }

  /** The life of the open task of a run that is driven. */
  #livenessOf({ driver }: LiveSource, runId: string, taskId: string, nowMs: number): Liveness {
    const task = this.#signs.task(runId, taskId);
    return livenessOf({
      driver,
      updatedAtMs: null,
      leaseExpiresAtMs: null,
      inFiles: [],
      nowMs,
      task,
    });
  }
}

/** The task that a view shows as open. */
function openTaskIn(view: RunView | null): string | null {
  const task = view?.task ?? null;
  return task === null || task.state.startsWith('settled') ? null : task.taskId;
}

const THIS_PROCESS: DriverFacts = { kind: 'alive', pid: process.pid, hostname: '', sinceMs: null };
