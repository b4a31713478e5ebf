/**
 * Clients of the change feed: many that count what they get, and one that never reads.
 *
 * Owns: their connections, when each change arrived. Does not own: what changes (daemon).
 *
 * Invariant: a change that is skipped or comes twice is an error.
 */
import { request } from 'node:http';
import { connect } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

const PATH = '/api/v1/events';
const WAIT_MS = 60_000;

/** Clients that follow from now on. */
export class FeedClients {
  #clients;

  constructor(clients) {
    this.#clients = clients;
  }

  static async open(socketPath, count) {
    return new FeedClients(await Promise.all(Array.from({ length: count }, () => openClient(socketPath))));
  }

  /** Milliseconds from the instant of each change to its arrival, of all clients, once each has seen the change `seq`. */
  async until(seq) {
    for (const endMs = performance.now() + WAIT_MS; performance.now() < endMs; await pause(20)) {
      for (const { fault } of this.#clients) if (fault !== null) throw new Error(fault);
      if (this.#clients.every(({ last }) => last >= seq)) return this.#clients.flatMap(({ latencies }) => latencies);
    }
    throw new Error('not every change was delivered');
  }

  close() {
    for (const { stream } of this.#clients) stream.destroy();
  }
}

function openClient(socketPath) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: PATH, agent: false, headers: { Host: 'pawl' } }, (response) => {
      const client = { stream: response, last: 0, latencies: [], fault: null };
      let rest = '';
      response.setEncoding('utf8').on('data', (piece) => {
        const nowMs = performance.timeOrigin + performance.now();
        const events = (rest + piece).split('\n\n');
        rest = events.pop();
        for (const event of events) takeEvent(client, event, nowMs);
      });
      response.on('error', () => undefined);
      resolve(client);
    });
    asked.once('error', reject);
    asked.end();
  });
}

function takeEvent(client, event, nowMs) {
  const [, id] = /^id: (\d+)$/m.exec(event) ?? [];
  if (id === undefined) return;
  const seq = Number(id);
  if (client.last !== 0 && seq !== client.last + 1) client.fault = `${seq} came after ${client.last}`;
  client.last = seq;
  const [, atMs] = /"atMs":(\d+)/.exec(event) ?? [];
  client.latencies.push(nowMs - Number(atMs));
}

/** A client that asks for the feed and takes nothing of it. */
export function openDeafClient(socketPath) {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => {
      socket.pause();
      socket.write(`GET ${PATH} HTTP/1.1\r\nHost: pawl\r\n\r\n`, () => resolve(socket));
    });
    socket.once('error', reject);
  });
}
