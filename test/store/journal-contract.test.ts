/** The files of a system keep the law of their ports, on the real file system and in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { readJournal } from '../../src/store/journal.ts';
import { takeLock } from '../../src/store/registry-lock.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { runStores } from '../../src/store/system-files.ts';
import { journalContract, type StorePlace, snapshotsContract } from './journal-contract.ts';
import { bytesOf, clock, filesOver } from './store-kit.ts';

const RUN = 'run_a';

/** Each process takes the lock after the one before it has died. */
const PROCESSES = {
  self: () => ({ pid: 1, startTime: '1', bootId: 'b', pidNamespace: 'n', hostname: 'desk', machineId: 'm' }),
  life: () => 'dead' as const,
  signal: () => false,
  tree: () => ({ members: [], unknown: [], isLocked: false }),
  work: () => [],
  startHost: () => null,
};

/** One disk: what processes see of it now, and what they would after a power cut. */
interface Disk {
  readonly root: string;
  readonly now: () => FsPort;
  readonly survivor: () => FsPort;
  readonly reboot: () => void;
  readonly end: () => void;
}

/** A run's place in a registry on the disk, the lock of which is held. */
async function placeOn({ root, now, survivor, reboot, end }: Disk): Promise<StorePlace> {
  const paths = new RegistryPaths(root);
  await filesOver(now()).ensureFolders([paths.run(RUN)]);
  const take = () => takeLock({ files: filesOver(now()), paths, clock, processes: PROCESSES, helperLock: null });
  const held = [await take()];
  const latest = () => held.at(-1) ?? unheld();
  return {
    open: () => runStores(filesOver(now()), paths, latest().assertHighest)(RUN),
    get generation() {
      return latest().generation;
    },
    raise: async () => {
      held.push(await take());
    },
    survivors: async () => {
      const found = readJournal(filesOver(survivor()), paths.journal(RUN));
      if (found.kind === 'absent') return { lines: [], tail: { seq: 0, end: 0 } };
      if (found.kind !== 'whole') throw new Error(`the journal is ${found.kind}`);
      const bytes = filesOver(survivor()).readBytes(paths.journal(RUN), 1_000_000) ?? bytesOf('');
      const lines = new TextDecoder().decode(bytes).match(/.*\n/g) ?? [];
      return { lines, tail: { seq: found.records.length, end: found.size } };
    },
    reboot: async () => reboot(),
    spoilSnapshot: () => filesOver(now()).writeDurable(paths.snapshot(RUN), bytesOf('{"v":2')),
    end: async () => end(),
  };
}

function unheld(): never {
  throw new Error('nobody holds the registry');
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

const DISKS: readonly (readonly [string, () => Disk])[] = [
  ['the real file system', realDisk],
  ['MemoryFs', () => memoryDisk((memory) => memory)],
  ['FaultFs without a fault', () => memoryDisk((memory) => new FaultFs(memory))],
];

for (const [name, disk] of DISKS) {
  journalContract(name, () => placeOn(disk()));
  snapshotsContract(name, () => placeOn(disk()));
}
