/**
 * What a coding agent says while it works, in one vocabulary for all of them.
 *
 * Owns: the events that an adapter makes of its agent's output. Does not own: the raw lines (output.ndjson), reading them (adapters/agents),
 * what they come to (turn/turn). Free of zod: host and inspector page load this file.
 */
import type { Json } from '../base/canonical-json.ts';

/** Of which part of the work a usage report speaks. */
export type UsageScope = 'step' | 'turn' | 'session' | 'process';

/** What one usage report says. */
export interface Usage {
  readonly scope: UsageScope;
  /** Of a step: the same report may come more than once under one id, and then counts once. Null: every report counts. */
  readonly id: string | null;
  /** Input tokens, cached ones included. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars as the agent reckons them, null where it does not say. */
  readonly usd: number | null;
  /** Of the input: tokens read from a cache, and tokens written to one; absent where the agent does not tell them apart. */
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  /**
   * Of a step. `begun`: its output continues after this report. `rest`: what the step that was begun last has come to, under no id of its own.
   * `closed`: its tools have run already. Absent: its message is whole, and its tools are still to run.
   */
  readonly progress?: 'begun' | 'rest' | 'closed';
}

/** How a turn ended, as its agent says. */
export type TurnEnd = 'completed' | 'failed' | 'interrupted' | 'limit' | 'noTerminalEvent';

/** Why a turn ended, where the reason decides what Pawl does; anything else is `other`. */
export type EndCause =
  | 'other'
  | 'login'
  | 'account'
  | 'sessionUnknown'
  | 'sessionBusy'
  | 'turns'
  | 'budget'
  | 'setting';

/**
 * What keeps an agent from its model for now, none of it its own doing. `usage`: the account's window is used up; `rate`: too many requests; `capacity`:
 * the service or the model is overloaded; `connection`: the service cannot be reached, or fails.
 */
export type LimitKind = 'usage' | 'rate' | 'capacity' | 'connection';

/** One event of a turn. Texts are as the agent gave them: whoever keeps one bounds and sanitises it. */
export type AgentEvent =
  | {
      readonly type: 'started';
      readonly sessionId: string | null;
      readonly model: string | null;
      readonly cliVersion: string | null;
      readonly permissionMode: string | null;
    }
  | {
      readonly type: 'text';
      readonly text: string /** A piece that continues where the last text ended. */;
      readonly isDelta: boolean;
    }
  | {
      readonly type: 'toolStarted';
      readonly id: string;
      readonly name: string;
      /** Characters that the model wrote to call it; absent: not told. */
      readonly chars?: number;
      /** What the tool is asked for, where it says so in a line: a command, a path, an address. */
      readonly what?: string;
    }
  | {
      readonly type: 'toolFinished';
      readonly id: string;
      readonly name: string | null;
      readonly isError: boolean;
      readonly exitCode: number | null;
      /** Characters that the model is given of it; absent: not told. */
      readonly chars?: number;
    }
  | {
      readonly type: 'denied';
      readonly tool: string;
      /** Empty: none is given, or it was given before. */
      readonly reason: string;
      /** As `toolStarted` has it. */
      readonly what?: string;
      /** The use of the tool that was denied, if it is told which. */
      readonly id?: string;
    }
  /** It was done without being asked for, and would have been denied. */
  | { readonly type: 'unasked'; readonly tool: string; readonly reason: string }
  | {
      readonly type: 'retrying';
      readonly attempt: number | null;
      /** HTTP status, null where none is told. */
      readonly status: number | null;
      readonly delayMs: number | null;
    }
  | {
      readonly type: 'limited';
      readonly kind: LimitKind;
      /** Milliseconds since the epoch, null where the agent does not say. */
      readonly resetsAtMs: number | null;
    }
  | ({ readonly type: 'usage' } & Usage)
  /** The answer that the agent gave as structured output. */
  | { readonly type: 'answer'; readonly value: Json }
  /** Something that an agent says and that changes nothing: a thought, a hook, a heartbeat, a piece of a message. A sign of life. */
  | {
      readonly type: 'noted';
      /** Characters that the model wrote and that are told nowhere else: a thought. */
      readonly writtenChars?: number;
      /** A step has begun, and will be reported when its tools have run. */
      readonly beginsStep?: true;
      /** Characters of a piece of a message that follows as a whole. */
      readonly pieceChars?: number;
    }
  | { readonly type: 'ended'; readonly how: TurnEnd; readonly cause: EndCause; readonly reason: string };
