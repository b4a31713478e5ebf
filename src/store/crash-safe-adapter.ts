/**
 * A crash-safe file adapter for lowdb.
 *
 * Owns: the adapter between lowdb and Files. Does not own: the shape of what is stored.
 *
 * Invariants: 1. A write is a unique temporary file, synced, measured and renamed: old or new, never half; after a power cut perhaps the old one again.
 * 2. A file that cannot be read throws; lowdb never falls back to default data because of it.
 * (lowdb's own file adapter does not sync, and its temporary name is fixed: never use it here.)
 */
import type { Adapter } from 'lowdb';
import type { Files } from './files.ts';
import { jsonBytes } from './json-file.ts';

/** A lowdb adapter for one file. */
export class CrashSafeAdapter<T> implements Adapter<T> {
  readonly #files: Files;
  readonly #path: string;
  readonly #readFile: () => T | null;

  /** `readFile` gives the file's value, null when it is absent, and throws for anything else. */
  constructor(files: Files, path: string, readFile: () => T | null) {
    this.#files = files;
    this.#path = path;
    this.#readFile = readFile;
  }

  /** The stored value, null when there is none. */
  async read(): Promise<T | null> {
    return this.#readFile();
  }

  /** The file holds `data` as canonical JSON and a newline; until its folder is synced, a power cut may bring back what it held. */
  write(data: T): Promise<void> {
    return this.#files.replace(this.#path, jsonBytes(data));
  }
}
