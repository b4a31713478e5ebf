/** A client keeps its connection to the daemon, and notices when the daemon has closed it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Client } from '../../src/client/client.ts';

let place: string;
let server: Server;
const connections: Socket[] = [];
const heard: string[] = [];

/** `cut`: requests that end their connection without an answer. */
async function listen(cut: readonly number[] = []): Promise<Client> {
  const socket = join(place, 'sock');
  server = createServer((request, response) => {
    heard.push(String(request.headers['idempotency-key']));
    if (cut.includes(heard.length)) request.socket.destroy();
    else response.setHeader('Content-Type', 'application/json').end('{"state":"stopping"}');
  });
  server.on('connection', (connection) => connections.push(connection));
  server.listen(socket);
  await once(server, 'listening');
  return new Client({ kind: 'socket', path: socket });
}

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'pawl-client-'));
});
afterEach(async () => {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  rmSync(place, { recursive: true, force: true });
  connections.length = 0;
  heard.length = 0;
});

it('asks again and again over one connection', async () => {
  const client = await listen();
  for (let n = 0; n < 3; n += 1) await client.call('shutDown', { key: `k${n}` });
  expect(heard).toEqual(['k0', 'k1', 'k2']);
  expect(connections).toHaveLength(1);
});

it('sends a command again under the same key where a kept connection was closed under it', async () => {
  const client = await listen([2]);
  await client.call('shutDown', { key: 'first' });
  expect(await client.call('shutDown', { key: 'second' })).toEqual({ state: 'stopping' });
  expect(heard).toEqual(['first', 'second', 'second']);
  expect(connections).toHaveLength(2);
});

it('tells where a new connection is closed without an answer', async () => {
  const client = await listen([1, 2]);
  await expect(client.call('shutDown', { key: 'only' })).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(heard).toEqual(['only']);
});

it('tells where the connection is cut in the middle of an answer', async () => {
  const client = await listen();
  server.removeAllListeners('request');
  server.on('request', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 100 });
    response.write('{"state":');
    setTimeout(() => response.destroy(), 20);
  });
  await expect(client.call('shutDown', { key: 'only' })).rejects.toThrow(/aborted|closed/);
});
