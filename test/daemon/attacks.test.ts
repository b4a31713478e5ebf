/** What attackers and broken clients get, and that the others do not notice. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { readDaemonFile } from '../../src/store/home/daemon-file.ts';
import { readToken, rotateToken } from '../../src/store/home/token-file.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { ask, codeOf, type RawAnswer } from './contract-kit.ts';
import { DaemonPlace, Follower } from './daemon-kit.ts';

const QUICK_MS = 10_000;
const place = new DaemonPlace();
const scenario = new Scenario('widget');
const sockets = new Set<Socket>();
let disk: string | null = null;

beforeAll(async () => {
  scenario.scripted({});
  disk = smallDisk(scenario.registry);
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path } });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  const beganMs = performance.now();
  expect(await place.client.call('getHealth')).toEqual({ status: 'ok' });
  expect(performance.now() - beganMs).toBeLessThan(QUICK_MS);
});

afterAll(async () => {
  await place.end();
  if (disk !== null) execFileSync('umount', ['--lazy', disk]);
  await scenario.end();
});

/** A disk of 4 MB at that path; null where this user may not mount one. */
function smallDisk(path: string): string | null {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path], { stdio: 'ignore' });
    return path;
  } catch {
    return null; // Only root mounts, and not in every container: the test that needs it says so.
  }
}

const port = (): number => readDaemonFile(place.files, place.home)?.port ?? 0;
const token = (): string => readToken(place.files, place.home) ?? '';

/** A connection that has sent `text` and goes on as it is told. */
function open(door: 'socket' | 'tcp', text = ''): { readonly socket: Socket; readonly said: Promise<string> } {
  const socket = door === 'socket' ? connect(place.socket) : connect(port(), '127.0.0.1');
  sockets.add(socket);
  let heard = '';
  socket.on('error', () => socket.destroy());
  const said = new Promise<string>((resolve) => socket.once('close', () => resolve(heard)));
  socket.on('data', (bytes) => {
    heard += bytes.toString('latin1');
  });
  if (text !== '') socket.write(text);
  return { socket, said };
}

const connected = ({ socket }: { readonly socket: Socket }): Promise<void> =>
  new Promise((resolve) => {
    if (!socket.connecting) resolve();
    else for (const event of ['connect', 'close']) socket.once(event, () => resolve());
  });

const head = (method: string, path: string, ...more: readonly string[]): string =>
  [`${method} ${path} HTTP/1.1`, 'Host: pawl', ...more, '', ''].join('\r\n');

it('a thousand connections that send nothing keep nobody out', async () => {
  for (const door of ['socket', 'tcp'] as const)
    await Promise.all(Array.from({ length: 1_000 }, () => connected(open(door))));
  for (const door of ['socket', 'tcp'] as const)
    expect((await ask(place, { door, path: '/healthz' })).status).toBe(200);
});

it('a thousand requests that never end keep nobody out', async () => {
  const endless = `${head('POST', '/api/v1/projects', 'Content-Type: application/json', 'Idempotency-Key: k', 'Content-Length: 1000')}{`;
  for (const text of ['GET /healthz HTTP/1.1\r\nHost: pawl\r\nX-Slow: ', endless]) {
    await Promise.all(Array.from({ length: 1_000 }, () => connected(open('socket', text))));
    expect((await ask(place, { path: '/healthz' })).status).toBe(200);
  }
});

it('headers that come byte by byte are cut off in time, with 408', async () => {
  const slow = open('socket', 'GET /healthz HTTP/1.1\r\nHost: pawl\r\n');
  const timer = setInterval(() => slow.socket.write('X'), 500);
  try {
    expect(await slow.said).toMatch(/^HTTP\/1\.1 408 .*"code":"REQUEST_TIMEOUT"/s);
  } finally {
    clearInterval(timer);
  }
});

it('what is no HTTP, and headers that are too long, are refused in JSON', async () => {
  for (const [text, status, code] of [
    ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400, 'REQUEST_INVALID'],
    ['hello\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['GET /healthz HTTP/9.9\r\n\r\n', 400, 'REQUEST_INVALID'],
    [head('POST', '/shutdown', 'Content-Length: 5', 'Transfer-Encoding: chunked'), 400, 'REQUEST_INVALID'],
    [head('GET', '/healthz', `X-Long: ${'x'.repeat(20_000)}`), 431, 'HEADERS_TOO_LARGE'],
    [head('GET', `/${'x'.repeat(20_000)}`), 431, 'HEADERS_TOO_LARGE'],
  ] as const) {
    const said = await open('socket', text).said;
    expect(said.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect(said).toContain(`"code":"${code}"`);
  }
});

it('a handshake at a path that has none, and requests to other hosts in the first line, are refused', async () => {
  const handshake = head(
    'GET',
    '/nothing',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: eA==',
  );
  expect(await open('socket', handshake).said).toMatch(/^HTTP\/1\.1 404/);
  for (const text of [head('GET', 'http://evil.example/healthz', 'Connection: close'), 'GET /healthz HTTP/1.0\r\n\r\n'])
    expect(await open('tcp', text).said).toMatch(/^HTTP\/1\.1 40[03]/);
});

it('of 300 streams those that are too many are told so, and when they end there is room again', async () => {
  const path = '/api/v1/events?after=0';
  const request = head('GET', path);
  const streams = Array.from({ length: 300 }, () => open('socket', request));
  const heads = await Promise.all(
    streams.map(
      ({ socket }) => new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(String(bytes)))),
    ),
  );
  const refused = heads.filter((text) => text.startsWith('HTTP/1.1 503'));
  expect([refused.length, heads.filter((text) => text.startsWith('HTTP/1.1 200')).length]).toEqual([44, 256]);
  for (const text of refused) expect(text).toMatch(/retry-after: 5\r\n.*"code":"TOO_MANY_CLIENTS"/is);
  for (const { socket } of streams) socket.destroy();
  await place.until('room for a stream', async () => (await ask(place, { path })).status === 200);
});

