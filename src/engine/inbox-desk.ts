/**
 * Where the driver takes up commands: from the inbox as they come, or at once from whoever has just left one.
 *
 * Owns: finding, deciding once, marking. Does not own: the decision (engine/commands), leaving a command (store/inbox).
 *
 * Invariants: 1. In this process a command is decided by one call; whoever else asks gets that decision. 2. A decision that is given out is durable: in a
 * journal, in a batch, or by its mark in the inbox.
 */
import { setMaxListeners } from 'node:events';
import type { CommandDecision, InboxCommand } from '../model/command.ts';
import { BOUNDS } from '../model/limits.ts';
import { folderChange } from '../worker/task-folder.ts';
import { decisionOn } from './commands.ts';
import type { Driver } from './driver.ts';
import { shortSleep } from './short-sleep.ts';

/**
 * Decisions that are remembered: a command may be seen in the inbox and decided before whoever leaves it comes to ask, and must not be decided as a fresh one
 * then.
 */
const CASES_KEPT = 1_000;
/** Records are found by the next process even where the mark is missing: it can wait until others are served. */
const MARK_LATER_MS = 250;

/** A command that is being decided, or was a while ago. */
interface Case {
  readonly decision: Promise<CommandDecision>;
  /** Resolves when the decision is marked in the inbox. */
  readonly marked: Promise<CommandDecision>;
}

/** Takes up the commands of one driver. */
export class InboxDesk {
  readonly #driver: Driver;
  readonly #cases = new Map<string, Case>();
  /** Those whose decisions are marked, the oldest first. */
  readonly #marked: string[] = [];
  readonly #closing = new AbortController();

  constructor(driver: Driver) {
    this.#driver = driver;
    // As many as there are marks to be made.
    setMaxListeners(0, this.#closing.signal);
  }

  /** The durable decision on a command. `isFresh`: this process left it a moment ago. */
  async decide(command: InboxCommand, isFresh = false): Promise<CommandDecision> {
    const { decision, marked } = this.#take(command, isFresh, MARK_LATER_MS);
    const { seq } = await decision;
    // A record says it for ever: the mark only keeps the next process from asking.
    return seq === null ? marked : decision;
  }

  /** Decides on everything in the inbox now, but on nothing more once `signal` aborts: the next process does. */
  async empty(signal?: AbortSignal): Promise<void> {
    const { inbox, log } = this.#driver.world;
    const { commands, unreadable } = await inbox.undecided();
    for (const name of unreadable) {
      log(`inbox/${name} is not a valid command; refused`);
      await inbox.decide(name, { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: null });
    }
    for (const command of commands) {
      if (signal?.aborted === true) return;
      await this.#take(command, false, 0).marked;
      if (!('runId' in command)) continue;
      const run = this.#driver.find(command.runId);
      if (run !== undefined) await this.#driver.endTasks(run);
    }
  }

  /**
   * Decides on commands as they come, until `signal` aborts; looks at least every `pollMs`. After a change it waits for `settleMs` more: whoever decides at once
   * changes the folder with every command, and leaves nothing to find.
   */
  async watch(signal: AbortSignal, pollMs: number = BOUNDS.watchPollMs, settleMs = 0): Promise<void> {
    const { world } = this.#driver;
    while (!signal.aborted && this.#driver.failure === null) {
      await this.empty(signal);
      await folderChange(world, world.paths.inbox, signal, pollMs);
      if (settleMs > 0) await shortSleep(world.clock, settleMs, signal);
    }
  }

  /** Resolves when nothing is being decided or marked any more; what was to be marked later is marked now. */
  async settled(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled([...this.#cases.values()].map(({ marked }) => marked));
  }

  /** `laterMs`: a decision that is recorded is marked so much later, when whoever waits for others is no longer held up by it. */
  #take(command: InboxCommand, isFresh: boolean, laterMs: number): Case {
    const { commandId } = command;
    const known = this.#cases.get(commandId);
    if (known !== undefined) return known;
    const decision = decisionOn(this.#driver, command, isFresh);
    const marked = decision.then(async (given) => {
      if (laterMs > 0 && given.seq !== null) await this.#later(laterMs);
      return this.#driver.world.inbox.decide(commandId, given);
    });
    const taken: Case = { decision, marked };
    this.#cases.set(commandId, taken);
    // What keeps a decision from being made is told to whoever asked; one that cannot be marked any more is the driver's.
    const end = (error: unknown): void => this.#driver.end(error);
    void decision.then(
      () => marked.then(() => this.#keep(commandId), end),
      () => this.#cases.delete(commandId),
    );
    return taken;
  }

  #later(delayMs: number): Promise<void> {
    const { signal } = this.#closing;
    return signal.aborted ? Promise.resolve() : shortSleep(this.#driver.world.clock, delayMs, signal);
  }

  /** The oldest decisions are forgotten: their marks are in the inbox, and whoever left the commands has long asked. */
  #keep(commandId: string): void {
    this.#marked.push(commandId);
    const [oldest] = this.#marked;
    if (this.#marked.length <= CASES_KEPT || oldest === undefined) return;
    this.#marked.shift();
    this.#cases.delete(oldest);
  }
}

/** Decides on everything in the inbox now. */
export function emptyInbox(driver: Driver): Promise<void> {
  return new InboxDesk(driver).empty();
}

/** Decides on commands as they come, until `signal` aborts. */
export function watchInbox(driver: Driver, signal: AbortSignal): Promise<void> {
  return new InboxDesk(driver).watch(signal);
}
