/**
 * `daemon.json`: what the daemon that runs says of itself, so that others find it.
 *
 * Owns: writing, reading and removing it. Does not own: whether what it says is true: only the lock proves anything.
 *
 * Invariants: 1. A reader sees all of it or nothing. 2. Only the daemon that wrote it removes it: what a later one has written stays. Free of zod.
 */

import { isObject } from '../../base/canonical-json.ts';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { Files } from '../files.ts';
import { isIdentity, isOrdinal, jsonBytes, parseJsonObject } from '../json-file.ts';
import type { HomePaths } from './home-paths.ts';

/** The content of `daemon.json`. */
export interface DaemonFile {
  readonly v: 1;
  readonly pid: number;
  readonly process: ProcessIdentity;
  /** Absolute path of its Unix socket. */
  readonly socket: string;
  readonly port: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly version: string;
  /** The versions of the API that it speaks. */
  readonly api: { readonly min: number; readonly max: number };
  readonly generation: number;
  /** Null where it logs to its standard error. */
  readonly logFile: string | null;
}

/** The file says this from now on. */
export async function writeDaemonFile(files: Files, home: HomePaths, content: DaemonFile): Promise<void> {
  await files.replace(home.daemonFile, jsonBytes(content));
}

/** What the file says; null where there is none, or it cannot be read. */
export function readDaemonFile(files: Files, home: HomePaths): DaemonFile | null {
  const bytes = files.readBytes(home.daemonFile, BOUNDS.registerBytes);
  const value = bytes === null ? null : parseJsonObject(bytes);
  if (value === null || value.v !== 1 || !isIdentity(value.process) || !isObject(value.api)) return null;
  const { pid, process, socket, port, startedAt, version, generation, logFile } = value;
  const { min, max } = value.api;
  if (!isOrdinal(pid) || !isOrdinal(port) || !isOrdinal(generation) || !isOrdinal(min) || !isOrdinal(max)) return null;
  if (typeof socket !== 'string' || typeof startedAt !== 'string' || typeof version !== 'string') return null;
  if (logFile !== null && typeof logFile !== 'string') return null;
  return { v: 1, pid, process, socket, port, startedAt, version, api: { min, max }, generation, logFile };
}

/** The file of that generation is gone; another one's stays. */
export async function removeDaemonFile(files: Files, home: HomePaths, generation: number): Promise<void> {
  if (readDaemonFile(files, home)?.generation !== generation) return;
  files.removeTemporary(home.daemonFile);
}

/** False where no daemon of this state folder can have been found by anybody: those before, if any, were killed while they began. */
export function hasServed(files: Files, home: HomePaths): boolean {
  return files.exists(home.daemonFile) || files.listNames(home.root).some((name) => name.startsWith(RELEASED));
}

/** What a daemon leaves that has ended in order. */
const RELEASED = 'released.';
