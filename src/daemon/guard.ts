/**
 * Who may ask the daemon for anything.
 *
 * Owns: the checks of `Host`, `Origin` and token, on the socket and on TCP. Does not own: what is asked for.
 *
 * Invariants: 1. Nothing but a page of ours may speak from a browser: any other `Origin` is refused, and any `Host` that is not this machine's name for itself (DNS
 * rebinding), wherever it came in. 2. On TCP nothing is answered without the token; the socket is guarded by its file mode.
 */
import type { IncomingMessage } from 'node:http';
import { ApiError } from './api/problem.ts';

/** Where a request came in. */
export type Door = { readonly kind: 'socket' } | { readonly kind: 'tcp'; readonly port: number };

const HOSTS = ['127.0.0.1', 'localhost', '[::1]'];
/** What clients of a Unix socket write where there is no host. */
const SOCKET_HOSTS = [...HOSTS, 'pawl', ''];

/** Throws HOST_FORBIDDEN and ORIGIN_FORBIDDEN. */
export function assertHome({ headers }: Pick<IncomingMessage, 'headers'>, door: Door): void {
  const host = (headers.host ?? '').toLowerCase();
  const isHome = door.kind === 'socket' ? SOCKET_HOSTS.includes(withoutPort(host)) : namesOf(door.port).includes(host);
  if (!isHome)
    throw new ApiError('HOST_FORBIDDEN', 'This daemon answers only under the names of this machine for itself.');
  const { origin } = headers;
  if (origin === undefined) return;
  const isOurs = door.kind === 'tcp' && namesOf(door.port).some((name) => origin.toLowerCase() === `http://${name}`);
  if (!isOurs) throw new ApiError('ORIGIN_FORBIDDEN', 'Pages of other sites may not speak to this daemon.');
}

/** Throws UNAUTHORIZED on TCP without the token. */
export function assertKnown(given: string | null, door: Door, isToken: (given: string) => boolean): void {
  if (door.kind === 'socket' || (given !== null && isToken(given))) return;
  throw new ApiError('UNAUTHORIZED', 'The token is missing or not the one of this daemon.', {
    next: 'Send `Authorization: Bearer` with the content of the `token` file in its state folder, or use its socket.',
  });
}

function namesOf(port: number): readonly string[] {
  // Clients leave the port of the scheme out.
  return [...HOSTS.map((name) => `${name}:${port}`), ...(port === HTTP_PORT ? HOSTS : [])];
}

const HTTP_PORT = 80;

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}
