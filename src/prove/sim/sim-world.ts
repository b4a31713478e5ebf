/**
 * The world of one driver on a simulated machine.
 *
 * Owns: putting it together: the registry opened, its lock taken. Does not own: the ports (sim/ports, sim/repository), the machine (memory/memory-machine).
 */
import { adapterOf } from '../../adapters/agents/adapters.ts';
import { localScm } from '../../adapters/scm/local.ts';
import { sha256 } from '../../base/sha256.ts';
import type { World } from '../../engine/world.ts';
import { definitionHash } from '../../kernel/image.ts';
import type { FsPort } from '../../ports/fs.ts';
import { runSystem } from '../../run/system.ts';
import { fileStore } from '../../store/file-store.ts';
import { Files } from '../../store/files.ts';
import { openRegistry } from '../../store/registry.ts';
import { takeLock } from '../../store/registry-lock.ts';
import type { SimRepository } from './repository.ts';
import { SIM_PATHS } from './sim-paths.ts';

/** What differs between drivers. */
export interface SimPorts extends Pick<World, 'clock' | 'processes' | 'git' | 'agents' | 'config'> {
  /** What it reaches the disk through, as its hosts do not. */
  readonly fs: FsPort;
  readonly repository: SimRepository;
  /** A worktree is to be made durable. */
  readonly makeDurable: () => void;
}

/** The same for every machine, and not cheap. */
const DEFINITION = definitionHash(runSystem, sha256);

/** The world of a new runner process, registry opened and lock taken. */
export async function simWorld({ fs, repository, makeDurable, ...ports }: SimPorts): Promise<World> {
  const { clock, processes } = ports;
  const files = new Files(fs, clock);
  await openRegistry(files, SIM_PATHS.root);
  const lock = await takeLock({ files, paths: SIM_PATHS, clock, processes, helperLock: null });
  return {
    ...ports,
    files,
    adapterOf,
    scm: (runFolder) => localScm(files, runFolder),
    worktrees: {
      headOf: async () => null,
      settingsOf: async () => repository.settings,
      recordTree: async () => ({ head: null, tree: null, reason: null }),
      makeDurable: async () => makeDurable(),
      showBase: async () => null,
      restoreHead: async () => null,
    },
    paths: SIM_PATHS,
    lock,
    helperFd: null,
    ...fileStore(files, SIM_PATHS, lock.assertHighest),
    isolation: 'none',
    hasTreeLock: false,
    verificationWorker: ['sim-verify'],
    definitionHash: DEFINITION,
    log: () => undefined,
    inspector: null,
  };
}
