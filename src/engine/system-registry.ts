/**
 * A folder of durable systems, driven by one process at a time.
 *
 * Owns: who drives it (the lock), where each system is kept, opening one. Does not own: driving one (engine/durable-system), the lock itself (store/registry-lock).
 *
 * Invariants: 1. L6: one process at a time. 2. A system is open once. 3. Nothing is resumed whose journal, snapshot and machines contradict each other (L5);
 * its files stay as they are.
 */
import { join } from 'node:path';
import { sha256 } from '../base/sha256.ts';
import { definitionHash } from '../kernel/image.ts';
import type { EventOf, System } from '../kernel/system.ts';
import { PawlError } from '../model/error.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { SystemStore } from '../ports/journal.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import { systemFiles } from '../store/file-store.ts';
import type { Files } from '../store/files.ts';
import { openRegistryWith } from '../store/registry.ts';
import { type RegistryLock, takeLock } from '../store/registry-lock.ts';
import { RegistryPaths, safeName } from '../store/registry-paths.ts';
import { DurableSystem, type Performers } from './durable-system.ts';
import { rehydrateSystem, type SystemRehydration, sizeAfterRepair } from './rehydrate-system.ts';

/** What a registry works with. */
export interface RegistryPorts {
  readonly files: Files;
  readonly clock: ClockPort;
  readonly processes: ProcessesPort;
}

/** How a system is opened. */
export interface OpenOptions<S extends System> {
  readonly perform: Performers<S>;
  /** Recorded as its first event where the system is new; ignored where it is not. Absent: a system that does not exist is refused. */
  readonly begin?: EventOf<S>;
}

/** A folder of durable systems, held by this process. */
export class SystemRegistry {
  readonly #ports: RegistryPorts;
  readonly #paths: RegistryPaths;
  readonly #lock: RegistryLock;
  /** By their folders; null while one is being opened. */
  readonly #open = new Map<string, { close(): Promise<void>; readonly isReleased: boolean } | null>();

  private constructor(ports: RegistryPorts, paths: RegistryPaths, lock: RegistryLock) {
    this.#ports = ports;
    this.#paths = paths;
    this.#lock = lock;
  }

  /**
   * Makes the folder where it is missing, and takes its lock. Throws PAWL_REGISTRY_LOCKED while another process drives it, PAWL_REGISTRY_INVALID for a
   * folder that holds something else.
   */
  static async open(ports: RegistryPorts, folder: string): Promise<SystemRegistry> {
    const paths = new RegistryPaths(folder);
    await openRegistryWith(ports.files, folder, []);
    return new SystemRegistry(ports, paths, await takeLock({ ...ports, paths, helperLock: null }));
  }

  /** The ids of all systems of that kind, sorted. */
  ids(system: System): readonly string[] {
    return this.#ports.files.listNames(this.#folderOf(system));
  }

