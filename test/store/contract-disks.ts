/**
 * The disks that every port of a registry is tried on: the real one, one in memory, one that could fail and does not.
 *
 * Owns: these, what a power cut leaves of each. Does not own: the laws (journal-contract, registry-contract).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';

/** Each process takes the lock after the one before it has died. */
export const PROCESSES = {
  self: () => ({ pid: 1, startTime: '1', bootId: 'b', pidNamespace: 'n', hostname: 'desk', machineId: 'm' }),
  life: () => 'dead' as const,
  signal: () => false,
  tree: () => ({ members: [], unknown: [], isLocked: false }),
  work: () => [],
  startHost: () => null,
};

/** One disk: what processes see of it now, and what they would after a power cut. */
export interface Disk {
  readonly root: string;
  readonly now: () => FsPort;
  readonly survivor: () => FsPort;
  readonly reboot: () => void;
  readonly end: () => void;
}

/** A power cut cannot be had there: what was acknowledged is at least what every reader finds. */
function realDisk(): Disk {
  const root = mkdtempSync(join(tmpdir(), 'pawl-journal-'));
  const end = (): void => rmSync(root, { recursive: true });
  return { root, now: () => nodeFs, survivor: () => nodeFs, reboot: () => undefined, end };
}

/** A power cut takes all there that was not synced. */
function memoryDisk(seenAs: (memory: MemoryFs) => FsPort): Disk {
  let memory = new MemoryFs();
  return {
    root: '/registry',
    now: () => seenAs(memory),
    survivor: () => memory.crash('nothing'),
    reboot: () => {
      memory = memory.crash('nothing');
    },
    end: () => undefined,
  };
}

/** Each by its name. */
export const DISKS: readonly (readonly [string, () => Disk])[] = [
  ['the real file system', realDisk],
  ['MemoryFs', () => memoryDisk((memory) => memory)],
  ['FaultFs without a fault', () => memoryDisk((memory) => new FaultFs(memory))],
];
