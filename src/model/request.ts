/**
 * The shapes of a task's files: request, claim, agent, outcome, and the worker's answer.
 *
 * Owns: the types of what lies in `tasks/<taskId>/`. Does not own: checking them when read (turn/task-files), writing them (host, engine).
 * Free of zod: the worker host loads this file.
 */
import type { Json, JsonObject } from '../base/canonical-json.ts';
import type { ProcessIdentity } from '../base/process-identity.ts';
import type { Purpose } from './limits.ts';
import type { TurnReport, TurnRequest } from './turn.ts';

/** The names of the files in a task's folder. */
export const TASK_FILES = {
  request: 'request.json',
  claim: 'claim',
  agent: 'agent.json',
  task: 'task.json',
  completion: 'completion.json',
  late: 'late',
  heartbeat: 'heartbeat',
  output: 'output.ndjson',
  stderr: 'stderr.log',
  outcome: 'outcome',
  prompt: 'prompt.md',
  answerSchema: 'answer-schema.json',
  instructions: 'instructions',
  agentFiles: 'agent-files',
  treeLock: 'tree.lock',
} as const;

/** The environment variable by which a worker's tree is found again. */
export const MARK_VARIABLE = 'PAWL_TASK_MARK';

/** The folder in a worktree where workers leave their answers; git excludes it. */
export const ANSWER_FOLDER = '.pawl-task';

/** The file beside the completion file in which our MCP server leaves an answer. */
export const MCP_ANSWER_NAME = 'mcp-completion.json';

/** `file`: the answer is left at PAWL_COMPLETION_FILE. `exitCode`: exit 0 is the answer. */
export type CompletionSource = 'file' | 'exitCode';

/** Where git keeps a worktree, by the repository's own word: what the worktree's `.git` says is the worker's to write. */
export interface GitPlace {
  /** Absolute path of the git folder that all worktrees share. */
  readonly commonDir: string;
  /** Absolute path of git's own folder for the worktree. */
  readonly adminDir: string;
}

/** What decides how git works in a repository: every setting by its name, with a digest of its value. */
export type GitSettings = Readonly<Record<string, string>>;

/** The files that instruct agents, for a worker that judges a change: it is shown the base's. */
export interface InstructionFiles {
  /** The commit that the change begins at. */
  readonly base: string;
  /** The commit to judge. */
  readonly head: string;
  /** Which files they are (turn/instruction-files). */
  readonly patterns: readonly string[];
}

/** request.json: all that a host needs to run one task, written before any host starts. */
export interface TaskRequest {
  readonly v: 1;
  readonly runId: string;
  readonly taskId: string;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly attempt: number;
  readonly nonce: string;
  /** The key of the effect that asked for it. */
  readonly key: string;
  readonly agent: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly envNames: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
  /** Absolute path where the worker leaves its answer. */
  readonly completionFile: string;
  readonly completion: CompletionSource;
  /** `pidNamespace` where this machine allows it. */
  readonly isolation: 'pidNamespace' | 'none';
  readonly hasTreeLock: boolean;
  readonly limits: {
    readonly deadlineMs: number;
    readonly stallMs: number;
    /** Absent in requests of older versions. */
    readonly silenceMaxMs?: number;
    readonly graceMs: number;
    readonly outputBytesMax: number;
  };
  /** True when the outcome must record the tree that the worktree holds (implementation, fix). */
  readonly recordsTree: boolean;
  /** The content of task.json, which the host writes for the worker. */
  readonly task: Json;
  /** The worktree's place in git, and the settings before the worker starts. Absent in requests of older versions. */
  readonly git?: GitPlace & { readonly settings: GitSettings };
  /** Present where the worker is an agent that judges a change. */
  readonly instructions?: InstructionFiles;
  /** Present where the worker is a coding agent whose output Pawl reads. */
  readonly turn?: TurnRequest;
}

/** The claim register: the host that may run the task, or the runner's revocation. */
export type Claim =
  | {
      readonly v: 1;
      readonly kind: 'host';
      readonly requestHash: string;
      readonly nonce: string;
      readonly host: ProcessIdentity;
      readonly atMs: number;
    }
  | {
      readonly v: 1;
      readonly kind: 'revoked';
      readonly requestHash: string;
      readonly nonce: string;
      readonly reason: EndReason;
      readonly atMs: number;
    };

