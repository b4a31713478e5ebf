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
import { placeOf, shownSubstate } from '../run/run-view.ts';
import type { LiveLines } from './live-lines.ts';
import { liveRow } from './live-row.ts';
import { type LiveRow, liveRows, type RowColours, roomIn } from './live-rows.ts';
import type { Output } from './output.ts';
import { rowColours } from './render.ts';

const REFRESH_MS = 250;

/** What is shown while runs are driven. */
export class LiveView {
  readonly #output: Output;
  readonly #signs: SignsReader;
  readonly #table: LiveLines | null;
  readonly #colours: RowColours;
  readonly #shown = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #driver: Driver | null = null;
  #runIds: () => readonly string[] = () => [];

  constructor(output: Output, places: Places, table: LiveLines | null) {
    this.#output = output;
    this.#signs = new SignsReader({ files: places.files, paths: places.paths, processes: systemProcesses() });
    this.#table = table;
    this.#colours = rowColours(output.logColour);
  }

  /** Shows the runs of `driver` until `stop`; `runIds` is asked each time, as more may come. */
  start(driver: Driver, runIds: () => readonly string[]): void {
    this.#driver = driver;
    this.#runIds = runIds;
    if (this.#table === null) return;
    this.#timer = setInterval(() => this.#draw(), REFRESH_MS);
    this.#draw();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#table?.clear();
    this.#driver = null;
  }

  /** A line that stays. */
  log(line: string): void {
    if (this.#driver !== null) this.#table?.clear();
    this.#output.log(line);
  }

  /** One line whenever a run's place changes, where there is no terminal to draw on. */
  readonly onRecord = (run: LiveRun, record: JournalRecord): void => {
    if (this.#table !== null) return;
    const [state, inner] = placeOf(run.state.root.value);
    const substate = shownSubstate(state, inner);
    const task = run.state.root.context.openTask;
    const place = `${state}${substate === null ? '' : `.${substate}`}${task === null ? '' : ` ${task}`}`;
    if (this.#shown.get(run.runId) === place) return;
    this.#shown.set(run.runId, place);
    this.#output.log(`${new Date(record.atMs).toISOString()} ${run.runId} ${place}`);
  };

  #draw(): void {
    const rows = this.#runIds().flatMap((runId) => this.#row(runId) ?? []);
    this.#table?.draw(liveRows(rows, roomIn(process.stderr), this.#colours).join('\n'));
  }

  #row(runId: string): LiveRow | null {
    const view = this.#driver?.view(runId) ?? null;
    if (view === null) return null;
    const openTask = this.#driver?.find(runId)?.state.root.context.openTask ?? null;
    const nowMs = Date.now();
    const liveness = openTask === null ? null : this.#livenessOf(runId, openTask, nowMs);
    return liveRow(view, { openTask, liveness, nowMs });
  }

  /** The life of the open task of a run that this process drives. */
  #livenessOf(runId: string, taskId: string, nowMs: number): Liveness {
    const task = this.#signs.task(runId, taskId);
    return livenessOf({
      driver: THIS_PROCESS,
      updatedAtMs: null,
      leaseExpiresAtMs: null,
      inFiles: [],
      nowMs,
      task,
    });
  }
}

const THIS_PROCESS: DriverFacts = { kind: 'alive', pid: process.pid, hostname: '', sinceMs: null };
