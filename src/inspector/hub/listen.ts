/**
 * One port on the loopback addresses of this machine, and on nothing else.
 *
 * Owns: which port, binding 127.0.0.1 and, where there is one, ::1. Does not own: what is served.
 *
 * Invariant: no other address is ever bound.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '../../base/sha256.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';

/** The ports that IANA assigns to nobody (RFC 6335). */
const PORTS = { first: 49_152, count: 16_384 } as const;
const NO_ADDRESS = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];

/** Two servers that answer alike. */
export interface Pair {
  readonly four: Server;
  readonly six: Server;
}

/** The port at which whatever has that name is found again: the same one each time, though it may be in use. */
export function portOf(name: string): number {
  return PORTS.first + (Number.parseInt(sha256(name).slice(0, 8), 16) % PORTS.count);
}

/** As `listenLocally`, on that port where it is free, else on one that is. */
export async function listenPreferably(pair: Pair, port: number): Promise<number> {
  try {
    return await listenLocally(pair, port);
  } catch (error) {
    if (error instanceof PawlError) return await listenLocally(pair, 0);
    throw error;
  }
}

/**
 * Both servers listen on the same port (0: one that is free); returns it. Without an IPv6 loopback only the first one does.
 * Throws PAWL_USAGE when the port is taken.
 */
export async function listenLocally({ four, six }: Pair, port: number): Promise<number> {
  for (let n = 1; ; n += 1) {
    const chosen = await bind(four, '127.0.0.1', port);
    const failure = chosen === null ? null : await bindSix(six, chosen);
    if (chosen !== null && failure === null) return chosen;
    if (chosen !== null) await closed(four);
    // A free port may be taken on the other address: then another free one is tried.
    if (port !== 0 || n >= HUB_BOUNDS.portTries) throw taken(chosen ?? port);
  }
}

/** The port, null when it is taken. */
async function bind(server: Server, host: string, port: number): Promise<number | null> {
  try {
    await listening(server, host, port);
    return (server.address() as AddressInfo).port;
  } catch (error) {
    if (systemCode(error) === 'EADDRINUSE') return null;
    if (systemCode(error) === 'EACCES') throw taken(port);
    throw error;
  }
}

/** Null when the server listens on ::1, or there is none; the reason why not otherwise. */
async function bindSix(server: Server, port: number): Promise<string | null> {
  try {
    return (await bind(server, '::1', port)) === null ? 'EADDRINUSE' : null;
  } catch (error) {
    if (NO_ADDRESS.includes(systemCode(error) ?? '')) return null;
    throw error;
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true, ipv6Only: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Nothing listens any more; open connections are cut. */
export function closed(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function taken(port: number): PawlError {
  return new PawlError({
    code: 'PAWL_USAGE',
    message: `Port ${port} cannot be used: it is in use or not permitted.`,
    subject: String(port),
    hint: 'Use another --port N, or omit it to use a free port.',
  });
}
