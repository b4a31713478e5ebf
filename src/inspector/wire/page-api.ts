/**
 * What the hub and the page say to each other over one WebSocket, as types.
 *
 * Owns: the messages of `/ws?token=…`, the codes with which the hub closes it. Does not own: the Stately stream (`/inspect`),
 * making the messages (inspector/hub), showing them (inspector/page).
 * Only types, and constants without a dependency: both halves load this file.
 *
 * A page names a project in the query as `project`; a hub of one needs no name. Where a choice is left it gets `hello` without a registry,
 * and `counts`. Of the project that it looks at it gets `hello`, then `runs` once, then `run` whenever one changes. What it asks for (`watch`, `tail`, `artifact`, `proof`) is
 * answered by messages that name the run. The hub never holds history back for a slow page: `records` come as fast as they are
 * taken, the other messages tell the latest state and may skip states in between.
 */
import type { JsonObject } from '../../base/canonical-json.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { TurnReport } from '../../model/turn.ts';
import type { Liveness } from '../../run/liveness.ts';
import type { DriverFacts } from '../../run/next-actions.ts';
import type { RunView } from '../../run/run-view.ts';
import type { RunCounts } from './run-kind.ts';

/** The version of these messages; a page of another one says that it must be loaded again. */
export const PAGE_API_VERSION = 1;

/** The path of the page's WebSocket; the token goes into its query as `token`, the project as `project`. */
export const PAGE_SOCKET_PATH = '/ws';

/**
 * Where a page asks, when its socket does not open, whether the hub still knows its token: `GET` with `Authorization: Bearer TOKEN`
 * answers 204 (try the socket again later), or 401: the token was replaced, and the new address must be opened. No answer: it is gone.
 * (A handshake that is refused, 401 for the token or 503 for too many clients, cannot be told from a hub that is gone.)
 */
export const SESSION_PATH = '/session';

/** Why the hub closes a WebSocket (RFC 6455 leaves 4000 to 4999 to applications). */
export const CLOSE_CODES = {
  /** The token was replaced. What a page makes, too, of a socket that did not open while SESSION_PATH answers 401. */
  tokenUnknown: 4401,
  /** Something else is shown under this name now: another registry, or one at last. The page connects again at once. */
  moved: 4410,
  /** The hub ends. The page tries again, as after any loss. */
  leaving: 1001,
  /** The client took nothing for too long. It connects again and asks again, from the record it has. */
  slow: 4408,
  /** The client said what the hub does not understand, or too much at once. Our bug: it does not try again. */
  malformed: 4400,
} as const;

/** A finding as a rehydration or a quarantine tells it. */
export interface RecoveryFinding {
  readonly class: string;
  readonly detail: string;
  readonly action: string;
}

/** What the registers of one task say. Everything in it that a worker can have written is sanitised text. */
export interface TaskFilesView {
  readonly taskId: string;
  readonly request: {
    readonly agent: string;
    readonly purpose: string;
    readonly epoch: number;
    readonly attempt: number;
    readonly isolation: string;
    readonly deadlineMs: number;
    readonly stallMs: number;
    /** Of a coding agent, null of any other worker. */
    readonly agentKind: string | null;
    readonly agentVersion: string | null;
  } | null;
  readonly claim:
    | { readonly kind: 'host'; readonly pid: number; readonly hostname: string; readonly atMs: number }
    | { readonly kind: 'revoked'; readonly reason: string; readonly atMs: number }
    | null;
  readonly agent: {
    readonly pid: number;
    readonly isNamespaced: boolean;
    readonly sessionId: string | null;
    readonly startedAtMs: number;
  } | null;
  readonly outcome: {
    readonly by: string;
    readonly result: string;
    readonly code: string | null;
    readonly message: string;
    readonly exitCode: number | null;
    readonly signal: string | null;
    readonly head: string | null;
    readonly startedAtMs: number | null;
    readonly endedAtMs: number;
    readonly turn: TurnReport | null;
  } | null;
  /** The worker's validated answer (model/request Answer), its texts sanitised; null while there is none. */
  readonly completion: JsonObject | null;
  /** Names of what losers of a register left. */
  readonly late: readonly string[];
  /** When the host last showed that it lives, null before it did. */
  readonly heartbeatAtMs: number | null;
  readonly outputBytes: number;
  readonly stderrBytes: number;
  /** Files that are there and cannot be read as what they should be. */
  readonly unreadable: readonly string[];
}

/** Where a run's recovery stands, besides the findings that are in its journal (`runRehydrated`). */
export interface RecoveryView {
  /** Of the quarantine where there is one; else what a start would find now. */
  readonly findings: readonly RecoveryFinding[];
  readonly quarantine: {
    readonly code: string;
    readonly detail: string;
    readonly surfaces: readonly string[];
    readonly atMs: number;
    readonly resolved: {
      readonly decision: string;
      readonly reason: string;
      readonly by: string;
      readonly atMs: number;
    } | null;
  } | null;
  /** Why the journal cannot be followed any further than its last record that was sent, null when it can. */
  readonly journalFault: string | null;
}

