/**
 * What can go wrong between a client and the daemon, and the HTTP status of every error that the API gives.
 *
 * Owns: the codes of HTTP itself, the status of codes of the catalogue. Does not own: the catalogue (model/error-codes), the form of an error (api/problem).
 *
 * Invariant: a code means one status, everywhere.
 */
import { ERROR_CODES, type ErrorCode, EXIT } from '../../model/error-codes.ts';

/** Codes of the API alone: what no command line can meet. */
const HTTP_CODES = {
  REQUEST_INVALID: 400,
  BODY_INVALID: 400,
  QUERY_INVALID: 400,
  CURSOR_INVALID: 400,
  KEY_MISSING: 400,
  KEY_INVALID: 400,
  CONDITION_INVALID: 400,
  PROJECT_MISSING: 400,
  UNAUTHORIZED: 401,
  ORIGIN_FORBIDDEN: 403,
  HOST_FORBIDDEN: 403,
  ROUTE_NOT_FOUND: 404,
  COMMAND_UNKNOWN: 404,
  ARTIFACT_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  COMMAND_PENDING: 409,
  RUN_AMBIGUOUS: 409,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  KEY_REUSED: 422,
  HEADERS_TOO_LARGE: 431,
  DAEMON_STARTING: 503,
  DAEMON_STOPPING: 503,
  PROJECT_UNAVAILABLE: 503,
  TOO_MANY_CLIENTS: 503,
} as const;

/** A code that an error of the API has. */
export type ApiCode = keyof typeof HTTP_CODES | ErrorCode;

/** Codes of the catalogue whose status does not follow from their exit code. */
const STATUS_OF: { readonly [Code in ErrorCode]?: number } = {
  PAWL_RUN_UNKNOWN: 404,
  PAWL_RUN_REMOVED: 410,
  PAWL_PROJECT_UNKNOWN: 404,
  PAWL_TASK_UNKNOWN: 404,
  PAWL_COMMAND_REFUSED: 409,
  PAWL_PROJECT_EXISTS: 409,
  PAWL_COMMAND_STALE: 412,
  PAWL_PACKETS_TOO_LARGE: 413,
  PAWL_PACKETS_INVALID: 422,
  PAWL_PROJECT_INVALID: 422,
  PAWL_REPOSITORY_MISSING: 422,
  PAWL_USAGE: 400,
  PAWL_STORE_FULL: 507,
};

/** The HTTP status of an error with this code. */
export function statusOf(code: ApiCode): number {
  if (isHttpCode(code)) return HTTP_CODES[code];
  const special = STATUS_OF[code];
  if (special !== undefined) return special;
  const exit = ERROR_CODES[code];
  if (exit === EXIT.bug) return 500;
  if (exit === EXIT.refused) return 503;
  return exit === EXIT.usage ? 422 : 409;
}

function isHttpCode(code: ApiCode): code is keyof typeof HTTP_CODES {
  return code in HTTP_CODES;
}
