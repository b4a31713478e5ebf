/**
 * What Pawl knows of one kind of coding agent: how to find and ask it, how to start and resume it, what its output means.
 *
 * Owns: the shape of an adapter, one file for each kind in adapters/agents. Does not own: doing any of it.
 *
 * Invariant: an adapter is pure: plain data and functions over their arguments. Runner, host and inspector load the same one.
 */
import type { Json } from '../base/canonical-json.ts';
import type { AgentEvent } from '../model/agent-event.ts';
import type { AgentKind, TurnBudget, TurnSession } from '../model/turn.ts';

/** How an agent is asked for its answer: at the end of its last message, or by the means that it has for answers bound to a schema. */
export type AnswerWay = 'message' | 'structured';

/** What an agent can do for Pawl. */
export interface AgentCapabilities {
  /** `assigned`: Pawl chooses the session's id and passes it at the start. `reported`: the agent reports it in its first event. `none`: it has none that can be resumed. */
  readonly session: 'assigned' | 'reported' | 'none';
  readonly canResume: boolean;
  /** It can be bound to a JSON Schema for its answer. */
  readonly hasStructuredOutput: boolean;
  /** The way that needs the fewest calls of its model; `structured` only with structured output. Every other way is accepted too. */
  readonly answer: AnswerWay;
  /** It can be given an MCP server for one start. */
  readonly hasMcp: boolean;
  /** Which usage it reports; `usd` implies tokens. */
  readonly usage: 'usd' | 'tokens' | 'none';
  /** It can be told which tools it may use without being asked. */
  readonly hasAllowedTools: boolean;
  /** Its number of turns can be bounded. */
  readonly hasTurnLimit: boolean;
}

/** How permissions are handled. */
export type PermissionMode =
  /** Reads only: reviewers and verifiers. */
  | 'read'
  /** Edits in the worktree, and the allowed tools; everything else is denied, never asked. */
  | 'edit'
  /** Nothing is asked or denied. Only when the config says so. */
  | 'bypass';

/** How an agent that would ask nobody is made to follow our rules before it uses a tool. */
export interface ToolGuard {
  /** The rules of the turn, as one word. */
  readonly policy: string;
  /** Words and patterns as the rules have them, for an agent whose own rules must express everything. */
  readonly permission: PermissionMode;
  /** Program and script that answer a hook. */
  readonly hook: readonly string[];
  /** Absolute path of the plugin, for an agent that loads one. */
  readonly plugin: string;
  /** Absolute: where the host puts the files of the turn's command. */
  readonly folder: string;
}

/** Everything that a command line is made from. */
export interface TurnStart {
  readonly session: TurnSession;
  readonly prompt: string;
  readonly permission: PermissionMode;
  /** The agent's own name of a permission mode, passed unchanged instead of `permission`; null: none. */
  readonly nativeMode: string | null;
  readonly model: string | null;
  /** Tools that need no permission, as the agent names them. */
  readonly allowedTools: readonly string[];
  /** Commands that its shell tool may run without permission, word by word; `*` as the last word: any further words, also none. */
  readonly allowedCommands: readonly (readonly string[])[];
  /** Commands that only read, if they have exactly these words (`*` as above): for agents whose rules compare a command word by word. */
  readonly lookingCommands: readonly (readonly string[])[];
  readonly maxTurns: number | null;
  readonly extraArgs: readonly string[];
  readonly budget: TurnBudget;
  /** JSON Schema of the answer, and the absolute path of a file that will hold it; null: structured output is not wanted. */
  readonly answerSchema: { readonly schema: Json; readonly file: string } | null;
  /** The command of our MCP server for this task; null: not wanted. */
  readonly mcp: { readonly name: string; readonly command: string; readonly args: readonly string[] } | null;
  /** True when it should print messages piece by piece, and the installed version can. */
  readonly isStreaming?: boolean;
  /** Null or absent: only the agent's own rules apply. */
  readonly guard?: ToolGuard | null;
  /** Absolute. */
  readonly worktree: string;
}

