/**
 * Drives runs as far as they can go: records the packets, notifies the operator, decides commands of others meanwhile.
 *
 * Owns: that frame, which runs are driven. Does not own: driving (engine/driver), recording packets (taking-in), signals and what is shown (cli/commands/run).
 */

import type { Driver } from '../engine/driver.ts';
import type { DriverOptions } from '../engine/driver-options.ts';
import { watchInbox } from '../engine/inbox-desk.ts';
import { type PacketOutcome, runsOf } from '../engine/intake.ts';
import type { RecordPacketsOptions } from '../engine/record-packets.ts';
import { unknownRun } from '../engine/run-look.ts';
import { PawlError } from '../model/error.ts';
import { PARALLEL_RUNS_MAX } from '../model/limits.ts';
import type { PacketReading } from '../model/packet.ts';
import { earlierRefusal, isHeldByEarlier } from '../run/earlier-view.ts';
import type { RunView } from '../run/run-view.ts';
import { noticeHooks, noticesFor } from './notifying.ts';
import { agentNamed, type Places } from './options.ts';
import { withDriver } from './session.ts';
import { takeInWith } from './taking-in.ts';
import { readConfig } from './wiring.ts';

/** What to drive, and how. */
export interface DriveOrder {
  /** Null where no file is named: then every run that can move is driven, unless runs are named. */
  readonly packets: readonly PacketReading[] | null;
  readonly how: Omit<RecordPacketsOptions, 'agentOverride'>;
  /** The named runs, resolved once the packets have theirs: only those are driven; without names, what is queued meanwhile is driven too. */
  readonly named: () => readonly string[];
  readonly settings: {
    readonly agent?: string;
    readonly notify?: string;
    readonly maxParallel?: number;
  };
}

/** Callbacks for an observer. */
export interface Onlooker {
  log(line: string): void;
  readonly onRecord: NonNullable<DriverOptions['onRecord']>;
  /** The driver exists; it loads its runs next. */
  onMade(driver: Driver): void;
  /** From now on runs are driven; `runIds` may grow. */
  onDriving(driver: Driver, runIds: () => readonly string[]): void;
}

/** The result of driving. */
export interface Driven {
  readonly runs: readonly RunView[];
  readonly faults: readonly { readonly runId: string; readonly error: unknown }[];
  /** The results for the packets that it was given. */
  readonly outcomes: readonly PacketOutcome[];
  /** False when it was stopped before its runs had come to rest. */
  readonly isAtRest: boolean;
}

/** Drives until nothing can move by itself, or the driver is stopped. */
export async function driveToRest(places: Places, order: DriveOrder, onlooker: Onlooker): Promise<Driven> {
  const config = readConfig(places);
  const log = (line: string): void => onlooker.log(line);
  const notices = noticesFor(places, config, order.settings.notify, log);
  const options: DriverOptions = {
    maxParallel: order.settings.maxParallel ?? config.limits.parallelRunsMax ?? PARALLEL_RUNS_MAX,
    agentOverride: order.settings.agent ?? null,
    ...noticeHooks(notices, onlooker.onRecord),
  };
  const body = async (driver: Driver): Promise<Driven> => {
    notices?.catchUp(driver);
    const outcomes = await takeInWith(driver, order.packets ?? [], { ...order.how, ...agentNamed(order.settings) });
    const named = order.named();
    for (const runId of named) assertDrivable(driver, runId);
    const isAll = named.length === 0 && order.packets === null;
    const asked = isAll ? unended(driver) : [...new Set([...named, ...runsOf(outcomes)])];
    const driven = await drive(driver, onlooker, asked, named.length === 0);
    await notices?.close();
    return { ...driven, outcomes };
  };
  return withDriver({ places, config, log }, options, body, (driver) => onlooker.onMade(driver));
}

function assertDrivable(driver: Driver, runId: string): void {
  const { commandOptions } = driver.world.paths;
  const view = driver.view(runId);
  // A folder without a record holds no run: its intake was cut off and not finished.
  if (view === null) throw unknownRun(runId, commandOptions);
  if (isHeldByEarlier(view)) throw new PawlError(earlierRefusal(view, commandOptions));
}

function unended(driver: Driver): readonly string[] {
  return driver
    .views()
    .filter((view) => view.kind !== 'terminal')
    .map((view) => view.runId);
}

async function drive(
  driver: Driver,
  onlooker: Onlooker,
  asked: readonly string[],
  withNew: boolean,
): Promise<Omit<Driven, 'outcomes'>> {
  const inbox = new AbortController();
  const watching = watchInbox(driver, inbox.signal).catch((error: unknown) => driver.end(error));
  const runIds = (): readonly string[] => [...new Set([...asked, ...driver.driven()])];
  onlooker.onDriving(driver, runIds);
  try {
    await driver.drive(asked, { withNew });
  } finally {
    inbox.abort();
    await watching;
    await driver.close();
  }
  const faults = driver
    .runs()
    .flatMap((live) => (live.fault === null ? [] : [{ runId: live.runId, error: live.fault }]));
  const runs = runIds()
    .map((runId) => driver.view(runId))
    .filter((each) => each !== null);
  return { runs, faults, isAtRest: driver.moving(runIds()).length === 0 };
}
