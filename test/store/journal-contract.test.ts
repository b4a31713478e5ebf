/** The files of a system keep the law of their ports, on the real file system and in memory. */
import { fileStore } from '../../src/store/file-store.ts';
import { readJournal } from '../../src/store/journal.ts';
import { takeLock } from '../../src/store/registry-lock.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { DISKS, type Disk, PROCESSES } from './contract-disks.ts';
import { journalContract, type StorePlace, snapshotsContract } from './journal-contract.ts';
import { bytesOf, clock, filesOver } from './store-kit.ts';

const RUN = 'run_a';

/** A run's place in a registry on the disk, the lock of which is held. */
async function placeOn({ root, now, survivor, reboot, end }: Disk): Promise<StorePlace> {
  const paths = new RegistryPaths(root);
  await filesOver(now()).ensureFolders([paths.run(RUN)]);
  const take = () => takeLock({ files: filesOver(now()), paths, clock, processes: PROCESSES, helperLock: null });
  const held = [await take()];
  const latest = () => held.at(-1) ?? unheld();
  return {
    open: () => fileStore(filesOver(now()), paths, latest().assertHighest).systemStore(RUN),
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

for (const [name, disk] of DISKS) {
  journalContract(name, () => placeOn(disk()));
  snapshotsContract(name, () => placeOn(disk()));
}
