/**
 * What is shown while runs are driven: a live table on a terminal, plain lines elsewhere.
 *
 * Owns: both, on stderr, so that stdout holds the result alone. Does not own: the facts (driver, task folders).
 */
import { systemProcesses } from '../adapters/processes/system.ts';
import { visible } from '../base/visible.ts';
import { taskWords } from '../core/event-words.ts';
import { livenessOf, signWords, standingWords } from '../core/liveness.ts';
import type { DriverFacts } from '../core/next-actions.ts';
import { conditionOf } from '../core/run-marks.ts';
import { placeOf } from '../core/run-view.ts';
import type { JournalRecord } from '../model/record.ts';
import type { Driver } from '../runtime/driver.ts';
import type { LiveRun } from '../runtime/live-run.ts';
import { SignsReader } from '../runtime/liveness.ts';
import type { LiveLines } from './live-lines.ts';
import { type LiveRow, liveRows, type RowColours } from './live-rows.ts';
import type { Places } from './options.ts';
import type { Output } from './output.ts';
import { MARK_COLOURS } from './render.ts';

const REFRESH_MS = 250;
/** Of a terminal that does not say how wide it is. */
const COLUMNS = 80;

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
    this.#colours = coloursOf(output);
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
    const [state, substate] = placeOf(run.state.run.value);
    const task = run.state.run.context.openTask;
    const place = `${state}${substate === null ? '' : `.${substate}`}${task === null ? '' : ` ${task}`}`;
    if (this.#shown.get(run.runId) === place) return;
    this.#shown.set(run.runId, place);
    this.#output.log(`${new Date(record.atMs).toISOString()} ${run.runId} ${place}`);
  };

  #draw(): void {
    const rows = this.#runIds().flatMap((runId) => this.#row(runId) ?? []);
    const { columns = COLUMNS } = process.stderr;
    this.#table?.draw(liveRows(rows, columns, this.#colours).join('\n'));
  }

  #row(runId: string): LiveRow | null {
    const view = this.#driver?.view(runId) ?? null;
    if (view === null) return null;
    const { openTask, contention } = this.#driver?.find(runId)?.state.run.context ?? {
      openTask: null,
      contention: null,
    };
    const details = [
      ...(openTask === null ? [] : [taskWords(openTask), ...this.#taskWords(runId, openTask)]),
      ...(contention === null ? [] : [`waits for ${contention.holder}`]),
    ];
    return { condition: conditionOf(view), name: visible(view.taskId), place: view.state, details };
  }

  /** What is known of the open task's life: that it is not what it seems, elapsed time against the deadline, age of the output. */
  #taskWords(runId: string, taskId: string): readonly string[] {
    const nowMs = Date.now();
    const task = this.#signs.task(runId, taskId);
    const facts = { driver: THIS_PROCESS, updatedAtMs: null, leaseExpiresAtMs: null, inFiles: [], nowMs };
    const liveness = livenessOf({ ...facts, task });
    const { standing } = liveness;
    return [...(standing === 'working' ? [] : [standingWords(standing)]), ...signWords(liveness, nowMs)];
  }
}

const THIS_PROCESS: DriverFacts = { kind: 'alive', pid: process.pid, hostname: '', sinceMs: null };

function coloursOf({ logColour: colour }: Output): RowColours {
  return {
    mark: (condition, text) => colour[MARK_COLOURS[condition]](text),
    name: colour.cyan,
    place: colour.bold,
    detail: colour.dim,
  };
}
