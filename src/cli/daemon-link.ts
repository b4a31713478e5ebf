/**
 * The daemon that drives the registry of a command, if there is one.
 *
 * Owns: finding it, its errors as errors of this command line. Does not own: asking it (client/client), what a command does without one.
 *
 * Invariants: 1. A daemon is used only where the lock of the registry says that it drives it: then nothing else can. 2. One that speaks another version of the API is
 * left alone, and that is said: what is asked goes through the files, which every version understands or refuses.
 */
import { daemonHere } from '../app/daemon/daemon-place.ts';
import type { Places } from '../app/options.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import { Client, DaemonError } from '../client/client.ts';
import { isSpoken, versionMismatch } from '../client/versions.ts';
import { PawlError } from '../model/error.ts';
import { ERROR_CODES, type ErrorCode } from '../model/error-codes.ts';
import type { Files } from '../store/files.ts';
import { type DaemonFile, readDaemonFile } from '../store/home/daemon-file.ts';
import type { HomePaths } from '../store/home/home-paths.ts';
import { ProjectStore } from '../store/home/projects.ts';
import { readHolder } from '../store/registry-lock.ts';
import type { Output } from './output.ts';
import { packageVersion } from './package-version.ts';

/** The daemon behind a command. */
export interface DaemonLink {
  readonly client: Client;
  /** The id of the project whose registry it is. */
  readonly project: string;
  readonly daemon: DaemonFile;
}

/** The daemon that drives the registry; null where none does. Another version of the API is noted on stderr, and passed over. */
export function daemonFor(output: Pick<Output, 'log' | 'logColour'>, places: Places): DaemonLink | null {
  const { files, home, processes } = daemonHere();
  const daemon = daemonIn(files, home);
  if (daemon === null) return null;
  const holder = readHolder({ files: places.files, paths: places.paths, processes });
  if (holder.kind !== 'alive' || canonicalJson(holder.content.holder) !== canonicalJson(daemon.process)) return null;
  const path = places.repository.mainWorktree;
  const record = new ProjectStore(files, home).list().find((each) => each.path === path);
  if (record === undefined) return null;
  if (!isSpoken(daemon.api)) {
    const { message, hint } = versionMismatch(daemon, packageVersion());
    output.log(
      `${output.logColour.yellow('notice')} ${message} The command goes through the registry's files instead. ${hint}`,
    );
    return null;
  }
  return { client: new Client({ kind: 'socket', path: daemon.socket }), project: record.id, daemon };
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

/** What `ask` gives; an error of the daemon becomes the error that the same command would give without it. */
export async function throughDaemon<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    throw asPawlError(error);
  }
}

/** The error with its own code where the catalogue has it. */
function asPawlError({ problem }: DaemonError): PawlError {
  const { code, detail, next, details, requestId } = problem;
  if (code === 'ROUTE_NOT_FOUND')
    return new PawlError({
      code: 'PAWL_DAEMON_VERSION',
      message: 'The daemon is of an earlier version of Pawl, which cannot do this.',
      subject: '',
      hint: 'Start it again with this version: `pawl stop`, then `pawl start`. Workers go on meanwhile.',
      kind: 'needsHuman',
    });
  const known = code in ERROR_CODES ? (code as ErrorCode) : null;
  const subject = typeof details.subject === 'string' ? details.subject : '';
  const hint = typeof details.hint === 'string' ? details.hint : next;
  const actions = Array.isArray(details.actions) ? (details.actions as PawlError['actions']) : [];
  if (known !== null && known !== 'PAWL_BUG')
    return new PawlError({ code: known, message: detail, subject, hint, actions });
  return new PawlError({
    code: 'PAWL_DAEMON_FAILED',
    message: `The daemon did not do it: ${code}: ${detail}`,
    subject,
    hint: `${hint} Its log names this request ${requestId}.`.trim(),
  });
}
