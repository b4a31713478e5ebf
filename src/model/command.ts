/**
 * What an operator asks of whoever drives a registry, and what was decided on it.
 *
 * Owns: those shapes. Does not own: where a command lies (ports/inbox), deciding (engine/commands).
 */
import type { Json } from '../base/canonical-json.ts';

/** An operator's ways to move a parked run. */
export const DECISIONS = ['retry', 'accept', 'abandon'] as const;
/** One of them. */
export type Decision = (typeof DECISIONS)[number];

interface RunCommandBody {
  readonly runId: string;
  readonly reason: string;
  readonly by: string;
  /** The record after which it may be carried out: refused as stale where another one has been written since. Absent: whatever the run has come to. */
  readonly ifSeq?: number;
}

/** What an operator asks of the driver for one run. */
export type RunCommand =
  | (RunCommandBody & { readonly command: 'cancel' })
  | (RunCommandBody & { readonly command: 'resolve'; readonly decision: Decision });

/** Packets that the driver is to take in: the command holds them, so that it is there with all of them or not at all. */
export interface IntakeCommand {
  readonly command: 'intake';
  /** As they were given. */
  readonly packets: readonly Json[];
  readonly again: boolean;
  readonly isAllOrNothing: boolean;
  /** What `--agent` named; absent where it named none. */
  readonly agentOverride?: string;
  readonly by: string;
}

/** A packet that is to replace the one that the run of its task has. */
export interface ReplaceCommand {
  readonly command: 'replace';
  /** As it was given. */
  readonly packet: Json;
  readonly reason: string;
  /** What `--agent` named; absent where it named none. */
  readonly agentOverride?: string;
  readonly by: string;
}

/** What an operator asks of the driver. */
export type CommandRequest = RunCommand | IntakeCommand | ReplaceCommand;

/** A command as it lies in the inbox. */
export type InboxCommand<Request extends CommandRequest = CommandRequest> = Request & {
  readonly commandId: string;
  readonly atMs: number;
};

/** The name by which whoever sends a command knows it: sent again under the same name, it is the same command. */
export interface CommandKey {
  readonly key: string;
  /** SHA-256 of what was asked: the same name for something else is refused. */
  readonly bodyHash: string;
}

/** What came of leaving a command under a key. */
export type KeyedCommand =
  /** It is new, or was left before and may be decided already. Every process finds it; `settled` resolves once it outlives a power cut, too. */
  | { readonly kind: 'left' | 'known'; readonly command: InboxCommand; readonly settled: Promise<void> }
  /** The key names another command. */
  | { readonly kind: 'other'; readonly commandId: string };

/** What the driver decided on a command. */
export interface CommandDecision {
  readonly isAccepted: boolean;
  /** Why it was refused; null when accepted. */
  readonly code: string | null;
  /** Why it was refused, in a sentence, where the state of the run does not tell. */
  readonly reason?: string;
  /** The journal record that holds the decision; null when there is no journal for it. */
  readonly seq: number | null;
  /** What came of each packet of an intake, in the order of the file, or of the one that was to replace another; for no other command. */
  readonly outcomes?: readonly Json[];
}

/** A command with a key that a record of its run has decided before it lay in the inbox. */
export interface RecordedCommand {
  readonly command: InboxCommand<RunCommand>;
  readonly key: CommandKey;
  readonly decision: CommandDecision;
}

/** What waits in the inbox. */
export interface InboxReading {
  /** Undecided commands, oldest first by the clocks of those who left them. */
  readonly commands: readonly InboxCommand[];
  /** Undecided files that are no command: their names, which `markDecided` takes as ids. */
  readonly unreadable: readonly string[];
}