  /**
   * The system, as its journal says, with what it owes under way again. Throws PAWL_SYSTEM_UNKNOWN where there is none and `begin` is absent;
   * PAWL_JOURNAL_DAMAGED, PAWL_JOURNAL_DIVERGED, PAWL_SNAPSHOT_DAMAGED, PAWL_SNAPSHOT_DIVERGED or PAWL_HISTORY_LOST where its files contradict each other;
   * PAWL_RULES_UNSUPPORTED where they were written under rules that the definition does not know.
   */
  async open<S extends System>(system: S, id: string, options: OpenOptions<S>): Promise<DurableSystem<S>> {
    const folder = join(this.#folderOf(system), safeName(id));
    const open = this.#open.get(folder);
    if (open !== undefined && open?.isReleased !== true) throw new Error(`bug: ${id} is open already`);
    this.#open.set(folder, null);
    try {
      const live = await this.#bringBack(system, id, folder, options);
      this.#open.set(folder, live);
      return live;
    } catch (error) {
      // Once the obstacle is removed, it may be opened again.
      this.#open.delete(folder);
      throw error;
    }
  }

  async #bringBack<S extends System>(
    system: S,
    id: string,
    folder: string,
    options: OpenOptions<S>,
  ): Promise<DurableSystem<S>> {
    const { files, clock } = this.#ports;
    const lies = placeIn(folder);
    const store = systemFiles(files, lies, this.#lock.assertHighest);
    const found = await rehydrateSystem(system, id, store);
    const start = await this.#startOf(found, id, { folder, store }, options.begin !== undefined);
    const place = {
      store,
      clock,
      generation: this.#lock.generation,
      definitionHash: definitionHash(system, sha256),
    };
    const live = await DurableSystem.open(system, place, { systemId: id, ...start }, options.perform);
    try {
      await live.start(start.state === null ? (options.begin ?? null) : null);
    } catch (error) {
      await live.close();
      throw error;
    }
    return live;
  }

  async #startOf<State>(
    found: SystemRehydration<State>,
    id: string,
    { folder, store }: { readonly folder: string; readonly store: SystemStore },
    mayBegin: boolean,
  ) {
    switch (found.kind) {
      case 'doubtful':
        throw refused(found.code, folder, found.detail);
      case 'unsupported':
        throw new PawlError({
          code: 'PAWL_RULES_UNSUPPORTED',
          message: `${id} was written under rules ${found.rules}, which this version does not know`,
          subject: folder,
          hint: 'Finish it with the version that wrote it, or declare these rules as previous ones.',
          kind: 'needsHuman',
        });
      case 'absent':
        if (found.snapshot !== null)
          throw refused('PAWL_HISTORY_LOST', folder, 'the journal is empty and the system is not');
        if (!mayBegin) throw unknown(id, folder);
        if (found.reading.kind === 'torn') await store.mendJournal(found.reading);
        await this.#ports.files.ensureFolders([folder]);
        return { state: null, sum: '', journalEnd: 0, snapshotSeq: 0 };
      case 'live': {
        const { reading, last, state, snapshot } = found;
        if (reading.kind === 'torn' || reading.kind === 'unterminated') await store.mendJournal(reading);
        return { state, sum: last.sum, journalEnd: sizeAfterRepair(reading), snapshotSeq: snapshot?.seq ?? 0 };
      }
    }
  }

  /**
   * Closes every system and releases the folder. Throws the first error that it meets, when it has done everything else; where the folder could not be released,
   * the next call tries again.
   */
  async close(): Promise<void> {
    const closing = [...this.#open.values()].map((system) => system?.close());
    this.#open.clear();
    const ends = [...(await Promise.allSettled(closing)), ...(await Promise.allSettled([this.#lock.release()]))];
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  #folderOf({ kind }: System): string {
    return join(this.#paths.root, `${safeName(kind)}s`);
  }
}

function placeIn(folder: string): { readonly journal: string; readonly snapshot: string } {
  return { journal: join(folder, 'events.jsonl'), snapshot: join(folder, 'snapshot.json') };
}

function unknown(id: string, folder: string): PawlError {
  return new PawlError({
    code: 'PAWL_SYSTEM_UNKNOWN',
    message: `${id} is not in this registry`,
    subject: folder,
    hint: 'Check its id, or begin it by naming its first event.',
  });
}

/** What most often is behind it, before anybody suspects the disk. */
const DIVERGED =
  'Its files are unchanged. If its definition has changed since: name a default for a new member of a context, or raise `rules` and say how a state is migrated.';

function refused(code: PawlError['code'], folder: string, detail: string): PawlError {
  return new PawlError({
    code,
    message: `${folder} is not resumed: ${detail}`,
    subject: folder,
    hint: code === 'PAWL_JOURNAL_DIVERGED' ? DIVERGED : 'Its files are unchanged. Look at them and keep what you need.',
    kind: 'needsHuman',
  });
}
