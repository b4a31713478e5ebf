/**
 * Every file operation of an engine fails once, refused by the system: it is told with its code, nothing acknowledged is lost, and the next start continues.
 *
 * Owns: which operations fail and how, what must hold after it. Does not own: the failing file system (memory/fault-fs), the end of a path (stops).
 */
import { PawlError } from '../../model/error.ts';
import { ERROR_CODES, EXIT } from '../../model/error-codes.ts';
import { FaultFs } from '../memory/fault-fs.ts';
import type { FsOp } from '../memory/memory-fs.ts';
import { type Play, PlayedProcess, type ProcessEnd } from './played-process.ts';
import { ProofMachine } from './proof-machine.ts';
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
  const machine = new ProofMachine();
  const fs = new FaultFs(machine.disk);
  // Operations before each place of the path.
  const countAt: number[] = [];
  const process = new PlayedProcess(play, machine, (_call, { place }) => {
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
  const machine = new ProofMachine();
  const fs = new FaultFs(machine.disk, { at, fault: { code } });
  const end = await new PlayedProcess(play, machine).live(fs);
  if (!fs.hasFired) return ['the operation was never called'];
  const isSyncLost = fs.firedOp === 'sync' || fs.firedOp === 'dataSync';
  const faults = [...machine.faults, ...toldBadly(end, isSyncLost)];
  machine.faults = [];
  // What could not be synced is gone, in whole or in part; anything else is there for the next process.
  const next = machine.stopped(isSyncLost ? 'powerCutInPart' : 'killed', seed);
  const nextEnd = await new PlayedProcess(play, next).live();
  return [...faults, ...(await endFaults(play, next, nextEnd, keys)).map((fault) => `the next start: ${fault}`)];
}

/** A failure is overcome, or told by an error of the system's class that says what to do. */
function toldBadly(end: ProcessEnd, isSyncLost: boolean): readonly string[] {
  if (end.kind === 'stuck') return [`no failure is reported, and the engine does not continue: ${end.why}`];
  if (end.kind === 'closed') return isSyncLost ? ['the engine continued after a failed sync'] : [];
  if (end.kind === 'killed') return ['the engine dies by itself'];
  const { error } = end;
  if (!(error instanceof PawlError)) return [`an error without a code: ${String(error)}`];
  if (ERROR_CODES[error.code] !== EXIT.refused) return [`an unexpected code: ${error.code}: ${error.message}`];
  return [];
}
