/**
 * Every file operation of an engine fails once, refused by the system: it is told with its code, nothing acknowledged is lost, and the next start continues.
 *
 * Owns: which operations fail and how, what is left for the next start. Does not own: the failing file system (memory/fault-fs), how a failure is told
 * (prove/told-failure), the end of a path (stops).
 */
import { FaultFs } from '../memory/fault-fs.ts';
import type { FsOp } from '../memory/memory-fs.ts';
import { toldBadly } from '../told-failure.ts';
import { type Play, PlayedProcess, watchedMachine } from './played-process.ts';
import { endFaults } from './stops.ts';

/** A file operation that is to fail. */
export interface Failure {
  readonly play: Play;
  /** Which operation of the path it is, from 1, and what it does. */
  readonly at: number;
  readonly op: FsOp;
  readonly code: 'ENOSPC' | 'EIO';
  readonly keys: readonly string[];
}

/** Operations that take room. */
const FILLING: readonly FsOp[] = ['open', 'write', 'sync', 'dataSync', 'link', 'rename', 'makeFolder'];

/** A failure of every operation of the path's own moves. `keys`: of its effects; `seed`: whether the first one that takes room finds the disk full. */
export async function failuresOf(play: Play, keys: readonly string[], seed: number): Promise<readonly Failure[]> {
  const watched = watchedMachine();
  const fs = new FaultFs(watched.machine.disk);
  // Operations before each place of the path.
  const countAt: number[] = [];
  const process = new PlayedProcess(play, watched, (_call, { place }) => {
    countAt[place] ??= fs.calls.length;
  });
  await process.live(fs);
  const { own, names } = play.path;
  return fs.calls.flatMap((op, n): readonly Failure[] => {
    const place = countAt.findLastIndex((count) => count !== undefined && count <= n + 1);
    const isOwn = own.has(Math.max(0, place)) || (place === names.length && own.has(place - 1));
    return isOwn
      ? [{ play, at: n + 1, op, code: FILLING.includes(op) && (n + seed) % 2 === 0 ? 'ENOSPC' : 'EIO', keys }]
      : [];
  });
}

/** What does not hold when the operation fails so; each a sentence. */
export async function meetFailure({ play, at, code, keys }: Failure, seed: number): Promise<readonly string[]> {
  const watched = watchedMachine();
  const { machine, witness } = watched;
  const fs = new FaultFs(machine.disk, { at, fault: { code } });
  const process = new PlayedProcess(play, watched);
  const end = await process.live(fs);
  if (!fs.hasFired) return ['the operation was never called'];
  const { isSyncLost } = fs;
  const faults = [...witness.faults, ...toldBadly(end, isSyncLost)];
  witness.faults = [];
  // What could not be synced is gone, in whole or in part; anything else is there for the next process.
  const next = process.stopped(isSyncLost ? 'powerCutInPart' : 'killed', seed);
  const nextEnd = await new PlayedProcess(play, next).live();
  return [...faults, ...(await endFaults(play, next, nextEnd, keys)).map((fault) => `the next start: ${fault}`)];
}
