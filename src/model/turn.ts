/**
 * One turn of a coding agent: what a host is asked to run, and what it reports of it.
 *
 * Owns: the agent's part of request.json and of the outcome. Does not own: checking them when read (turn/turn-files), the events (model/agent-event).
 * Free of zod: the worker host loads this file.
 */
import type { Json } from '../base/canonical-json.ts';
import type { EndCause, LimitKind, TurnEnd, UsageScope } from './agent-event.ts';

/** The kinds of agents whose output Pawl reads. */
export const AGENT_KINDS = ['claude', 'codex', 'opencode', 'gemini', 'copilot', 'qwen', 'acp'] as const;
/** Where a usage report may speak of. */
export const USAGE_SCOPES = ['step', 'turn', 'session', 'process'] as const satisfies readonly UsageScope[];
/** How a turn may end. */
export const TURN_ENDS = [
  'completed',
  'failed',
  'interrupted',
  'limit',
  'noTerminalEvent',
] as const satisfies readonly TurnEnd[];
/** Why a turn may have ended. */
export const END_CAUSES = [
  'other',
  'login',
  'account',
  'sessionUnknown',
  'sessionBusy',
  'turns',
  'budget',
  'setting',
] as const satisfies readonly EndCause[];
/** What may keep an agent from its model. */
export const LIMIT_KINDS = ['usage', 'rate', 'capacity', 'connection'] as const satisfies readonly LimitKind[];
/** What a denial may have been about, where that decides anything. */
export const DENIAL_KINDS = ['look', 'commit'] as const;
/** Where an answer may come from. */
export const ANSWER_ORIGINS = ['file', 'mcp', 'structured', 'message', 'exitCode'] as const;
/** A kind of agent whose output Pawl reads. */
export type AgentKind = (typeof AGENT_KINDS)[number];

/** The installed program of an agent, as it was found before the start. */
export interface AgentProgram {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly version: string;
  /** Of the program's bytes. */
  readonly sha256: string;
}

/** The session that a turn belongs to. */
export interface TurnSession {
  /** Null where the agent makes up the id itself and tells it in its first event. */
  readonly id: string | null;
  /** True when the agent is to continue with that session; false: it is new. */
  readonly isResume: boolean;
}

/** What is left of a run's budget when a turn starts; null: unlimited. */
export interface TurnBudget {
  readonly tokens: number | null;
  readonly usd: number | null;
}

/** The agent's part of a request. */
export interface TurnRequest {
  readonly kind: AgentKind;
  readonly program: AgentProgram;
  readonly session: TurnSession;
  /** What the agent is told; given to it once, byte for byte. */
  readonly prompt: string;
  /** `prompt`: the prompt is the worker's standard input, a file. `empty`: it lies in the arguments. */
  readonly stdin: 'prompt' | 'empty';
  /** JSON Schema of the answer, written to a file of the task's folder for the agent; null: none is wanted. */
  readonly answerSchema: Json | null;
  readonly budget: TurnBudget;
  /** What the session had reported as used when the turn began: session totals continue from there. */
  readonly usedBefore: {
    readonly tokens: number;
    readonly usd: number;
    /** What its last call was asked with and answered, in tokens; absent: not known. */
    readonly contextTokens?: number;
  };
  /** US dollars for a million fresh input tokens, as earlier reports of this agent imply it; absent: none has told both. */
  readonly usdPerMillion?: number;
  /** Longest time from the start to the first event. */
  readonly firstEventMs: number;
  /** Tools whose denial the operator expects, as the agent names them. */
  readonly expectedDenials: readonly string[];
  /** True when permissions are not asked for at all: said in the report. */
  readonly bypassesPermissions: boolean;
  /** The agent is reminded once, in the same session, where it ends its turn without an answer; absent where it is not. */
  readonly mayRemind?: boolean;
  /** True when it prints its messages piece by piece, and then as a whole: its output may be as much larger. Absent: it does not. */
  readonly isStreaming?: boolean;
  /** Files that the agent reads, by name; the host writes them into a folder of the task's. Absent where there are none, and in older requests. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Where an answer came from. */
export type AnswerOrigin = (typeof ANSWER_ORIGINS)[number];

/** What a turn has used, as far as it is known. */
export interface TurnUsage {
  /** `estimate`: the agent had not reported when it ended, and what it cannot have exceeded by much is charged. */
  readonly scope: UsageScope | 'estimate';
  readonly tokens: number;
  readonly usd: number | null;
  /** The part of both that was not reported; absent where all was, and in reports of older versions. */
  readonly estimated?: EstimatedPart;
  /** Of `tokens`, as far as they are told apart: those that a cache was read for, those written to one, and those of output. */
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly outputTokens?: number;
  /** What the next call of this session will be asked with, about; absent: not known. */
  readonly contextTokens?: number;
}

/** What a turn is charged with beyond its reports. */
export interface EstimatedPart {
  readonly tokens: number;
  readonly usd: number | null;
  /** Present where no report has told a price: what a million fresh input tokens were taken to cost. */
  readonly assumedUsdPerMillion?: number;
}

/** One use of a tool that was denied. */
export interface TurnDenial {
  readonly tool: string;
  readonly reason: string;
  readonly isExpected: boolean;
  /** What it was asked for: a command, a path, an address. Absent where it is not known, and in reports of older versions. */
  readonly what?: string;
  /** `look`: nothing but knowledge would have come of it. `commit`: Pawl commits. Absent: neither. */
  readonly kind?: (typeof DENIAL_KINDS)[number];
}

/** What a turn came to, as its output says; bounded and sanitised: part of the outcome and of the journal. */
export interface TurnReport {
  /** The agent's name in the config. */
  readonly agent: string;
  readonly kind: AgentKind;
  readonly cliVersion: string | null;
  readonly model: string | null;
  readonly permissionMode: string | null;
  readonly bypassesPermissions: boolean;
  /** The session that was asked for, null where the agent makes up the id. */
  readonly askedSession: string | null;
  /** The session that the agent says it was; null when it never said. */
  readonly session: string | null;
  readonly isResume: boolean;
  /** The agent continued with another session than it was asked for; null: it did not. */
  readonly sessionMismatch: { readonly asked: string; readonly got: string } | null;
  /** True when the agent did not know the session, or would not continue with it. */
  readonly isSessionRefused: boolean;
  /** Null: nothing was used. */
  readonly usage: TurnUsage | null;
  readonly limited: { readonly kind: LimitKind; readonly resetsAtMs: number | null } | null;
  readonly denials: readonly TurnDenial[];
  /** What was done without asking, and would have been denied; absent: nothing. */
  readonly unasked?: readonly { readonly tool: string; readonly reason: string }[];
  readonly ended: { readonly how: TurnEnd; readonly cause: EndCause; readonly reason: string } | null;
  readonly answerFrom: AnswerOrigin | null;
  /** The agent was there, and its model never answered it; absent where it did. */
  readonly hasNoAnswer?: boolean;
  /** Lines of the output: all, those that the adapter knows nothing of, those that are no JSON or no UTF-8, those over the bound. */
  readonly lines: {
    readonly all: number;
    readonly unknown: number;
    readonly malformed: number;
    readonly overlong: number;
    /** True when the last line was over the bound, and was not read; absent: it was not. */
    readonly endsOverlong?: true;
  };
}
