/**
 * Who may ask a local server for anything.
 *
 * Owns: the checks of a request: `Host`, `Origin`, method, token. Does not own: what is served, where the token is kept.
 *
 * Invariants: 1. A page of another site gets nothing: not by its `Origin`, and not by a name that it has made to lead here (DNS
 * rebinding), because `Host` must be a name of this machine for itself. 2. The time of a comparison tells nothing of the token.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { PawlError, systemCode } from '../../model/error.ts';

const TOKEN_BYTES = 16;
const HTTP_PORT = 80;
/** The methods of a server that only shows. */
const READING = ['GET', 'HEAD'];

/** Where the token that is valid now comes from. It may be another one than a moment ago: it was replaced. */
export interface TokenSource {
  /** Null, or an error of the file system: there is none that can be read, and so nobody has it. */
  read(): string | null;
}

/** A token that nobody can guess: 128 random bits. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** 403 when the request comes from another site, or by a name that is not this machine's for itself; null when it may continue. */
export function siteRefusalOf({ headers }: IncomingMessage, port: number): 403 | null {
  const hosts = ['127.0.0.1', 'localhost', '[::1]'];
  // Browsers leave the port of the scheme out.
  const names = [...hosts.map((name) => `${name}:${port}`), ...(port === HTTP_PORT ? hosts : [])];
  const { host, origin } = headers;
  if (host === undefined || !names.includes(host.toLowerCase())) return 403;
  return origin === undefined || names.some((name) => origin.toLowerCase() === `http://${name}`) ? null : 403;
}

/** 405 when the request's method is none of these, null when it may continue. */
export function methodRefusalOf({ method = '' }: IncomingMessage, methods: readonly string[] = READING): 405 | null {
  return methods.includes(method) ? null : 405;
}

/** True when `given` is the token; nobody has the token where there is none. */
export function isToken(given: string | null, token: string | null): boolean {
  return given !== null && token !== null && timingSafeEqual(digestOf(given), digestOf(token));
}

/** The token that is valid now, null when it cannot be read. */
export function tokenIn(source: TokenSource): string | null {
  try {
    return source.read();
  } catch (error) {
    if (error instanceof PawlError || systemCode(error) !== undefined) return null;
    throw error;
  }
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
