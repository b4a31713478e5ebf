/**
 * `pawl run`: drives runs as far as they can go. Starting it again is the resume.
 *
 * Owns: its options, signals, what is shown meanwhile and at the end. Does not own: driving (app/driving), following runs that a daemon drives
 * (cli/following).
 */
import { type Driven, type DriveOrder, driveToRest, type Onlooker } from '../../app/driving.ts';
import { agentNamed, type CommonOptions, type Places, placesOf } from '../../app/options.ts';
import { spanMs } from '../../base/elapsed.ts';
import { listed } from '../../base/listed.ts';
import type { Driver } from '../../engine/driver.ts';
import { SIGNAL_EXIT } from '../../model/error-codes.ts';
import { conditionOf, summaryLine } from '../../run/run-marks.ts';
import { exitCodeOf } from '../../run/run-view.ts';
import { type DaemonLink, daemonFor } from '../daemon-link.ts';
import { followRuns } from '../following.ts';
import { liveLines } from '../live-lines.ts';
import { LiveView } from '../live-view.ts';
import { errorReport, exitCodeOfError, type Output } from '../output.ts';
import { refusedLines, reportedOutcomes, withRefused } from '../packet-outcomes.ts';
import { readPacketsArgument } from '../packets-argument.ts';
import { runDetails, runLine } from '../render.ts';
import { resolveRun } from '../run-argument.ts';
import { shown, withFailures } from '../shown.ts';

/** Options of `pawl run`. */
export interface RunOptions extends CommonOptions {
  readonly packets?: string;
  readonly agent?: string;
  readonly maxParallel?: number;
  readonly again?: boolean;
  readonly allOrNothing?: boolean;
  readonly notify?: string;
}

/** The end of one `pawl run`. */
export interface Result extends Omit<Driven, 'isAtRest'> {
  /** The signal that ended it before its runs had come to rest; null when they had. */
  readonly stoppedBy: StopSignal | null;
  /** From the start of the command to the end of driving. */
  readonly tookMs: number;
}

type StopSignal = keyof typeof SIGNAL_EXIT;

/** Drives the named runs (those of the packets; without a name every run that can move). */
export async function run(output: Output, options: RunOptions, runIds: readonly string[]): Promise<number> {
  return show(output, await runToRest(output, options, runIds));
}

/** What came of driving the named runs. */
export async function runToRest(output: Output, options: RunOptions, runIds: readonly string[]): Promise<Result> {
  const sinceMs = performance.now();
  const places = placesOf(options);
  const order: DriveOrder = {
    packets: options.packets === undefined ? null : readPacketsArgument(places.cwd, options.packets).readings,
    how: { again: options.again === true, isAllOrNothing: options.allOrNothing === true },
    named: () => runIds.map((runId) => resolveRun(places, runId)),
    settings: options,
  };
  const view = new LiveView(output, places, await liveLines());
  const link = daemonFor(output, places);
  if (link !== null) return followToRest(output, places, options, { link, order, view, sinceMs });
  const stop = stopOnSignal(view);
  const onlooker: Onlooker = {
    log: (line) => view.log(line),
    onRecord: view.onRecord,
    onMade: stop.listen,
    onDriving: (driver, driven) => view.start(driver, driven),
  };
  const { isAtRest, ...driven } = await driveToRest(places, order, onlooker).finally(() => {
    stop.end();
    view.stop();
  });
  // Only now: nobody drives these runs any more.
  return {
    ...driven,
    runs: withFailures(places, shown(places, driven.runs)),
    stoppedBy: isAtRest ? null : stop.signal(),
    tookMs: spanMs(sinceMs, performance.now()),
  };
}

