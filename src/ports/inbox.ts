/**
 * Commands to the process that drives a registry, left by any process.
 *
 * Owns: the port. Does not own: files (store/inbox, store/recorded-commands), what a command is (model/command), deciding (engine/commands).
 *
 * Invariants: 1. A command that was left stays until it is decided, even if processes die. 2. It is decided once: the first decision stands. 3. What cannot be read
 * is reported, and can be decided like any other. 4. A key names one command until that is forgotten.
 */
import type {
  CommandDecision,
  CommandKey,
  CommandRequest,
  InboxReading,
  KeyedCommand,
  RecordedCommand,
} from '../model/command.ts';

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
  /** A command or a decision of that id lies in the inbox. Says nothing of what is remembered. */
  has(commandId: string): boolean;
}

/**
 * The inbox as the owner of its registry has it. A command that a record has decided need not lie in the inbox first: it is remembered, and filed later. Until it
 * is filed, the next owner finds it in the records behind the snapshot of its run: so that may not be stored before.
 */
export interface OwnInbox extends Inbox {
  /** The command is known here by its id, and is to be filed. */
  remember(recorded: RecordedCommand): void;
  /** A command of that id, which has a key, is remembered or lies in the inbox. One that another process has left a moment ago is not known. */
  mayHave(commandId: string): boolean;
  /** What is remembered under that id; null where nothing is, or it has been filed. */
  remembered(commandId: string): RecordedCommand | null;
  /** What is remembered, or what is of that run, lies in the inbox with its decision, durably. */
  file(runId?: string): Promise<void>;
  /** Resolves when somebody has filed what is remembered of that run now, or has failed to. */
  filed(runId: string): Promise<void>;
  /** Decided commands that need not be kept are forgotten, durably; what is undecided never is. `generation`: the owner's. Resolves to how many. */
  forget(generation: number, retention: InboxRetention): Promise<number>;
}