it('a stream that nobody reads costs another one nothing', async () => {
  const deaf = Array.from({ length: 20 }, () => {
    const stream = open('socket', head('GET', '/api/v1/events?after=0'));
    stream.socket.pause();
    return stream;
  });
  await Promise.all(deaf.map(connected));
  const follower = new Follower(place.client);
  const packets = ['a', 'b', 'c'].map((id) => packetOf(id));
  scenario.packets(...packets);
  await place.client.call('addRuns', { body: { packets } });
  await place.until('the runs to end', async () => {
    const { runs } = await place.client.call('listRuns', { query: { kind: 'terminal' } });
    return runs.length === packets.length;
  });
  const { cursor } = await place.client.call('getApi');
  const beganMs = performance.now();
  await place.until('the follower to see all', () => (follower.changes.at(-1)?.seq ?? 0) >= cursor);
  expect(performance.now() - beganMs).toBeLessThan(QUICK_MS);
  await follower.end();
  expect(follower.faults).toEqual([]);
});

it('a page of another origin gets nothing, and no permission either', async () => {
  for (const method of ['GET', 'POST', 'OPTIONS']) {
    const answer = await ask(place, {
      ...{ door: 'tcp', method, path: '/api/v1/runs' },
      headers: {
        Origin: 'https://evil.example',
        'Sec-Fetch-Site': 'cross-site',
        'Access-Control-Request-Method': 'POST',
      },
    });
    expect([method, answer.status, codeOf(answer)]).toEqual([method, 403, 'ORIGIN_FORBIDDEN']);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

it('who has shown a token that was replaced is let go, and the new one counts at once', async () => {
  const old = token();
  const stream = open(
    'tcp',
    head('GET', '/api/v1/events').replace('Host: pawl', `Host: 127.0.0.1:${port()}\r\nAuthorization: Bearer ${old}`),
  );
  await place.until('the stream', async () =>
    /^pawl_streams [1-9]/m.test((await ask(place, { path: '/metrics' })).text),
  );
  await rotateToken(place.files, place.home);
  expect(await stream.said).toMatch(/^HTTP\/1\.1 200/);
  expect((await ask(place, { door: 'tcp', path: '/healthz' })).status).toBe(200);
  const late = await ask(place, { door: 'tcp', path: '/healthz', headers: { Authorization: `Bearer ${old}` } });
  expect(codeOf(late)).toBe('UNAUTHORIZED');
});

it('a full disk refuses a command with 507, and the same command is carried out once there is room', async (context) => {
  if (disk === null) return context.skip('this user may not mount a small disk');
  const filler = join(disk, 'filler');
  const body = { packets: [packetOf('full')] };
  scenario.packets(...body.packets);
  const command = (): Promise<RawAnswer> =>
    ask(place, {
      ...{ method: 'POST', path: '/api/v1/runs', body: JSON.stringify(body) },
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': 'when-full' },
    });
  expect(() => writeFileSync(filler, Buffer.alloc(8 * 1024 * 1024))).toThrow(/ENOSPC/);
  const refused = await command();
  expect([refused.status, codeOf(refused)]).toEqual([507, 'PAWL_STORE_FULL']);
  expect(place.said).toContain(String(refused.headers['x-request-id']));
  expect((await ask(place, { path: '/healthz' })).status).toBe(200);
  rmSync(filler);
  let taken = await command();
  await place.until('the command to be taken', async () => {
    if (taken.status === 201) return true;
    taken = await command();
    return taken.status === 201;
  });
  await place.until('the run to end', async () => {
    const { runs } = await place.client.call('listRuns', { query: { kind: 'terminal' } });
    return runs.some(({ taskId }) => taskId === 'full');
  });
  const { runs } = await place.client.call('listRuns');
  expect(runs.filter(({ taskId }) => taskId === 'full')).toHaveLength(1);
});
