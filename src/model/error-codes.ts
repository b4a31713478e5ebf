/**
 * The catalogue of error codes: one line a code, with the exit code that it means.
 *
 * Owns: every code that Pawl may say. docs/errors.md lists the same ones; a test compares both ways.
 * Does not own: messages of single failures.
 */

/** Exit codes by what they mean; docs/errors.md explains each. */
export const EXIT = {
  done: 0,
  bug: 1,
  usage: 2,
  blocked: 3,
  failed: 4,
  quarantined: 5,
  locked: 6,
  refused: 7,
} as const;
/** An exit code. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Every code, with the exit code of a command that ends because of it. */
export const ERROR_CODES = {
  PAWL_BUG: EXIT.bug,
  PAWL_USAGE: EXIT.usage,
  PAWL_REPOSITORY_MISSING: EXIT.usage,
  PAWL_CONFIG_INVALID: EXIT.usage,
  PAWL_PACKETS_UNREADABLE: EXIT.usage,
  PAWL_PACKETS_TOO_LARGE: EXIT.usage,
  PAWL_PACKETS_INVALID: EXIT.usage,
  PAWL_PACKET_INSUFFICIENT: EXIT.blocked,
  PAWL_RUN_UNKNOWN: EXIT.usage,
  PAWL_RUN_CONFLICT: EXIT.blocked,
  PAWL_RUN_QUARANTINED: EXIT.quarantined,
  PAWL_COMMAND_REFUSED: EXIT.usage,
  PAWL_EVENT_REFUSED: EXIT.bug,
  PAWL_EVENT_STALE: EXIT.bug,
  PAWL_AGENT_MISSING: EXIT.blocked,
  PAWL_LEASE_CONFLICT: EXIT.blocked,
  PAWL_WORKSPACE_BRANCH_ELSEWHERE: EXIT.blocked,
  PAWL_WORKSPACE_FOREIGN: EXIT.blocked,
  PAWL_WORKSPACE_DIRTY: EXIT.blocked,
  PAWL_WORKSPACE_BASE_MISSING: EXIT.blocked,
  PAWL_WORKSPACE_DIVERGED: EXIT.blocked,
  PAWL_WORKSPACE_CHANGED: EXIT.blocked,
  PAWL_WORKSPACE_FAILED: EXIT.blocked,
  PAWL_GIT_FAILED: EXIT.refused,
  PAWL_SETUP_NOT_ALLOWED: EXIT.blocked,
  PAWL_VERIFICATION_NOT_ALLOWED: EXIT.blocked,
  PAWL_GATE_BLOCKED: EXIT.blocked,
  PAWL_GATE_FAILED: EXIT.blocked,
  PAWL_FIX_LIMIT: EXIT.blocked,
  PAWL_ATTEMPTS_EXHAUSTED: EXIT.failed,
  PAWL_INTERRUPTIONS_EXHAUSTED: EXIT.blocked,
  PAWL_WORKER_BLOCKED: EXIT.blocked,
  PAWL_WORKER_FAILED: EXIT.failed,
  PAWL_WORKER_EXIT: EXIT.failed,
  PAWL_WORKER_NO_COMPLETION: EXIT.failed,
  PAWL_WORKER_ANSWER_INVALID: EXIT.failed,
  PAWL_WORKER_CONTRADICTION: EXIT.blocked,
  PAWL_WORKER_NO_CHANGE: EXIT.failed,
  PAWL_WORKER_START_FAILED: EXIT.failed,
  PAWL_WORKER_DEADLINE: EXIT.failed,
  PAWL_WORKER_STALLED: EXIT.failed,
  PAWL_WORKER_OUTPUT_LIMIT: EXIT.failed,
  PAWL_WORKER_INTERRUPTED: EXIT.failed,
  PAWL_WORKER_LOST: EXIT.failed,
  PAWL_WORKER_CANCELLED: EXIT.done,
  PAWL_WORKER_SURVIVORS: EXIT.blocked,
  PAWL_HOST_UNKNOWN: EXIT.blocked,
  PAWL_HOST_HUNG: EXIT.failed,
  PAWL_HOST_STARTS_EXHAUSTED: EXIT.failed,
  PAWL_HANDOFF_REFUSED: EXIT.blocked,
  PAWL_JOURNAL_DAMAGED: EXIT.quarantined,
  PAWL_JOURNAL_DIVERGED: EXIT.quarantined,
  PAWL_SNAPSHOT_DAMAGED: EXIT.quarantined,
  PAWL_SNAPSHOT_DIVERGED: EXIT.quarantined,
  PAWL_HISTORY_LOST: EXIT.quarantined,
  PAWL_REGISTER_CONTRADICTION: EXIT.quarantined,
  PAWL_ARTIFACT_DAMAGED: EXIT.quarantined,
  PAWL_REGISTRY_LOCKED: EXIT.locked,
  PAWL_REGISTRY_INVALID: EXIT.usage,
  PAWL_STORE_FULL: EXIT.refused,
  PAWL_STORE_FAILED: EXIT.refused,
  PAWL_STORE_SYNC_FAILED: EXIT.refused,
  PAWL_STORE_NO_LINKS: EXIT.refused,
  PAWL_STORE_PERMISSION: EXIT.refused,
} as const satisfies Record<string, ExitCode>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof ERROR_CODES;
