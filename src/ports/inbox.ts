/**
 * Commands to the process that drives a registry, left by any process.
 *
 * Owns: the port. Does not own: files (store/inbox), what a command is (model/command), deciding (engine/commands).
 *
 * Invariants: 1. A command that was left stays until it is decided, even if processes die. 2. It is decided once: the first decision stands. 3. What cannot be read
 * is reported, and can be decided like any other. 4. A key names one command until that is forgotten.
 */
import type { CommandDecision, CommandKey, CommandRequest, InboxReading, KeyedCommand } from '../model/command.ts';

/** What of the decided commands is kept. */
export interface InboxRetention {
  /** Everything that was decided within that time, in milliseconds. */
  readonly ageMs: number;
  /** And so many of the newest, whatever their age. */
  readonly count: number;
  /** False: what is left is forgotten another time. */
  readonly mayGoOn: () => boolean;
}

/** The inbox of one registry. */
export interface Inbox {
  /** The command is left, durably. Resolves to its id. */
  leave(request: CommandRequest): Promise<string>;
  /** The command is left under its key, unless that names a command already: then nothing is changed, and it is said which one. */
  leaveKeyed(request: CommandRequest, key: CommandKey): Promise<KeyedCommand>;
  /** What nobody has decided yet, durable. */
  undecided(): Promise<InboxReading>;
  /** The command is decided, durably. Resolves to the decision that stands: the first one. */
  decide(commandId: string, decision: CommandDecision): Promise<CommandDecision>;
  /** The commands with these ids are decided, durably; those that were before, stay as they were decided. */
  decideAll(decisions: ReadonlyMap<string, CommandDecision>): Promise<void>;
  /** The decision on a command, durable; null while there is none. */
  decision(commandId: string): Promise<CommandDecision | null>;
}

/** The inbox as the owner of its registry has it. */
export interface OwnInbox extends Inbox {
  /** Decided commands that need not be kept are forgotten, durably; what is undecided never is. `generation`: the owner's. Resolves to how many. */
  forget(generation: number, retention: InboxRetention): Promise<number>;
}
