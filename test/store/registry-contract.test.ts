/** A registry kept as files keeps the laws of its ports, on the real file system and in memory. */
import type { Life } from '../../src/base/process-identity.ts';
import { fileStore } from '../../src/store/file-store.ts';
import { takeLock } from '../../src/store/registry-lock.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { DISKS, type Disk, PROCESSES } from './contract-disks.ts';
import {
  artifactsContract,
  inboxContract,
  ownershipContract,
  type RegistryPlace,
  registersContract,
} from './registry-contract.ts';
import { bytesOf, clock, filesOver } from './store-kit.ts';

async function placeOn({ root, now, reboot, end }: Disk): Promise<RegistryPlace> {
  const paths = new RegistryPaths(root);
  const folder = paths.run('run_a');
  await filesOver(now()).ensureFolders([folder]);
  let life: Life = 'alive';
  const processes = { ...PROCESSES, life: () => life };
  return {
    folder,
    open: () => fileStore(filesOver(now()), paths, () => undefined),
    take: async () => {
      const taken = await takeLock({ files: filesOver(now()), paths, clock, processes, helperLock: null });
      life = 'alive';
      return taken;
    },
    dies: () => {
      life = 'dead';
    },
    reboot,
    spoil: (path) => filesOver(now()).writeDurable(path, bytesOf('{"a":2}')),
    end,
  };
}

for (const [name, disk] of DISKS) {
  registersContract(name, () => placeOn(disk()));
  artifactsContract(name, () => placeOn(disk()));
  inboxContract(name, () => placeOn(disk()));
  ownershipContract(name, () => placeOn(disk()));
}
