/**
 * Commands that records have decided before they lay in the inbox: known here until they lie there.
 *
 * Owns: remembering them, filing them with their decisions. Does not own: deciding (engine/commands), the record that holds one (run/decided-commands), when it is time
 * (engine/inbox-desk, engine/live-run), an inbox's files (store/inbox).
 *
 * Invariants: 1. What is filed is the same as if the command had been left and then decided. 2. It is remembered until it is filed durably: a failure forgets nothing.
 */
import { joinedCalls } from '../base/joined-calls.ts';
import type { RecordedCommand } from '../model/command.ts';
import type { Files } from './files.ts';
import { fileRecorded } from './inbox.ts';
import type { RegistryPaths } from './registry-paths.ts';

/** Filed at once: others who write wait no longer than for these. */
const AT_ONCE_MAX = 10;

/** What one owner of a registry remembers. */
export class RecordedCommands {
  readonly #files: Files;
  readonly #paths: RegistryPaths;
  readonly #waiting = new Map<string, RecordedCommand>();
  /** By run, those who wait until its commands are filed. */
  readonly #waiters = new Map<string, (() => void)[]>();
  /** One call after another; what is remembered meanwhile is the next one's. */
  readonly #file: () => Promise<void>;

  constructor(files: Files, paths: RegistryPaths) {
    this.#files = files;
    this.#paths = paths;
    this.#file = joinedCalls(() => this.#fileAll());
  }

  remember(recorded: RecordedCommand): void {
    this.#waiting.set(recorded.command.commandId, recorded);
  }

  remembered(commandId: string): RecordedCommand | null {
    return this.#waiting.get(commandId) ?? null;
  }

  async file(runId?: string): Promise<void> {
    if (runId === undefined || this.#isWaiting(runId)) await this.#file();
  }

  async filed(runId: string): Promise<void> {
    if (!this.#isWaiting(runId)) return;
    await new Promise<void>((resolve) => this.#waiters.set(runId, [...(this.#waiters.get(runId) ?? []), resolve]));
  }

  #isWaiting(runId: string): boolean {
    return [...this.#waiting.values()].some(({ command }) => command.runId === runId);
  }

  async #fileAll(): Promise<void> {
    const all = [...this.#waiting.values()];
    try {
      for (let at = 0; at < all.length; at += AT_ONCE_MAX) {
        const some = all.slice(at, at + AT_ONCE_MAX);
        await fileRecorded(this.#files, this.#paths, some);
        for (const { command } of some) this.#waiting.delete(command.commandId);
        this.#tell(some);
      }
    } finally {
      this.#tell(all);
    }
  }

  #tell(some: readonly RecordedCommand[]): void {
    for (const { command } of some) {
      const waiters = this.#waiters.get(command.runId) ?? [];
      this.#waiters.delete(command.runId);
      for (const resolve of waiters) resolve();
    }
  }
}
