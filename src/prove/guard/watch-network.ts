/**
 * Watches every use of the network: connections, listening, datagrams, names.
 *
 * Owns: which calls those are and telling them. Does not own: writing it down (guard-log). Free of zod and xstate: every process of a trial loads this.
 *
 * `http`, `https`, `http2`, `tls` and `fetch` all connect through a socket of `net`. A local socket inside of the roots is no network.
 */
import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';
import type { GuardLog } from './guard-log.ts';
import { isInside, realPlace } from './real-place.ts';
import { type Args, lookBefore } from './wrapping.ts';

const DATAGRAMS = ['bind', 'connect', 'send'];
const NAMES = /^(?:lookup|resolve|reverse)/;

/** From now on every use of the network is told. */
export function watchNetwork(roots: readonly string[], log: GuardLog): void {
  const watchSocket = (owner: object, name: string, action: string): void =>
    lookBefore(owner, name, log, (args) => {
      const place = placeIn(args);
      if (!isLocal(place, roots)) log.violation(`${action} ${shown(place)}`);
    });
  watchSocket(net.Socket.prototype, 'connect', 'connects to');
  watchSocket(net.Server.prototype, 'listen', 'listens on');
  for (const name of DATAGRAMS) {
    lookBefore(dgram.Socket.prototype, name, log, () => log.violation(`uses datagrams (${name})`));
  }
  const askers = [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype];
  for (const owner of askers) {
    for (const name of functionsOf(owner).filter((each) => NAMES.test(each))) {
      lookBefore(owner, name, log, ([asked]) => log.violation(`resolves ${String(asked)} (${name})`));
    }
  }
}

function functionsOf(owner: object): string[] {
  const above: unknown = Object.getPrototypeOf(owner);
  const inherited = above === null || above === Object.prototype || typeof above !== 'object' ? [] : functionsOf(above);
  return [...Object.getOwnPropertyNames(owner), ...inherited];
}

interface Place {
  readonly path: string | null;
  readonly address: string;
}

/** Where to: (options), (port, host), (path), or what `net` makes of these for itself. */
function placeIn(args: Args): Place {
  const [given] = args;
  const [first, second] = Array.isArray(given) ? given : args;
  if (typeof first === 'string' && !/^\d+$/.test(first)) return { path: first, address: '' };
  if (typeof first !== 'object' || first === null) {
    return { path: null, address: `${typeof second === 'string' ? second : 'localhost'}:${String(first ?? 0)}` };
  }
  const path: unknown = Reflect.get(first, 'path');
  if (typeof path === 'string') return { path, address: '' };
  const host: unknown = Reflect.get(first, 'host') ?? 'localhost';
  return { path: null, address: `${String(host)}:${String(Reflect.get(first, 'port') ?? 0)}` };
}

function isLocal({ path }: Place, roots: readonly string[]): boolean {
  if (path === null) return false;
  const place = realPlace(path, 'entry');
  return place !== null && isInside(place, roots);
}

function shown({ path, address }: Place): string {
  return path === null ? address : `the local socket ${path}`;
}