/** The machines as JSON: their whole definitions, for drawing. */
export interface MachineDefinitions {
  readonly run: JsonObject;
  readonly task: JsonObject;
}

/** A project as a page is told of it. */
export interface ProjectFacts {
  /** Null: the only registry of a hub that knows of no projects. */
  readonly id: string | null;
  readonly name: string;
  /** `ready`, `degraded`, or another word of whoever keeps the projects. */
  readonly state: string;
  /** Why it is in that state, null when it is as it should be. */
  readonly reason: string | null;
}

/** What the hub says. */
export type HubMessage =
  | {
      readonly type: 'hello';
      readonly apiVersion: number;
      readonly registryId: string | null;
      /** Absolute path of the registry, as the operator named it; null while no project is chosen. */
      readonly registry: string | null;
      /** All that can be chosen from. */
      readonly projects: readonly ProjectFacts[];
      /** The id of the one that is shown from here on. */
      readonly project: string | null;
      readonly pawlVersion: string;
      readonly machines: MachineDefinitions;
      /** SHA-256 over both definitions: a layout made for it stays right. */
      readonly definitionHash: string;
      readonly hasProof: boolean;
      /** The run that the command named, null when it named none. */
      readonly runId: string | null;
      /** The hub's clock: ages count from it. */
      readonly nowMs: number;
    }
  /** All that can be chosen from, whenever that has changed. */
  | { readonly type: 'projects'; readonly projects: readonly ProjectFacts[] }
  /** How the runs of each project stand, by its id, while none is chosen; one whose runs are still being read is not in it. */
  | { readonly type: 'counts'; readonly projects: Readonly<Record<string, RunCounts>> }
  /** Every run there is; once per connection. */
  | { readonly type: 'runs'; readonly runs: readonly RunView[] }
  /** One run that is new or has changed. */
  | { readonly type: 'run'; readonly run: RunView }
  /**
   * Who drives the registry, and the liveness of every run that can move, by its id: at the beginning, and again when something of it has
   * changed. It is newer than the `liveness` of a `run`.
   */
  | {
      readonly type: 'liveness';
      readonly driver: DriverFacts;
      readonly runs: Readonly<Record<string, Liveness>>;
      /** The hub's clock: ages count from it. */
      readonly nowMs: number;
    }
  /** A run whose folder has gone. */
  | { readonly type: 'runGone'; readonly runId: string }
  /**
   * Records in the order of the journal, from the one asked for on. `isReplay`: they were there when the watch began; the message
   * with `isReplay: false` that follows (perhaps empty) says that the page has caught up.
   */
  | {
      readonly type: 'records';
      readonly runId: string;
      readonly records: readonly JournalRecord[];
      readonly isReplay: boolean;
    }
  /** The journal is another one than before (a registry was replaced): forget its records; they come again from the first. */
  | { readonly type: 'recordsReset'; readonly runId: string }
  /** What the task folders of a watched run hold; again when it changes. */
  | { readonly type: 'files'; readonly runId: string; readonly tasks: Readonly<Record<string, TaskFilesView>> }
  /** Of a watched run; again when it changes. */
  | ({ readonly type: 'recovery'; readonly runId: string } & RecoveryView)
  /** The end of a worker's output, whole each time: sanitised, bounded. Plain text, never markup. */
  | { readonly type: 'output'; readonly runId: string; readonly taskId: string; readonly text: string }
  /** An artifact of the run, its texts sanitised; `problem` instead, when there is none or its bytes are not those recorded. */
  | {
      readonly type: 'artifact';
      readonly runId: string;
      readonly path: string;
      readonly document: unknown;
      readonly problem: string | null;
    }
  /** The content of proof.json, null when there is none or it cannot be read. */
  | { readonly type: 'proof'; readonly document: JsonObject | null }
  /** A request that could not be answered; nothing else has changed. */
  | { readonly type: 'problem'; readonly message: string };

/** What the page asks. */
export type PageMessage =
  /** From now on `records` from `fromSeq` (1 or more) on, `files` and `recovery` of this run; ends the watch of another run. */
  | { readonly type: 'watch'; readonly runId: string; readonly fromSeq: number }
  | { readonly type: 'unwatch' }
  /** `output` of this task, as it grows. One task at a time. */
  | { readonly type: 'tail'; readonly runId: string; readonly taskId: string; readonly isOn: boolean }
  /** An artifact by its path below the run's folder, as records name it. */
  | { readonly type: 'artifact'; readonly runId: string; readonly path: string }
  | { readonly type: 'proof' };