/** The same where a daemon drives them. */
async function followToRest(
  output: Output,
  places: Places,
  options: RunOptions,
  { link, order, view, sinceMs }: { link: DaemonLink; order: DriveOrder; view: LiveView; sinceMs: number },
): Promise<Result> {
  const agent = order.packets === null ? options.agent : undefined;
  for (const [name, value, where] of [
    ['--max-parallel', options.maxParallel, 'does not count here'],
    ['--notify', options.notify, 'does not count here'],
    ['--agent', agent, 'counts here only together with --packets'],
  ])
    if (value !== undefined)
      output.log(
        `${output.logColour.yellow('notice')} ${name} ${where}: the daemon drives these runs, by the config of the repository.`,
      );
  const { runs, outcomes, stoppedBy } = await followRuns(
    link,
    places,
    { ...order, how: { ...order.how, ...agentNamed(options) } },
    view,
  );
  return {
    runs: withFailures(places, shown(places, runs)),
    faults: [],
    outcomes,
    stoppedBy,
    tookMs: spanMs(sinceMs, performance.now()),
  };
}

/** Runs that are named in one line. */
const RUNS_NAMED = 5;

function keptRunning(workers: number): string {
  return workers === 1
    ? 'One worker keeps running under its host'
    : `${workers} workers keep running under their hosts`;
}

interface SignalStop {
  /** From now on the driver is stopped by signals, also while it brings runs back. */
  listen(driver: Driver): void;
  /** Short work is waited for until then: a second signal must still find its handler. */
  end(): void;
  signal(): StopSignal | null;
}

/** The first signal stops new work and says what is waited for; the second ends the process at once. */
function stopOnSignal(view: LiveView): SignalStop {
  let first: StopSignal | null = null;
  let driver: Driver | null = null;
  const onSignal = (signal: StopSignal): void => {
    if (driver === null) return;
    if (first !== null) process.exit(SIGNAL_EXIT[signal]);
    first = signal;
    const running = driver.runs().filter((live) => live.isUnderWay('watchWorker'));
    const short = driver.runs().filter((live) => live.hasShortWork());
    const workers = running.length === 0 ? '' : ` ${keptRunning(running.length)}; pawl run finds them again.`;
    view.log(`${signal}: no new work will be started.${workers}`);
    if (short.length > 0) {
      const names = short.map((live) => live.runId);
      view.log(`Waiting for short work to finish: ${listed(names, RUNS_NAMED)}; a second signal exits at once.`);
    }
    driver.stopAccepting();
  };
  return {
    listen: (made) => {
      driver = made;
      process.on('SIGINT', onSignal);
      process.on('SIGTERM', onSignal);
    },
    end: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
    signal: () => first,
  };
}

/** Shows the result, with `more` in its JSON; returns the exit code. */
export function show(output: Output, result: Result, more: object = {}): number {
  const { runs, faults, outcomes, stoppedBy, tookMs } = result;
  output.json({
    ...more,
    runs,
    ...(outcomes.length === 0 ? {} : { packets: reportedOutcomes(outcomes) }),
    stopped: stoppedBy !== null,
    faults: faults.map(({ runId, error }) => ({ runId, error: errorReport(error, output.options) })),
  });
  for (const view of runs) {
    output.line(runLine(output, view));
    for (const line of runDetails(output, view)) output.line(line);
  }
  for (const line of refusedLines(output, outcomes)) output.line(line);
  if (runs.length === 0 && outcomes.length === 0)
    output.line('No runs to drive. Name a packets file with --packets, or import one with pawl intake.');
  const refused = outcomes.filter(({ refusal }) => refusal !== null).length;
  if (runs.length + refused > 0) output.line(summaryLine(runs.map(conditionOf), refused, tookMs));
  if (stoppedBy !== null) output.line('Stopped as requested; run it again to resume.');
  return exitCodeOfResult(result);
}

/** That of a run that cannot continue in this process, else of the signal that cut the command off, else of what came of the runs. */
export function exitCodeOfResult({ runs, faults, outcomes, stoppedBy }: Omit<Result, 'tookMs'>): number {
  const fault = faults[0];
  if (fault !== undefined) return exitCodeOfError(fault.error);
  return stoppedBy === null ? withRefused(outcomes, exitCodeOf(runs)) : SIGNAL_EXIT[stoppedBy];
}
