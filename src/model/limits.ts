/**
 * Every bound of the system, named in one place (L9).
 *
 * Owns: defaults of the limits that a user may override, and the fixed bounds that nobody may.
 * Does not own: enforcing them. Free of zod: the worker host loads this file.
 */

/** What a task can be for. */
export const PURPOSES = ['setup', 'implementation', 'verification', 'review', 'fix'] as const;
/** What a task is for. */
export type Purpose = (typeof PURPOSES)[number];

/** The limits of one run, as recorded with it. */
export interface Limits {
  /** Attempts of one purpose within one epoch, counting only failed and timed-out workers. */
  readonly attemptsMax: number;
  /** Fix rounds of one run. */
  readonly fixAttemptsMax: number;
  /** Fresh attempts after a worker was lost. */
  readonly lostRetriesMax: number;
  /** Fresh attempts after a worker was interrupted by Pawl or the machine going down. */
  readonly interruptionsMax: number;
  /** Waits for a limit window of the agent, for one purpose in a row. */
  readonly limitWaitsMax: number;
  /** Worker hosts started for one task. */
  readonly hostStartsMax: number;
  /** Wall clock of one worker, from its start, by purpose. */
  readonly deadlineMs: Readonly<Record<Purpose, number>>;
  /** Longest time without a sign of life: a byte of output, of a coding agent an event, work of its processes, a changed file. */
  readonly stallMs: number;
  /** Longest time without a byte of output, or, of a coding agent, an event; absent in limits that older versions recorded. */
  readonly silenceMaxMs?: number;
  /** Time between asking a worker to end and killing it. */
  readonly graceMs: number;
  /** Bytes of stdout and stderr together. */
  readonly outputBytesMax: number;
  /** How long a lease lasts without being renewed. */
  readonly leaseTtlMs: number;
  /** Longest time from a coding agent's start to its first event. */
  readonly firstEventMs: number;
  /** What a run may cost, in US dollars as its agents report them; null: not bounded. */
  readonly budgetUsd: number | null;
  /** Tokens that a run may use, input and output; null: not bounded. */
  readonly tokens: number | null;
}

/** Limits as a config or a packet overrides them; one `deadlineMs` number counts for every purpose. */
export type LimitOverrides = { readonly [Name in Exclude<keyof Limits, 'deadlineMs'>]?: number | null | undefined } & {
  readonly deadlineMs?: number | { readonly [Name in Purpose]?: number | undefined } | undefined;
};

const HOUR_MS = 3_600_000;

/** How long a worker may say nothing, whatever else it does, unless its limits say otherwise. */
export const SILENCE_MAX_MS = 1_800_000;

/** The limits of a run that overrides none. */
export const DEFAULT_LIMITS: Limits = {
  attemptsMax: 2,
  fixAttemptsMax: 2,
  lostRetriesMax: 1,
  interruptionsMax: 10,
  limitWaitsMax: 100,
  hostStartsMax: 5,
  deadlineMs: { setup: HOUR_MS, implementation: HOUR_MS, verification: HOUR_MS, review: HOUR_MS, fix: HOUR_MS },
  stallMs: 600_000,
  silenceMaxMs: SILENCE_MAX_MS,
  graceMs: 10_000,
  outputBytesMax: 64 * 1024 * 1024,
  leaseTtlMs: 24 * HOUR_MS,
  firstEventMs: 300_000,
  budgetUsd: null,
  tokens: null,
};

/** Runs driven at once, unless the config or `--max-parallel` says otherwise. */
export const PARALLEL_RUNS_MAX = 3;

/** Runs driven at once, at most: what config and `--max-parallel` may ask for. */
export const PARALLEL_RUNS_BOUND = 64;

