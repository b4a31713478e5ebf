/** The pace of `/mux`: a slow client costs the others nothing, a fast channel starves none, a client that answers no ping is cut off. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { DaemonCore } from '../../src/daemon/core.ts';
import type { Door } from '../../src/daemon/guard.ts';
import { Mux } from '../../src/daemon/mux.ts';
import { Files } from '../../src/store/files.ts';
import type { GenerationLock } from '../../src/store/generation-lock.ts';
import { takeHomeLock } from '../../src/store/home/home-lock.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';
import { ensureToken } from '../../src/store/home/token-file.ts';
import { until } from '../support/pawl-cli.ts';
import { MuxClient } from './mux-client.ts';

const SLOW_MS = 400;
const PING_MS = 200;
const CHANGES = 600;
const CHANGE_CHARS = 20_000;

const root = mkdtempSync(join(tmpdir(), 'pawl-mux-'));
const files = new Files(nodeFs, systemClock);
const home = new HomePaths(join(root, 'home'));
const socket = join(root, 'sock');
const address = `ws+unix:${socket}:/mux`;
let core: DaemonCore;
let lock: GenerationLock;
let mux: Mux;
let server: Server;
let door: Door = { kind: 'socket' };

beforeAll(async () => {
  await files.ensureFolders([home.root, home.projects, home.changes]);
  lock = await takeHomeLock({ files, home, clock: systemClock, processes: systemProcesses() });
  core = await DaemonCore.open({ files, home, lock, version: '0.0.0', log: () => undefined });
  mux = new Mux(core);
  server = createServer();
  server.on('upgrade', (request, connection, head) => mux.upgrade(request, connection, head, door));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});

afterAll(async () => {
  mux.close();
  await new Promise((resolve) => server.close(resolve));
  await core.close();
  await lock.release();
  rmSync(root, { recursive: true, force: true });
});

async function tell(project: string, count: number): Promise<void> {
  const data = { text: 'x'.repeat(CHANGE_CHARS) };
  const change = { type: 'project_updated', project, system: null, atMs: 0, data } as const;
  for (let n = 0; n < count; n += 1) await core.feed.append({ source: null, changes: [change] });
}

it('a client that takes nothing is cut off, and another one gets everything meanwhile', async () => {
  mux = new Mux(core, { slowMs: SLOW_MS });
  const [slow, quick] = [await MuxClient.open(address), await MuxClient.open(address)];
  const feed = { id: 'feed', do: 'open', channel: { kind: 'changes', after: core.feed.head } };
  const from = core.feed.head;
  for (const client of [slow, quick]) client.say(feed);
  await until('both', () => [slow, quick].every((client) => client.told('feed', 'opened').length === 1));
  slow.socket.pause();
  await tell('widget', CHANGES);
  await until('all of it', () => quick.told('feed', 'change').length === CHANGES);
  expect(quick.told('feed', 'change').map(({ cursor }) => cursor)).toEqual(
    Array.from({ length: CHANGES }, (_, index) => from + index + 1),
  );
  await until('the slow one to be cut off', () => core.streams.size === 1);
  expect(quick.socket.readyState).toBe(quick.socket.OPEN);
  slow.end();
  quick.end();
  await until('both to be forgotten', () => core.streams.size === 0);
});

it('between two messages of one channel every other one has its turn', async () => {
  const client = await MuxClient.open(address);
  const after = core.feed.head;
  await tell('first', 300);
  await tell('second', 20);
  // The one has 300 long messages to tell; the other, which begins later, 20.
  client.say({ id: 'many', do: 'open', channel: { kind: 'changes', after, project: 'first' } });
  client.say({ id: 'few', do: 'open', channel: { kind: 'changes', after, project: 'second' } });
  await until('both', () => client.told('many', 'change').length === 300 && client.told('few', 'change').length === 20);
  const turns = client.messages.filter(({ type }) => type === 'change').map(({ id }) => id);
  expect(turns.lastIndexOf('few') - turns.indexOf('few')).toBeLessThanOrEqual(2 * 20);
  client.end();
});

it('a message that is longer than a frame may be comes in several, and whole', async () => {
  const client = await MuxClient.open(address);
  client.say({ id: 'feed', do: 'open', channel: { kind: 'changes', after: core.feed.head } });
  await until('it', () => client.told('feed', 'opened').length === 1);
  const text = 'é'.repeat(300_000);
  const change = { type: 'project_updated', project: 'long', system: null, atMs: 0, data: { text } } as const;
  await core.feed.append({ source: null, changes: [change] });
  await until('it', () => client.told('feed', 'change').length === 1);
  expect(client.told('feed', 'change')[0]?.change.data.text).toBe(text);
  client.end();
});

it('a client that answers no ping is cut off, one that answers is not', async () => {
  mux = new Mux(core, { pingMs: PING_MS });
  const [mute, alive] = [await MuxClient.open(address, { autoPong: false }), await MuxClient.open(address)];
  expect(await mute.closed).toBe(1006);
  expect(alive.socket.readyState).toBe(alive.socket.OPEN);
  alive.end();
});

it('whoever has shown a token that was replaced is let go, and told so; the socket needs none, and who came by it stays', async () => {
  const token = await ensureToken(files, home);
  const onSocket = await MuxClient.open(address);
  door = { kind: 'tcp', port: 80 };
  const onTcp = await MuxClient.open(address, { headers: { Host: '127.0.0.1:80', Authorization: `Bearer ${token}` } });
  mux.revoke();
  expect(await onTcp.closed).toBe(4401);
  onSocket.say({ id: 'feed', do: 'open', channel: { kind: 'changes', after: core.feed.head } });
  await until('its answer', () => onSocket.told('feed', 'opened').length === 1);
  onSocket.end();
});
