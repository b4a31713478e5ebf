/**
 * How a failure of the world is told: what happened, to what, what to do.
 *
 * Owns: PawlError and its plain form. Does not own: the codes (error-codes), rendering (cli).
 */
import type { Action } from './action.ts';
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
}

/** A failure with its code; anything else that is thrown is our bug. */
export class PawlError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly subject: string;
  readonly evidence: readonly string[];
  readonly hint: string;
  readonly actions: readonly Action[];

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PawlError';
    this.code = details.code;
    this.kind = details.kind ?? 'terminal';
    this.subject = details.subject;
    this.evidence = details.evidence ?? [details.subject];
    this.hint = details.hint;
    this.actions = details.actions ?? [];
  }
}

/** Why a run stands still, in the words shown to the operator. */
export interface Blocker {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  /** References to what shows it: artifact paths, task ids, commits, surfaces. Never contents. */
  readonly evidence: readonly string[];
}

/** The POSIX error code of a thrown system error (`ENOSPC`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return undefined;
}
