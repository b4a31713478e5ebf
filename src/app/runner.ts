/**
 * Pawl as a library: read packets, open a runner on a repository, record packets, drive, view.
 *
 * Owns: that surface. Does not own: any behaviour: the command line uses the same parts.
 */
import { sha256 } from '../base/sha256.ts';
import { Driver } from '../engine/driver.ts';
import { runsOf } from '../engine/intake.ts';
import type { InspectObserver } from '../engine/mirror.ts';
import { unknownRun } from '../engine/run-look.ts';
import { AGENT_NAME, AGENT_NAME_RULE } from '../model/agent-name.ts';
import { PawlError } from '../model/error.ts';
import { PARALLEL_RUNS_MAX } from '../model/limits.ts';
import type { JournalRecord } from '../model/record.ts';
import { type PacketsFile, readPackets } from '../packets/packets.ts';
import type { RunView } from '../run/run-view.ts';
import { noticeHooks, noticesFor } from './notifying.ts';
import { agentNamed, placesOf } from './options.ts';
import { takeInWith } from './taking-in.ts';
import { openWorld } from './wiring.ts';

/** How a runner is made. Paths are absolute, or relative to `cwd`. */
export interface RunnerOptions {
  /** Any folder of the repository. Default: the current one. */
  readonly cwd?: string;
  readonly registry?: string;
  readonly config?: string;
  /** Runs driven at once. */
  readonly maxParallel?: number;
  /** The agent for every role, instead of what packets and config say; recorded with the runs of these packets. */
  readonly agent?: string;
  /** Receives XState inspection events of every run and task: live mirrors, without effects. */
  readonly inspect?: InspectObserver;
  readonly onRecord?: (runId: string, record: JournalRecord) => void;
  readonly log?: (line: string) => void;
}

/** The driving process of a registry. Close it: it holds the registry's lock. */
export interface Runner {
  /** Records packets, all of them or none; resolves to their runs, in order. Rejects with a PawlError and its code. */
  intake(packets: PacketsFile, options?: { readonly again?: boolean }): Promise<readonly RunView[]>;
  /** Drives these runs (default: all that can move) until none can move by itself. */
  drive(runIds?: readonly string[]): Promise<readonly RunView[]>;
  views(): readonly RunView[];
  close(): Promise<void>;
}

function assertAgentName(agent: string | undefined): void {
  if (agent === undefined || AGENT_NAME.test(agent)) return;
  throw new PawlError({
    code: 'PAWL_USAGE',
    message: `agent ${AGENT_NAME_RULE}`,
    subject: 'agent',
    hint: 'Name an agent of the config, or the kind of an installed one.',
  });
}

/** The packets of a JSON text. Throws PAWL_PACKETS_INVALID. */
export function parsePackets(text: string): PacketsFile {
  return readPackets(text, sha256, { sizeBytes: Buffer.byteLength(text) });
}

/** Opens the registry of a repository, loads its runs, and holds its lock until closed. Throws PAWL_REGISTRY_LOCKED, PAWL_USAGE. */
export async function createRunner(options: RunnerOptions = {}): Promise<Runner> {
  const { registry, config, inspect, onRecord } = options;
  assertAgentName(options.agent);
  const places = placesOf(
    { ...(registry === undefined ? {} : { registry }), ...(config === undefined ? {} : { config }) },
    options.cwd,
  );
  const world = await openWorld({
    places,
    log: options.log ?? (() => undefined),
    ...(inspect === undefined ? {} : { inspector: { inspect } }),
  });
  const notices = noticesFor(places, world.config, undefined, world.log);
  const driver = new Driver(world, {
    maxParallel: options.maxParallel ?? world.config.limits.parallelRunsMax ?? PARALLEL_RUNS_MAX,
    agentOverride: options.agent ?? null,
    ...noticeHooks(notices, onRecord === undefined ? undefined : (run, record) => onRecord(run.runId, record)),
  });
  const close = async (): Promise<void> => {
    await driver.close();
    await notices?.close();
    await world.lock.release();
  };
  const viewOf = (runId: string): RunView => {
    const view = driver.view(runId);
    if (view === null) throw unknownRun(runId);
    return view;
  };
  try {
    await driver.open();
    notices?.catchUp(driver);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    intake: async ({ readings }, { again = false } = {}) => {
      const outcomes = await takeInWith(driver, readings, { again, isAllOrNothing: true, ...agentNamed(options) });
      return runsOf(outcomes).map(viewOf);
    },
    drive: async (runIds) => {
      const ids = runIds ?? driver.runs().map((run) => run.runId);
      await driver.drive(ids);
      if (driver.failure !== null) throw driver.failure;
      return ids.map(viewOf);
    },
    views: () => driver.views(),
    close,
  };
}
