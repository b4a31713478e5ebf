/**
 * Watches every call of `node:fs` that changes something: with a callback, as a promise, and synchronous.
 *
 * Owns: which calls change what, and telling those that do so outside of the roots. Does not own: resolving paths (real-place), writing it down
 * (guard-log). Free of zod and xstate: every process of a trial loads this.
 *
 * A write to a descriptor is not looked at: opening it for writing was, in this process or in the one that it was inherited from.
 */
import fs from 'node:fs';
import type { GuardLog } from './guard-log.ts';
import { isInside, placeOfDescriptor, realPlace, type Subject } from './real-place.ts';
import { type Args, lookBefore } from './wrapping.ts';

/** Which argument of a call names what it changes. */
type Touch = readonly [argument: number, subject: Subject | 'descriptor'];

const FIRST_FILE: readonly Touch[] = [[0, 'file']];
const FIRST_ENTRY: readonly Touch[] = [[0, 'entry']];
const SECOND_FILE: readonly Touch[] = [[1, 'file']];
const BOTH_ENTRIES: readonly Touch[] = [
  [0, 'entry'],
  [1, 'entry'],
];
const DESCRIPTOR: readonly Touch[] = [[0, 'descriptor']];

/** Calls by the name that they have with a callback. */
const CHANGES: Readonly<Record<string, readonly Touch[]>> = {
  writeFile: FIRST_FILE,
  appendFile: FIRST_FILE,
  truncate: FIRST_FILE,
  chmod: FIRST_FILE,
  chown: FIRST_FILE,
  utimes: FIRST_FILE,
  lchmod: FIRST_ENTRY,
  lchown: FIRST_ENTRY,
  lutimes: FIRST_ENTRY,
  unlink: FIRST_ENTRY,
  rmdir: FIRST_ENTRY,
  rm: FIRST_ENTRY,
  mkdir: FIRST_ENTRY,
  mkdtemp: FIRST_ENTRY,
  copyFile: SECOND_FILE,
  cp: SECOND_FILE,
  rename: BOTH_ENTRIES,
  link: BOTH_ENTRIES,
  symlink: [[1, 'entry']],
  ftruncate: DESCRIPTOR,
  fchmod: DESCRIPTOR,
  fchown: DESCRIPTOR,
  futimes: DESCRIPTOR,
};
const HANDLE_CHANGES = ['chmod', 'chown', 'utimes', 'truncate'];

/** Nothing is kept there. */
const NOWHERE = ['/dev/null', '/dev/tty'];
const { O_RDONLY, O_CREAT, O_TRUNC } = fs.constants;
const ACCESS_MODE = 3;

/** From now on every change outside of `roots` is told. */
export function watchFiles(roots: readonly string[], log: GuardLog): void {
  const tell = (place: string | null, call: string): void => {
    if (place === null || isInside(place, roots) || NOWHERE.includes(place)) return;
    log.violation(`changes ${place} (${call})`);
  };
  for (const [name, touches] of Object.entries(CHANGES)) {
    const look = (args: Args): void => {
      for (const [argument, subject] of touches) tell(placeOf(args[argument], subject), name);
    };
    lookBefore(fs, name, log, look);
    lookBefore(fs, `${name}Sync`, log, look);
    lookBefore(fs.promises, name, log, look);
  }
  const lookAtOpening = ([path, flags]: Args): void => {
    if (isChanging(flags)) tell(realPlace(path, 'file'), 'open');
  };
  lookBefore(fs, 'open', log, lookAtOpening);
  lookBefore(fs, 'openSync', log, lookAtOpening);
  lookBefore(fs.promises, 'open', log, lookAtOpening);
  watchHandles(log, tell);
}

/** A handle that was opened to read can still change the file's attributes; its class shows itself with the first one. */
function watchHandles(log: GuardLog, tell: (place: string | null, call: string) => void): void {
  const real = fs.promises.open;
  let isWatched = false;
  const opening: typeof real = async (...args) => {
    const handle = await real(...args);
    if (!isWatched) {
      isWatched = true;
      const handles = Object.getPrototypeOf(handle);
      for (const name of HANDLE_CHANGES) watchHandle(handles, name, log, tell);
    }
    return handle;
  };
  fs.promises.open = opening;
}

function watchHandle(
  handles: object,
  name: string,
  log: GuardLog,
  tell: (place: string | null, call: string) => void,
): void {
  const real: unknown = Reflect.get(handles, name);
  if (typeof real !== 'function') return;
  Reflect.set(handles, name, function (this: { readonly fd: number }, ...args: unknown[]): unknown {
    try {
      tell(placeOfDescriptor(this.fd), `handle.${name}`);
    } catch (error) {
      log.violation(`could not be watched at handle.${name}: ${String(error)}`);
    }
    return Reflect.apply(real, this, args);
  });
}

function placeOf(value: unknown, subject: Touch[1]): string | null {
  if (subject !== 'descriptor') return realPlace(value, subject);
  return typeof value === 'number' ? placeOfDescriptor(value) : null;
}

function isChanging(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & ACCESS_MODE) !== O_RDONLY || (flags & (O_CREAT | O_TRUNC)) !== 0;
  // Everything but reading, told by letters: `r+`, `w`, `a`, `ax+`, …; other types mean the default, which reads.
  return typeof flags === 'string' && !['r', 'rs', 'sr'].includes(flags);
}
