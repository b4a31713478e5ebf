/**
 * The daemon that drives the registry of a command, if there is one.
 *
 * Owns: finding it. Does not own: asking it (cli/daemon-link for what changes something, cli/present-reader for what only looks). Free of zod and xstate, and of a
 * client: `status` starts with it.
 *
 * Invariant: a daemon is found only where the lock of the registry says that it drives it: then nothing else can.
 */
import { daemonHere } from '../app/daemon/daemon-place.ts';
import type { Places } from '../app/options.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import { driverOf } from '../engine/surroundings.ts';
import { PawlError } from '../model/error.ts';
import type { DriverFacts } from '../run/next-actions.ts';
import type { Files } from '../store/files.ts';
import { type DaemonFile, readDaemonFile } from '../store/home/daemon-file.ts';
import type { HomePaths } from '../store/home/home-paths.ts';
import { ProjectStore } from '../store/home/projects.ts';
import { readHolder } from '../store/registry-lock.ts';

/** The daemon, and what of it the registry is. */
export interface DrivingDaemon {
  readonly daemon: DaemonFile;
  /** The id of the project whose registry it is. */
  readonly project: string;
  /** The daemon as the holder of the registry. */
  readonly driver: DriverFacts;
}

/** The daemon that drives the registry; null where none does. */
export function drivingDaemon(places: Places): DrivingDaemon | null {
  const { files, home, processes } = daemonHere();
  const daemon = daemonIn(files, home);
  if (daemon === null) return null;
  const holder = readHolder({ files: places.files, paths: places.paths, processes });
  if (holder.kind !== 'alive' || canonicalJson(holder.content.holder) !== canonicalJson(daemon.process)) return null;
  const path = places.repository.mainWorktree;
  const record = new ProjectStore(files, home).list().find((each) => each.path === path);
  return record === undefined ? null : { daemon, project: record.id, driver: driverOf(holder) };
}

/** A state folder that cannot be read holds no daemon that could be asked. */
function daemonIn(files: Files, home: HomePaths): DaemonFile | null {
  try {
    return readDaemonFile(files, home);
  } catch (error) {
    if (error instanceof PawlError) return null;
    throw error;
  }
}
