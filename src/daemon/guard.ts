/**
 * Who may ask the daemon for anything.
 *
 * Owns: the checks of `Host`, `Origin` and token, on the socket and on TCP. Does not own: what is asked for.
 *
 * Invariants: 1. Nothing but a page of ours may speak from a browser: any other `Origin` is refused, and any `Host` that is not this machine's name for itself (DNS
 * rebinding), wherever it came in. 2. On TCP nothing is answered without the token; the socket is guarded by its file mode.
 */
import type { IncomingMessage } from 'node:http';
import { siteRefusalOf } from '../inspector/hub/access.ts';
import { ApiError } from './api/problem.ts';

/** Where a request came in. */
export type Door = { readonly kind: 'socket' } | { readonly kind: 'tcp'; readonly port: number };

/** What clients of a Unix socket write where there is no host. */
const SOCKET_HOSTS = ['127.0.0.1', 'localhost', '[::1]', 'pawl', ''];

/** Throws HOST_FORBIDDEN and ORIGIN_FORBIDDEN. */
export function assertHome(request: IncomingMessage, door: Door): void {
  const { origin } = request.headers;
  if (door.kind === 'tcp' ? siteRefusalOf(request, door.port) === null : isOnSocket(request) && origin === undefined)
    return;
  if (origin === undefined)
    throw new ApiError('HOST_FORBIDDEN', 'This daemon answers only under the names of this machine for itself.');
  throw new ApiError('ORIGIN_FORBIDDEN', 'Pages of other sites may not speak to this daemon.');
}

/** Throws UNAUTHORIZED on TCP without the token. */
export function assertKnown(given: string | null, door: Door, isToken: (given: string | null) => boolean): void {
  if (door.kind === 'socket' || isToken(given)) return;
  throw new ApiError('UNAUTHORIZED', 'The token is missing or not the one of this daemon.', {
    next: 'Send the content of the file `token` in its state folder as a bearer token, or use its socket.',
  });
}

function isOnSocket({ headers }: IncomingMessage): boolean {
  return SOCKET_HOSTS.includes((headers.host ?? '').toLowerCase().replace(/:\d+$/, ''));
}
