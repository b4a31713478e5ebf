/**
 * Which commands with keys an inbox may hold, without a look at the disk.
 *
 * Owns: the names that were there when its registry was taken, and those that this process has added. Does not own: the commands (store/inbox).
 *
 * Invariant: what was there then, or was left by this process, is never denied. What another process leaves meanwhile is not known.
 */
import type { Files } from './files.ts';
import { KEYED } from './inbox.ts';
import { DECIDED, type RegistryPaths } from './registry-paths.ts';

/** The names of one inbox, for the owner of its registry. */
export class InboxNames {
  readonly #files: Files;
  readonly #paths: RegistryPaths;
  readonly #names = new Set<string>();
  #isListed = false;

  constructor(files: Files, paths: RegistryPaths) {
    this.#files = files;
    this.#paths = paths;
  }

  add(commandId: string): void {
    this.#names.add(commandId);
  }

  /** True when a command of that id lies there now. False also where another process has left one a moment ago. */
  has(commandId: string): boolean {
    if (!this.#isListed) this.#list();
    // It may have been forgotten.
    return this.#names.has(commandId) && this.#files.exists(this.#paths.command(commandId));
  }

  #list(): void {
    for (const name of this.#files.listNames(this.#paths.inbox))
      if (name.startsWith(KEYED) && !name.endsWith(DECIDED)) this.#names.add(name);
    this.#isListed = true;
  }
}
