/**
 * Who may ask the hub for anything.
 *
 * Owns: the checks of a request: method, `Host`, `Origin`, token. Does not own: what is served.
 *
 * Invariants: 1. A page of another site gets nothing: not by its `Origin`, and not by a name that it has made to lead here (DNS
 * rebinding), because `Host` must be a name of this machine for itself. 2. The time of a comparison tells nothing of the token.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const TOKEN_BYTES = 16;
const HTTP_PORT = 80;
const METHODS = ['GET', 'HEAD'];

/** A token that nobody can guess: 128 random bits. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** The HTTP status with which a request is refused whatever it asks for, null when it may continue. */
export function refusalOf(request: IncomingMessage, port: number): 403 | 405 | null {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'];
  // Browsers leave the port of the scheme out.
  const names = [...hosts.map((name) => `${name}:${port}`), ...(port === HTTP_PORT ? hosts : [])];
  const { host, origin } = request.headers;
  if (host === undefined || !names.includes(host.toLowerCase())) return 403;
  if (origin !== undefined && !names.some((name) => origin.toLowerCase() === `http://${name}`)) return 403;
  return METHODS.includes(request.method ?? '') ? null : 405;
}

/** True when `given` is the token. */
export function isToken(given: string | null, token: string): boolean {
  return given !== null && timingSafeEqual(digestOf(given), digestOf(token));
}

/** The token of an `Authorization: Bearer` header, null when there is none. */
export function bearerOf({ headers }: IncomingMessage): string | null {
  return /^Bearer ([\w-]{1,200})$/.exec(headers.authorization ?? '')?.[1] ?? null;
}

/** The path and query that the request names; null when it is not one plain path below the root. */
export function targetOf({ url = '' }: IncomingMessage): URL | null {
  const path = url.split('?')[0] ?? '';
  // No dot segments, no encoded characters, no other host: what is not plain is not ours.
  if (!/^\/[\w./-]*$/.test(path) || path.startsWith('//') || path.split('/').some((part) => /^\.+$/.test(part)))
    return null;
  return URL.canParse(url, 'http://localhost') ? new URL(url, 'http://localhost') : null;
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
