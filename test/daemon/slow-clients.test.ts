/** Clients that take nothing, send slowly, or have gone without a word: each is cut off within its bound, and costs the others nothing. */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { DAEMON_BOUNDS } from '../../src/daemon/daemon-bounds.ts';
import { until } from '../support/pawl-cli.ts';
import { ask } from './contract-kit.ts';
import { StandingDaemon, TOKEN } from './standing-daemon.ts';

const PATIENCE = {
  slowMs: 600,
  heartbeatMs: 200,
  headersMs: 500,
  requestMs: 1_000,
  lookForLateMs: 100,
  idleMs: 500,
  silentMs: 1_500,
};
/** Beyond a bound: how often it is looked, and what a machine that is busy takes. */
const LATE_MS = 8_000;
/** Whoever is not cut off by then never is. */
const CUT_MS = 10_000;
const CHANGES = 400;
const CHANGE_CHARS = 20_000;

const daemon = new StandingDaemon(PATIENCE);
const sockets: Socket[] = [];

beforeAll(() => daemon.open());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await until('every connection to be forgotten', () => daemon.connections.size + daemon.streams.size === 0);
  expect((await ask(daemon, { path: '/healthz' })).status).toBe(200);
});
afterAll(() => daemon.close());

/** A connection that has sent `text`; `closed` resolves to how long it was open, in milliseconds. */
function open(text: string, { door = 'socket', isDeaf = false, allowHalfOpen = false } = {}) {
  const beganMs = performance.now();
  const to = door === 'socket' ? { path: daemon.socket } : { host: '127.0.0.1', port: daemon.port };
  const socket = connect({ ...to, allowHalfOpen });
  sockets.push(socket);
  const heard = { text: '' };
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(performance.now() - beganMs)));
  socket.on('error', () => socket.destroy());
  if (isDeaf) socket.pause();
  else
    socket.on('data', (bytes) => {
      heard.text += bytes.toString('latin1');
    });
  socket.write(text);
  return { socket, heard, closed };
}

function head(method: string, path: string, ...more: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: pawl', ...more, '', ''].join('\r\n');
}

const FEED = head('GET', '/api/v1/events');
const onTcp = (text: string) =>
  text.replace('Host: pawl', `Host: 127.0.0.1:${daemon.port}\r\nAuthorization: Bearer ${TOKEN}`);
const streams = (count: number) => until(`${count} streams`, () => daemon.streams.size === count);
const countIn = ({ heard }: ReturnType<typeof open>): number => heard.text.match(/^id: /gm)?.length ?? 0;

async function tell(count: number): Promise<void> {
  const data = { text: 'x'.repeat(CHANGE_CHARS) };
  const change = { type: 'project_updated', project: 'p', system: null, atMs: 0, data } as const;
  for (let n = 0; n < count; n += 1) await daemon.feed.append({ source: null, changes: [change] });
}

/** How long it takes until the daemon has cut the connection, of which a client that reads nothing learns nothing. */
async function cutAfter(connections = 0): Promise<number> {
  const beganMs = performance.now();
  await until('it to be cut off', () => daemon.connections.size === connections, CUT_MS);
  return performance.now() - beganMs;
}

it('one that takes nothing of a stream is cut off in time, and another one has everything meanwhile', async () => {
  const deaf = open(FEED, { isDeaf: true });
  const other = open(FEED);
  await streams(2);
  await tell(CHANGES);
  await until('the other one to have all', () => countIn(other) === CHANGES);
  expect(await cutAfter(1)).toBeLessThan(PATIENCE.slowMs + LATE_MS);
  expect(deaf.socket.bytesRead).toBe(0);
  expect(daemon.streams.size).toBe(1);
});

it('one that takes a little again and again stays, however far it is behind', async () => {
  const slow = open(FEED, { isDeaf: true });
  await streams(1);
  const taking = setInterval(() => slow.socket.read(8_192), 10);
  try {
    await tell(CHANGES);
    await pause(3 * PATIENCE.slowMs);
    expect(daemon.streams.size).toBe(1);
    expect(slow.socket.bytesRead).toBeLessThan(CHANGES * CHANGE_CHARS);
  } finally {
    clearInterval(taking);
  }
});

it('one that has nothing to take but comments stays', async () => {
  const idle = open(FEED);
  await streams(1);
  await pause(3 * PATIENCE.slowMs);
  expect(daemon.streams.size).toBe(1);
  expect(idle.heard.text.match(/^: $/gm)?.length).toBeGreaterThan(3);
  expect(DAEMON_BOUNDS.heartbeatMs).toBeLessThan(DAEMON_BOUNDS.slowMs);
});

it('one that takes nothing is cut off also when its stream has ended', async () => {
  open(onTcp(FEED), { door: 'tcp', isDeaf: true });
  await streams(1);
  const telling = tell(CHANGES);
  // At once: a busy machine may take longer to tell all of it than the client has.
  await until('more than it can be sent', () =>
    [...daemon.connections].some(({ writableLength }) => writableLength > 0),
  );
  daemon.streams.revoke();
  expect([daemon.streams.size, daemon.connections.size]).toEqual([0, 1]);
  expect(await cutAfter()).toBeLessThan(PATIENCE.slowMs + LATE_MS);
  await telling;
});

it('with a new token those who have shown the old one are let go; the socket needs none, and who came by it stays', async () => {
  const [known, local] = [open(onTcp(FEED), { door: 'tcp' }), open(FEED)];
  await streams(2);
  daemon.streams.revoke();
  await known.closed;
  expect(known.heard.text).toMatch(/^HTTP\/1\.1 200/);
  expect(daemon.streams.size).toBe(1);
  await tell(1);
  await until('the change', () => countIn(local) === 1);
});

it('one that takes none of its answers is cut off', async () => {
  open(head('GET', '/api/v1/openapi.json').repeat(20), { isDeaf: true });
  await until('it to be answered', () => daemon.connections.size === 1);
  expect(await cutAfter()).toBeLessThan(PATIENCE.silentMs + LATE_MS);
});

it('a body that comes byte by byte is taken if it is whole in time, and refused with 408 if not', async () => {
  const body = '{"path": "/nowhere"}';
  const to = (bytes: number) =>
    head(
      'POST',
      '/api/v1/projects',
      'Content-Type: application/json',
      'Idempotency-Key: k',
      `Content-Length: ${bytes}`,
    );
  const [brisk, slow] = [open(to(body.length)), open(to(10_000))];
  for (const character of body) {
    brisk.socket.write(character);
    await pause(5);
  }
  await until('its answer', () => /"code":"PAWL_PROJECT_INVALID"/.test(brisk.heard.text));
  const timer = setInterval(() => slow.socket.write(' '), 50);
  try {
    expect(await slow.closed).toBeLessThan(PATIENCE.requestMs + LATE_MS);
  } finally {
    clearInterval(timer);
  }
  expect(slow.heard.text).toMatch(/^HTTP\/1\.1 408 .*"code":"REQUEST_TIMEOUT"/s);
});

it('one that has closed its side of the connection is not waited for, whatever it was about to do', async () => {
  const half = [FEED, head('GET', '/healthz'), 'GET /healthz HTTP/1.1\r\nHost: p', ''].map((text) => {
    const connection = open(text, { allowHalfOpen: true });
    connection.socket.end();
    return connection;
  });
  for (const { closed, socket } of half) {
    socket.once('end', () => socket.destroy());
    expect(await closed).toBeLessThan(LATE_MS);
  }
});
