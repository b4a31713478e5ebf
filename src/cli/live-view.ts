/**
 * What is shown while runs are driven: a live table on a terminal, plain lines elsewhere.
 *
 * Owns: both, on stderr, so that stdout holds the result alone. Does not own: the facts (driver, task folders).
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { placeOf } from '../core/run-view.ts';
import type { JournalRecord } from '../model/record.ts';
import { TASK_FILES } from '../model/request.ts';
import type { Driver } from '../runtime/driver.ts';
import type { LiveRun } from '../runtime/live-run.ts';
import type { LiveLines } from './live-lines.ts';
import type { Places } from './options.ts';
import type { Output } from './output.ts';

const REFRESH_MS = 250;
const ROWS_MAX = 20;

/** What is shown while runs are driven. */
export class LiveView {
  readonly #output: Output;
  readonly #places: Places;
  readonly #table: LiveLines | null;
  readonly #shown = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;
  #driver: Driver | null = null;
  #runIds: readonly string[] = [];

  constructor(output: Output, places: Places, table: LiveLines | null) {
    this.#output = output;
    this.#places = places;
    this.#table = table;
  }

  /** Shows the runs of `driver` until `stop`. */
  start(driver: Driver, runIds: readonly string[]): void {
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
    const { logColour: colour } = this.#output;
    const rows = this.#runIds.slice(0, ROWS_MAX).map((runId) => this.#row(runId));
    const more = this.#runIds.length - rows.length;
    this.#table?.draw([...rows, ...(more > 0 ? [colour.dim(`  and ${more} more`)] : [])].join('\n'));
  }

  #row(runId: string): string {
    const { logColour: colour } = this.#output;
    const run = this.#driver?.find(runId);
    if (run === undefined) return colour.dim(`  ${runId}`);
    const [state, substate] = placeOf(run.state.run.value);
    const { openTask, contention } = run.state.run.context;
    const place = `${state}${substate === null ? '' : `.${substate}`}`;
    const task = openTask === null ? null : run.state.tasks[openTask];
    const startedAtMs = task?.context.startedAtMs ?? null;
    const details = [
      openTask,
      task === undefined || task === null ? null : `attempt ${task.context.attempt}`,
      startedAtMs === null ? null : seconds(Date.now() - startedAtMs),
      openTask === null ? null : this.#outputAge(runId, openTask),
      contention === null ? null : `waits for ${contention.holder}`,
    ].filter((each) => each !== null);
    return `  ${colour.cyan(runId)}  ${colour.bold(place)}  ${colour.dim(details.join(' · '))}`;
  }

  #outputAge(runId: string, taskId: string): string | null {
    const folder = this.#places.paths.task(runId, taskId);
    const stats = [TASK_FILES.output, TASK_FILES.stderr].map((name) =>
      statSync(join(folder, name), { throwIfNoEntry: false }),
    );
    const last = Math.max(0, ...stats.filter((stat) => (stat?.size ?? 0) > 0).map((stat) => stat?.mtimeMs ?? 0));
    return last === 0 ? 'no output yet' : `last output ${seconds(Date.now() - last)} ago`;
  }
}

function seconds(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(total / 60);
  return minutes === 0 ? `${total}s` : `${minutes}m${String(total % 60).padStart(2, '0')}s`;
}
