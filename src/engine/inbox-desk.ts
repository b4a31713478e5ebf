/**
 * Where the driver takes up commands: from the inbox as they come, or at once from whoever brings one.
 *
 * Owns: finding, deciding once, marking, when what records have decided is filed. Does not own: the decision (engine/commands), leaving a command (store/inbox), filing one
 * (store/recorded-commands).
 *
 * Invariants: 1. In this process a command is decided by one call; whoever else asks gets that decision. 2. A decision that is given out is durable: in a
 * journal, in a batch, or by its mark in the inbox.
 */
import type { CommandDecision, CommandKey, CommandRequest, InboxCommand, RecordedCommand } from '../model/command.ts';
import { BOUNDS } from '../model/limits.ts';
import { keyedCommandId } from '../store/inbox.ts';
import { folderChange } from '../worker/task-folder.ts';
import { decisionOn, recordAtOnce } from './commands.ts';
import type { Driver } from './driver.ts';
import { shortSleep } from './short-sleep.ts';

/**
 * Decisions that are remembered: a command may be seen in the inbox and decided before whoever leaves it comes to ask, and must not be decided as a fresh one
 * then.
 */
const CASES_KEPT = 1_000;
/** Records are found by the next process even where the mark is missing: marks can wait until others are served, and are made together. */
const MARK_LATER_MS = 100;
/** Marks that are made at once. */
const MARKS_MAX = 100;

/** A command that is being decided, or was a while ago. */
interface Case {
  readonly decision: Promise<CommandDecision>;
  /** Resolves when the decision is marked in the inbox. */
  readonly marked: Promise<CommandDecision>;
}

/** A command that was left under a key. */
export interface LeftCommand {
  readonly command: InboxCommand;
  readonly decision: Promise<CommandDecision>;
}

/** Takes up the commands of one driver. */
export class InboxDesk {
  readonly #driver: Driver;
  readonly #cases = new Map<string, Case>();
  /** Those whose decisions are marked, the oldest first. */
  readonly #marked: string[] = [];
  /** Decisions that are recorded, and are to be marked later. */
  readonly #unmarked = new Map<string, CommandDecision>();
  /** When the next are marked, and what records have decided is filed; null while there is nothing of either. */
  #keeping: Promise<void> | null = null;
  readonly #closing = new AbortController();

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** No command is being decided, and all that were are marked. */
  get isIdle(): boolean {
    return this.#keeping === null && this.#cases.size === this.#marked.length;
  }

  /** The durable decision on a command. */
  async decide(command: InboxCommand): Promise<CommandDecision> {
    const { decision, marked } = this.#take(command, true);
    const { seq } = await decision;
    // A record says it for ever: the mark only keeps the next process from asking.
    return seq === null ? marked : decision;
  }

  /**
   * The command is left under its key, and decided at once: `decision` resolves when both are durable. A power cut before that may leave the decision without its
   * command: left again under the same key, it gets that decision. Null where the key names another command.
   */
  async leave(request: CommandRequest, key: CommandKey): Promise<LeftCommand | null> {
    const { inbox } = this.#driver.world;
    const recorded = await this.#recorded(request, key);
    if (recorded !== null && recorded.key.bodyHash !== key.bodyHash) return null;
    if (recorded !== null) return { command: recorded.command, decision: Promise.resolve(recorded.decision) };
    const left = await inbox.leaveKeyed(request, key);
    if (left.kind === 'other') return null;
    const { command, settled } = left;
    const before = left.kind === 'known' ? await inbox.decision(command.commandId) : null;
    const decided = before === null ? this.decide(command) : Promise.resolve(before);
    return { command, decision: this.#both(settled, decided) };
  }

  /** What a record has decided under that key, before or now; null where the command is to be left first. */
  async #recorded(request: CommandRequest, key: CommandKey): Promise<RecordedCommand | null> {
    const { inbox, clock } = this.#driver.world;
    const commandId = keyedCommandId(key.key);
    const known = inbox.remembered(commandId);
    if (known !== null || !('runId' in request) || inbox.has(commandId)) return known;
    const recorded = await recordAtOnce(this.#driver, { ...request, commandId, atMs: clock.nowMs() }, key);
    if (recorded !== null) this.#keeping ??= this.#keepAll();
    return recorded;
  }

  #file(): Promise<void> {
    return this.#driver.world.inbox.file().catch((error: unknown) => this.#driver.end(error));
  }