/** The agent.json register: the worker behind its gate, before it executes anything. */
export interface AgentRecord {
  readonly v: 1;
  readonly requestHash: string;
  readonly nonce: string;
  readonly worker: ProcessIdentity;
  readonly isNamespaced: boolean;
  readonly mark: string;
  readonly sessionId: string | null;
  readonly startedAtMs: number;
  /** The same instant on the machine's monotonic clock (ports/clock), which stays the same for as long as the worker can live; absent in older records. */
  readonly startedMonotonicMs?: number;
}

/** Every reason why Pawl ends a task itself. */
export const END_REASONS = ['cancelled', 'deadline', 'hung', 'operator', 'exhausted', 'interrupted'] as const;
/** Why Pawl ends or abandons a task. */
export type EndReason = (typeof END_REASONS)[number];

/** The ways in which a task can end. */
export const TASK_RESULTS = [
  'completed',
  'failed',
  'blocked',
  'cancelled',
  'timedOut',
  'interrupted',
  'lost',
  'limited',
] as const;
/** How a task ended. */
export type TaskResult = (typeof TASK_RESULTS)[number];

/** What a gate says. */
export type VerdictStatus = 'PASS' | 'FAIL' | 'BLOCKED';

/** One fault that a gate has found. */
export interface Finding {
  readonly severity: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

/** What a gate may say of one criterion. */
export const CRITERION_STATUSES = ['met', 'notMet', 'unclear'] as const;
/** What a gate says of one criterion. */
export type CriterionStatus = (typeof CRITERION_STATUSES)[number];

/** A gate's word on one criterion of the packet. */
export interface CriterionVerdict {
  /** Which one: its id (`A2`, the second acceptance criterion), or its text. */
  readonly criterion: string;
  readonly status: CriterionStatus;
  /** What shows it. */
  readonly evidence: string;
}

/** A gate's judgement with its reasons. */
export interface Verdict {
  readonly status: VerdictStatus;
  readonly findings: readonly Finding[];
  readonly summary: string;
  /** Absent where the gate said nothing of single criteria. */
  readonly criteria?: readonly CriterionVerdict[];
}

/** One verification command as it ran. */
export interface CommandRun {
  readonly argv: readonly string[];
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly durationMs: number;
  readonly outputTail: string;
}

/** A worker's answer, checked and bounded. */
export interface Answer {
  readonly status: 'completed' | 'failed' | 'blocked';
  readonly summary: string;
  readonly filesChanged: readonly string[];
  readonly verdict: Verdict | null;
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** Only of our own verification worker. */
  readonly commands: readonly CommandRun[];
}

/** A file's content by hash and size. */
export interface FileDigest {
  readonly sha256: string;
  readonly bytes: number;
}

/** What happened, as a register holds it. */
export interface RecordedCause {
  readonly code: string;
  readonly params: JsonObject;
}

/** The outcome register: how the task ended. The first one stands. */
export interface Outcome {
  readonly v: 2;
  readonly requestHash: string;
  readonly nonce: string;
  /** Who linked it: the host that ran the worker, a runner that found it, or a runner on an operator's word. */
  readonly by: 'host' | 'runner' | 'operator';
  readonly result: TaskResult;
  /** What happened; null when completed. Whoever relies on it checks its facts (engine/outcome-cause). */
  readonly cause: RecordedCause | null;
  /** Of a worker that completed, what its answer says in summary; null where the exit code is the answer, and of any other end. */
  readonly summary: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The validated answer's digest (completion.json), null when there is none. */
  readonly completion: FileDigest | null;
  readonly output: FileDigest | null;
  readonly stderr: FileDigest | null;
  /** The worktree when nothing of the worker was left: its commit, and the tree of all its files where the request asks for it. */
  readonly head: string | null;
  readonly tree: string | null;
  /** The settings of git at that moment. Absent where they could not be read, or were not asked for. */
  readonly gitSettings?: GitSettings;
  readonly survivors: 0;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number;
  /** Present where the request asked for a turn of a coding agent. */
  readonly turn?: TurnReport;
}
