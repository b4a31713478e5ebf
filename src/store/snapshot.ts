/**
 * The stored snapshot of one run, kept through lowdb.
 *
 * Owns: writing it, and reading it back on the writing side. Does not own: read-only access (store/snapshot-reading, free of lowdb),
 * when to write (engine/snapshot-keeper).
 *
 * Law: a snapshot is a cache of the fold and disposable (L7).
 */
import { Low } from 'lowdb';
import type { StoredSnapshot } from '../model/system-record.ts';
import { CrashSafeAdapter } from './crash-safe-adapter.ts';
import type { Files } from './files.ts';
import { isSnapshot, readSnapshot } from './snapshot-reading.ts';

/** One run's snapshot.json. */
export class SnapshotStore {
  readonly #db: Low<StoredSnapshot | null>;

  constructor(files: Files, path: string) {
    const adapter = new CrashSafeAdapter<StoredSnapshot | null>(files, path, () => readSnapshot(files, path));
    this.#db = new Low<StoredSnapshot | null>(adapter, null);
  }

  /** The file holds the snapshot; after a failure, and perhaps after a power cut, it still holds the previous one. */
  async write(snapshot: StoredSnapshot): Promise<void> {
    if (!isSnapshot(snapshot)) throw new Error('bug: what should be stored does not have the shape of a snapshot');
    this.#db.data = snapshot;
    await this.#db.write();
  }

  /** The stored snapshot, null when there is none. Throws PAWL_SNAPSHOT_DAMAGED for anything but a whole one. */
  async read(): Promise<StoredSnapshot | null> {
    this.#db.data = null;
    await this.#db.read();
    return this.#db.data;
  }
}