  /** A command that cannot be made durable ends the driver: that is a failed sync like any other. */
  async #both(settled: Promise<void>, decided: Promise<CommandDecision>): Promise<CommandDecision> {
    const [end, decision] = await Promise.allSettled([settled, decided]);
    if (end.status === 'rejected') this.#driver.end(end.reason);
    if (end.status === 'rejected') throw end.reason;
    if (decision.status === 'rejected') throw decision.reason;
    return decision.value;
  }

  /** The decision on a command that was made a while ago; null where there is none yet, or the inbox has long had its mark. */
  async known(commandId: string): Promise<CommandDecision | null> {
    const recorded = this.#driver.world.inbox.remembered(commandId);
    if (recorded !== null) return recorded.decision;
    const known = this.#cases.get(commandId);
    if (known === undefined) return null;
    const { seq } = (await resolvedYet(known.decision)) ?? { seq: null };
    return resolvedYet(seq === null ? known.marked : known.decision);
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
      // Another process has left it under a key that a record here has decided: whoever files that marks it.
      if (inbox.remembered(command.commandId) !== null) continue;
      await this.#take(command, false).marked;
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
    await this.#file();
  }

  /** `marksLater`: a decision that is recorded is marked when nobody is held up by it any more. */
  #take(command: InboxCommand, marksLater: boolean): Case {
    const { commandId } = command;
    const known = this.#cases.get(commandId);
    if (known !== undefined) return known;
    const decision = decisionOn(this.#driver, command);
    const marked = decision.then((given) => this.#mark(commandId, given, marksLater && given.seq !== null));
    const taken: Case = { decision, marked };
    this.#cases.set(commandId, taken);
    // What keeps a decision from being made is told to whoever asked; one that cannot be marked any more is the driver's.
    const end = (error: unknown): void => this.#driver.end(error);
    void decision.then(
      () => marked.then(() => this.#keep(commandId), end),
      () => marked.catch(() => this.#cases.delete(commandId)),
    );
    return taken;
  }

  async #mark(commandId: string, given: CommandDecision, isLater: boolean): Promise<CommandDecision> {
    const { inbox } = this.#driver.world;
    if (!isLater) return inbox.decide(commandId, given);
    this.#unmarked.set(commandId, given);
    this.#keeping ??= this.#keepAll();
    await this.#keeping;
    return given;
  }

  /** What is to be filed or marked by then is kept together. */
  async #keepAll(): Promise<void> {
    await this.#later();
    this.#keeping = null;
    const all = [...this.#unmarked];
    this.#unmarked.clear();
    await this.#file();
    for (let at = 0; at < all.length; at += MARKS_MAX)
      await this.#driver.world.inbox.decideAll(new Map(all.slice(at, at + MARKS_MAX)));
  }

  #later(): Promise<void> {
    const { signal } = this.#closing;
    return signal.aborted ? Promise.resolve() : shortSleep(this.#driver.world.clock, MARK_LATER_MS, signal);
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

/** What the promise has resolved to; null where it has not. */
function resolvedYet<T>(promise: Promise<T>): Promise<T | null> {
  const soon = new Promise<null>((resolve) => setImmediate(resolve, null));
  return Promise.race([promise.catch(() => null), soon]); // Whoever has asked for the decision is told of it.
}

/** Decides on everything in the inbox now. */
export function emptyInbox(driver: Driver): Promise<void> {
  return new InboxDesk(driver).empty();
}

/** Decides on commands as they come, until `signal` aborts. */
export function watchInbox(driver: Driver, signal: AbortSignal): Promise<void> {
  return new InboxDesk(driver).watch(signal);
}