/** A command line without its program. */
export interface TurnCommand {
  readonly args: readonly string[];
  /** Where the prompt goes: to standard input, or into `args`, which already hold it. */
  readonly stdin: 'prompt' | 'empty';
  /** Variables to set; never secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Files that it reads, by their names in the guard's folder. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What is known besides the output lines when a turn's process has ended. */
export interface TurnExit {
  /** Null: nobody saw it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to standard error, at most 64 KiB. */
  readonly stderrTail: string;
  /** True when a terminal event was seen. */
  readonly hasEnded: boolean;
  /** True when that event says that the turn is done. */
  readonly hasCompleted: boolean;
  /** The session that a resume requested, if any. */
  readonly resumed: string | null;
}

/** The adapter of a kind; a promise where it is loaded only when it is needed. */
export type AdapterTable = (kind: AgentKind) => AgentAdapter | Promise<AgentAdapter>;

/** Where a login of an agent shows. */
export interface LoginPlaces {
  /** Variables each of which is a login. */
  readonly variables: readonly string[];
  /** Files that a login leaves: a folder, named by a variable or else below the home, and a path in it. */
  readonly files: readonly { readonly variable: string | null; readonly folder: string; readonly path: string }[];
}

/** How an agent is started as an ACP agent: by itself with a flag that its help must name, or through another program that must be there. */
export type AcpWay =
  | { readonly by: 'itself'; readonly args: string; readonly flag: string | null }
  | { readonly by: 'program'; readonly program: string };

/** A server that plays the agent's model, for a probe without a login. */
export interface ModelStandIn {
  /** Its address, without a path. */
  readonly url: string;
  /** Absolute path of an empty folder that is the agent's home. */
  readonly home: string;
  /** What it calls its model. */
  readonly model: string;
  /** A key that is no login anywhere. */
  readonly key: string;
}

/** What an agent is started with, beyond its own command line and its home, to take a stand-in for its model. */
export interface StandInSettings {
  readonly env?: Readonly<Record<string, string>>;
  /** Contents of files by their path in the home. */
  readonly files?: Readonly<Record<string, string>>;
  readonly model?: string;
  readonly extraArgs?: readonly string[];
}

/** One kind of coding agent. */
export interface AgentAdapter {
  readonly kind: AgentKind;
  /** Its name for people. */
  readonly title: string;
  /** The program's name on PATH. */
  readonly program: string;
  /** How it is installed, for a hint. */
  readonly install: string;
  readonly capabilities: AgentCapabilities;
  /** Where a login shows; absent: that is not known. */
  readonly login?: LoginPlaces;
  /** How it is started as an ACP agent; absent: it cannot be, or it is one already. */
  readonly acp?: AcpWay;
  /** The schema of an answer in the form that its service takes; absent: unchanged. */
  readonly schemaFor?: (schema: Json) => Json;
  /** Names of variables that it takes from the user's environment: logins, endpoints, its own folders. */
  readonly envNames: readonly string[];
  /** Arguments whose output contains the version; null: it is not queried, and reported as `unknown`. */
  readonly versionArgs: readonly string[] | null;
  /** The version in that output, null when there is none. */
  readVersion(output: string): string | null;
  /** Argument lists whose outputs together name the flags that the program knows; empty: they are not checked. */
  readonly helpArgs: readonly (readonly string[])[];
  /** The flag that makes it print messages piece by piece, given only where its help names it; absent: it has none, or does so anyway. */
  readonly streamingFlag?: string;
  /** Flags that work and that its help does not name. */
  readonly hiddenFlags: readonly string[];
  /** Absent: every version that knows the guard's flags can be guarded. */
  readonly guardable?: {
    /** True for versions that are known to obey the guard. */
    isVersion(version: string): boolean;
    /** An administrator's files that the guard's would replace: where one exists, the agent runs without a guard. */
    readonly adminFiles: readonly string[];
  };
  /**
   * The files of a repository that it reads as instructions or settings, by itself (patterns as turn/instruction-files has them); null: any agent's.
   * Rather too many than too few: one too many is shown as in the base, one too few instructs who judges the change.
   */
  readonly instructionFiles: readonly string[] | null;
  /** Variables without which it remembers, outside of the worktree, what an earlier session on this project has noted; absent: it has no such memory. */
  readonly withoutMemory?: (taskFolder: string) => Readonly<Record<string, string>>;
  /** How it is turned to a stand-in of its model, keeping whatever it keeps in the given home; null: no way is known. */
  readonly standIn: ((model: ModelStandIn) => StandInSettings) | null;
  /** How to start or resume. */
  command(start: TurnStart): TurnCommand;
  /** The events of one line of its output, parsed; null when the adapter does not know such a line. */
  read(line: Json): readonly AgentEvent[] | null;
  /** What exit and standard error add to the events, in order: a refused session, a denial that only stderr reports, an end without a terminal event. */
  readExit(exit: TurnExit): readonly AgentEvent[];
}
