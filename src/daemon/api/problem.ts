/**
 * Errors as the API gives them: RFC 9457, with the code, what to do next, and the id of the request.
 *
 * Owns: that form. Does not own: the codes (api/codes), logging (api/api), the words of errors of the catalogue (their PawlError).
 *
 * Invariant: what goes out is text that is safe to show; a bug's own words stay in the log.
 */
import { z } from 'zod';
import type { Json } from '../../base/canonical-json.ts';
import { sanitise } from '../../base/sanitise.ts';
import { visible } from '../../base/visible.ts';
import { PawlError } from '../../model/error.ts';
import { completed } from '../../run/error-actions.ts';
import { systemFailure } from '../../store/store-errors.ts';
import { type ApiCode, statusOf } from './codes.ts';

/** An error as it is sent. */
export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('What programs decide by; docs/api.md lists every code.'),
    detail: z.string().describe('What happened, to what.'),
    next: z.string().describe('What to do next; empty where there is nothing.'),
    requestId: z.string().describe('Names this request in the log of the daemon.'),
    details: z.record(z.string(), z.unknown()).describe('More facts, by code; often none.'),
  })
  .meta({ id: 'Problem' });

/** An error as it is sent. */
export type Problem = z.infer<typeof problemSchema>;

/** The media type of errors. */
export const PROBLEM_TYPE = 'application/problem+json';

const DETAIL_CHARS = 4_000;

/** What was wrong with a request, found by the API itself. */
export class ApiError extends Error {
  readonly code: ApiCode;
  readonly next: string;
  readonly details: Readonly<Record<string, Json>>;
  /** Seconds after which to try again; null where trying again does not help. */
  readonly retryAfterS: number | null;

  constructor(
    code: ApiCode,
    detail: string,
    more: {
      readonly next?: string;
      readonly details?: Readonly<Record<string, Json>>;
      readonly retryAfterS?: number;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'ApiError';
    this.code = code;
    this.next = more.next ?? '';
    this.details = more.details ?? {};
    this.retryAfterS = more.retryAfterS ?? null;
  }
}

/** The error as it is sent; whatever is no error of ours is a bug, told without its words. */
export function problemOf(error: unknown, requestId: string): Problem {
  const failure = systemFailure(error);
  if (failure instanceof ApiError) {
    const { code, message, next, details } = failure;
    return problem(code, { detail: message, next, details }, requestId);
  }
  if (failure instanceof PawlError) {
    const { code, message, subject, hint, actions } = failure;
    const commands = actions.map((action) => completed(action, []).command ?? action.label);
    const next = [hint, ...commands].filter((line) => line !== '').join('\n');
    // What a command line needs to say the same as without the daemon.
    const details = { subject: visible(subject), hint, actions: plain(actions) };
    return problem(code, { detail: message, next, details }, requestId);
  }
  const next = 'This is a bug in Pawl: its log tells more under this request id. Everything recorded is kept.';
  return problem('PAWL_BUG', { detail: 'The daemon failed to answer.', next, details: {} }, requestId);
}

function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function problem(
  code: ApiCode,
  told: { readonly detail: string; readonly next: string; readonly details: Readonly<Record<string, Json>> },
  requestId: string,
): Problem {
  const status = statusOf(code);
  return {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    code,
    detail: sanitise(told.detail, DETAIL_CHARS),
    next: sanitise(told.next, DETAIL_CHARS),
    requestId,
    details: { ...told.details },
  };
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
};