/** Bounds that are ours and not for configuration. */
export const BOUNDS = {
  packetsFileBytes: 16 * 1024 * 1024,
  packetsInFile: 1_000,
  packetChars: 256 * 1024,
  packetLineChars: 1_000,
  packetListEntries: 300,
  /** File names end at 255 bytes, and git locks a branch as `<its last part>.lock`. */
  branchPartBytes: 250,
  branchBytes: 1_000,
  answerBytes: 1024 * 1024,
  findings: 200,
  /** Criteria that one verdict speaks of. */
  criteria: 200,
  lineBytes: 1024 * 1024,
  /** The last line of an agent that has ended: it is the one that tells how, and may repeat a long message. */
  lastLineBytes: 16 * 1024 * 1024,
  registerBytes: 4 * 1024 * 1024,
  journalLineBytes: 1024 * 1024,
  snapshotBytes: 64 * 1024 * 1024,
  artifactBytes: 64 * 1024 * 1024,
  batchBytes: 64 * 1024 * 1024,
  lockTries: 16,
  summaryChars: 2_000,
  findingChars: 2_000,
  outputTailChars: 8_192,
  filesListed: 200,
  /** Lines of a patch that `pawl diff` shows, and characters of one. */
  patchLines: 2_000,
  patchLineChars: 1_000,
  /** Surfaces that a run leases beyond those of its packet; then their folders. */
  surfacesAdded: 64,
  /** Paths named of what a commit cannot hold because of submodules, and characters of one. */
  leftOutPaths: 20,
  leftOutPathChars: 300,
  internalEventsPerRecord: 16,
  recordsPerSnapshot: 64,
  completionReports: 16,
  /** Tools of one turn that are known to be under way at once. */
  openTools: 200,
  denials: 20,
  /** Steps of one turn whose usage reports are told apart. */
  stepsKnown: 2_000,
  limitWaitFirstMs: 60_000,
  limitWaitMaxMs: 3_600_000,
  /** Of an agent that cannot reach its model: such a wait costs a start and no call. */
  outageWaitFirstMs: 15_000,
  outageWaitMaxMs: 900_000,
  /** How often a run whose wait is over looks whether it is its turn to ask its agent. */
  outageLookMs: 1_000,
  /** The longest wait that an agent's own word is believed for: 8 days. */
  limitWindowMaxMs: 691_200_000,
  /** Findings of a gate that are compared with those of other rounds. */
  findingKeys: 50,
  judgements: 20,
  /** The most that one report of use is believed. */
  tokensReported: 10 ** 12,
  usdReported: 1_000_000,
  usdPerMillionReported: 1_000,
  promptBytes: 1024 * 1024,
  /** The longest single argument that Linux takes (MAX_ARG_STRLEN). */
  argumentBytes: 131_072,
  /** What a turn is charged with that was cut off before it reported: characters of a token, what a CLI sends with every call, what a call writes unseen. */
  charsPerToken: 3,
  systemPromptTokens: 15_000,
  callTokens: 1_000,
  callTokensLeast: 100,
  /** What a million fresh input tokens cost where no report tells, and what others cost in proportion. */
  estimateUsdPerMillionTokens: 5,
  priceRatios: { cacheRead: 0.1, cacheWrite: 1.25, output: 5 },
  /** How many times as much output an agent may write that prints its messages piece by piece: each piece is a line of its own. */
  streamingFactor: 8,
  stderrTailBytes: 64 * 1024,
  /** How often a host looks at its worker; at the output of one that writes, more often. */
  watchLookMs: 200,
  /** How often the processes and files of a silent worker are looked at: so many times before it counts as stalled, and at least this often. */
  activityLooks: 20,
  activityLookMs: 30_000,
  /**
   * The part of a processor that a tree uses at least while it works. A program that is sent an answer word by word may use as little as one that waits in vain;
   * one that prints each piece has said so.
   */
  busyShare: 0.002,
  busyShareStreaming: 0.01,
  /** Files of a worktree looked at, at most. */
  filesLookedAt: 2_000,
  outputLookMs: 20,
  heartbeatMs: 1_000,
  hostSilenceMs: 30_000,
  deadlineMarginMs: 30_000,
  /** Calls of git that a host makes before its worker starts and once that has ended, at most. */
  hostGits: 21,
  /** Settings of git told apart in a task's files. */
  gitSettings: 2_000,
  watchPollMs: 1_000,
  /** The longest that anybody waits for runs: 30 days. */
  driveMs: 30 * 86_400_000,
  hostStartMs: 20_000,
  /** Longest wait for agent.json after a claim was seen, before the claim alone is recorded. */
  agentAfterClaimMs: 500,
  /** Longest wait for the lock of a worker's tree. */
  treeLockMs: 5_000,
  killMs: 10_000,
  /** How long a host tries to end what is left of its worker's tree, and how long it pauses between two tries. */
  hostSweepMs: 60_000,
  hostSweepPauseMs: 2_000,
  /** Files and folders of a worktree that are looked at for one that instructs agents. */
  entriesWalked: 5_000_000,
  gitMs: 120_000,
  gitOutputBytes: 64 * 1024 * 1024,
  gitRefLockMs: 2_000,
  lockHelpersMs: 30_000,
  commandWaitMs: 10_000,
  /** One call of the operator's `notify`, and the wait for those that are left when a command ends. */
  noticeMs: 10_000,
  noticesCloseMs: 15_000,
} as const;
