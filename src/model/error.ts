/**
 * How a failure of the world is reported: what happened, to what, what to do.
 *
 * Owns: PawlError and its plain form. Does not own: the codes (error-codes), rendering (cli).
 */
import type { Action } from './action.ts';
import type { BlockerCode, BlockerOf } from './blocker.ts';
import type { ErrorCode } from './error-codes.ts';

/** Who can do something about a failure: a later try, nobody, or a person. */
export type ErrorKind = 'retryable' | 'terminal' | 'needsHuman';

/** What a failure is made from. */
export interface ErrorDetails {
  readonly code: ErrorCode;
  readonly message: string;
  /** What it happened to: a path, a run id, a packet. */
  readonly subject: string;
  /** What shows it, where that is more than the subject. */
  readonly evidence?: readonly string[];
  /** What to do next, in words; commands are `actions`. */
  readonly hint: string;
  readonly actions?: readonly Action[];
  readonly kind?: ErrorKind;
  readonly cause?: unknown;
  /** The same failure as what may halt a run; absent where it cannot. */
  readonly blocker?: Blocker;
}

/** A failure with its code; anything else that is thrown is our bug. */
export class PawlError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly subject: string;
  readonly evidence: readonly string[];
  readonly hint: string;
  readonly actions: readonly Action[];
  /** The same failure as what may halt a run; null where it cannot. */
  readonly blocker: Blocker | null;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PawlError';
    this.code = details.code;
    this.kind = details.kind ?? 'terminal';
    this.subject = details.subject;
    this.evidence = details.evidence ?? [details.subject];
    this.hint = details.hint;
    this.actions = details.actions ?? [];
    this.blocker = details.blocker ?? null;
  }
}

/** Why a run is halted, as facts. */
export type Blocker = BlockerOf<BlockerCode>;

/** Why a run is halted, in the words shown to the operator. */
export interface ShownBlocker {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly evidence: readonly string[];
}

/** The POSIX error code of a thrown system error (`ENOSPC`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
