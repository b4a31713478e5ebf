import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Hub } from '../../src/inspector/hub/hub.ts';
import { HUB_BOUNDS } from '../../src/inspector/hub/hub-bounds.ts';
import { PacedSocket } from '../../src/inspector/hub/paced-socket.ts';
import { CLOSE_CODES } from '../../src/inspector/wire/page-api.ts';
import { HubClient, InspectorBench } from './registry-kit.ts';

const bench = new InspectorBench();
let hub: Hub;
beforeAll(async () => {
  bench.run('run_T-1_aaaaaaaaaaaa', 3);
  symlinkSync(join(bench.folder, 'outside.js'), join(bench.page, 'link.js'));
  writeFileSync(join(bench.page, 'secret.txt'), 'of no type that is served');
  hub = await bench.hub();
});
afterAll(() => bench.close());

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly host?: string;
}

/** The answer to a plain HTTP request, its path sent as it is. */
async function ask({ path = '/', method = 'GET', headers = {}, host = '127.0.0.1' }: Asked) {
  const asked = request({ host, port: hub.port, path, method, headers, setHost: headers.host === undefined });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

/** The status with which a handshake is refused; `open` when it is not. */
async function handshake(path: string, headers: Record<string, string> = {}): Promise<number | 'open' | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${hub.port}${path}`, { headers });
  // An open socket that is ended early tells an error as well.
  socket.on('error', () => undefined);
  const answer = await Promise.race([
    once(socket, 'open').then(() => 'open' as const),
    once(socket, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode),
  ]);
  socket.terminate();
  return answer;
}

const withToken = (path: string): string => `${path}?token=${hub.token}`;

describe('what is not ours is refused', () => {
  it('a socket without the token, or with another one', async () => {
    const other = `${hub.token.slice(0, -1)}${hub.token.endsWith('A') ? 'B' : 'A'}`;
    for (const path of ['/ws', '/inspect', '/ws?token=', `/ws?token=${other}`, `/inspect?token=${hub.token}x`]) {
      expect(await handshake(path), path).toBe(401);
    }
    expect(await handshake(withToken('/ws'))).toBe('open');
    expect(await handshake(withToken('/inspect'))).toBe('open');
  });

  it('a socket and a request of another site, by its Origin', async () => {
    for (const origin of [
      'https://evil.example',
      'null',
      `http://127.0.0.1:${hub.port + 1}`,
      `https://127.0.0.1:${hub.port}`,
    ]) {
      expect(await handshake(withToken('/ws'), { origin }), origin).toBe(403);
      expect(await handshake(withToken('/inspect'), { origin }), origin).toBe(403);
      expect((await ask({ headers: { origin } })).status, origin).toBe(403);
    }
    expect(await handshake(withToken('/ws'), { origin: `http://localhost:${hub.port}` })).toBe('open');
  });

  it('a name that somebody has made to lead here, by Host', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${hub.port}`,
      '127.0.0.1',
      `127.0.0.1:${hub.port + 1}`,
      `0.0.0.0:${hub.port}`,
    ]) {
      expect((await ask({ headers: { host } })).status, host).toBe(403);
      expect(await handshake(withToken('/ws'), { host }), host).toBe(403);
    }
    expect((await ask({ headers: { host: `LOCALHOST:${hub.port}` } })).status).toBe(200);
  });

  it('every method but GET and HEAD', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
      expect((await ask({ method })).status, method).toBe(405);
    }
    expect(await ask({ method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it('a path that leads out of the page, in whatever spelling', async () => {
    for (const path of [
      '/../outside.js',
      '/..%2foutside.js',
      '/%2e%2e/outside.js',
      '//outside.js',
      '/a/../../outside.js',
      '/..\\outside.js',
      '/%00',
      'http://evil.example/',
    ]) {
      const { status, body } = await ask({ path });
      expect([400, 404], path).toContain(status);
      expect(body).not.toContain('secret');
    }
    for (const path of ['/link.js', '/secret.txt', '/outside.js', '/stately']) {
      expect((await ask({ path })).status, path).toBe(404);
    }
  });

  it('what does not know the token when a page asks for its session', async () => {
    expect((await ask({ path: '/session' })).status).toBe(401);
    expect((await ask({ path: '/session', headers: { authorization: 'Bearer x' } })).status).toBe(401);
    expect((await ask({ path: '/session', headers: { authorization: `Bearer ${hub.token}` } })).status).toBe(204);
  });
});

describe('the hub', () => {
  it('hangs up on who is refused and stays, and ends although somebody stays', async () => {
    const own = await bench.hub();
    const handshakeOf = (path: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${own.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    const holder = connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true });
    holder.on('error', () => undefined).resume();
    holder.write(handshakeOf('/ws?token=wrong'));
    await once(holder, 'end');
    // Only a write tells a half-open end that the other one is gone.
    await vi.waitFor(
      () => {
        if (!holder.destroyed) holder.write('x');
        expect(holder.destroyed).toBe(true);
      },
      { timeout: 4 * HUB_BOUNDS.refusalMs },
    );
    const idle = connect({ port: own.port, host: '127.0.0.1', allowHalfOpen: true });
    idle.on('error', () => undefined).resume();
    await once(idle, 'connect');
    await own.close();
    idle.destroy();
  });

  it('lets no browser sniff, keep, frame or send on what it serves', async () => {
    const { headers } = await ask({});
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
  });

  it('listens on this machine for itself alone', async () => {
    const outward = Object.values(networkInterfaces()).flatMap((list = []) => list.filter(({ internal }) => !internal));
    for (const { address } of outward.filter(({ family }) => family === 'IPv4')) {
      const socket = connect(hub.port, address);
      const [error] = await once(socket, 'error');
      expect((error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
    }
    const hasSix = Object.values(networkInterfaces()).some((list = []) =>
      list.some(({ address }) => address === '::1'),
    );
    if (hasSix) expect((await ask({ host: '::1' })).status).toBe(200);
    expect(hub.url).toBe(`http://127.0.0.1:${hub.port}/#token=${hub.token}`);
    expect(Buffer.from(hub.token, 'base64url')).toHaveLength(16);
  });

  it('goes by the token that its caller holds at that moment, and lets nobody in while that cannot be read', async () => {
    let read = (): string => 'first';
    const own = await bench.hub({ token: { read: () => read() } });
    const opens = async (token: string): Promise<unknown> => {
      const client = new HubClient(`ws://127.0.0.1:${own.port}/ws?token=${token}`);
      return await client.opened.then(
        () => client.socket.terminate() ?? 'open',
        (error) => error.message,
      );
    };
    expect([await opens('first'), await opens('second')]).toEqual(['open', expect.stringContaining('401')]);
    read = () => 'second';
    expect([await opens('first'), await opens('second')]).toEqual([expect.stringContaining('401'), 'open']);
    read = () => {
      throw Object.assign(new Error('not there'), { code: 'ENOENT' });
    };
    expect([await opens('second'), await opens('')]).toEqual(Array(2).fill(expect.stringContaining('401')));
  });

  it('ends a conversation in which it receives too much, or what it does not understand', async () => {
    for (const text of [
      'x'.repeat(HUB_BOUNDS.requestBytes + 1),
      '{',
      '{"type":"watch"}',
      '{"type":"tail","runId":"../x","taskId":"a","isOn":true}',
    ]) {
      const client = await bench.client(hub);
      client.socket.send(text);
      expect([CLOSE_CODES.malformed, 1009], text.slice(0, 20)).toContain(await client.closed);
    }
    const client = await bench.client(hub);
    await client.until(({ type }) => type === 'runs');
  });

  it('rejects nobody because of idle connections that have not shown the token', async () => {
    const own = await bench.hub();
    const early = await bench.client(own);
    const idle = Array.from({ length: HUB_BOUNDS.connections + 5 }, () => connect(own.port, '127.0.0.1'));
    try {
      for (const socket of idle) socket.on('error', () => undefined);
      await Promise.all(idle.map((socket) => once(socket, 'connect')));
      const late = await bench.client(own);
      await late.until(({ type }) => type === 'runs');
      expect(early.socket.readyState).toBe(WebSocket.OPEN);
    } finally {
      for (const socket of idle) socket.destroy();
    }
  });

  it('takes a bounded number of clients', async () => {
    const crowded = await bench.hub();
    const url = `ws://127.0.0.1:${crowded.port}/ws?token=${crowded.token}`;
    const clients = Array.from({ length: HUB_BOUNDS.clients }, () => new HubClient(url));
    await Promise.all(clients.map(({ opened }) => opened));
    await expect(new HubClient(url).opened).rejects.toThrow('503');
    clients[0]?.socket.close();
    await clients[0]?.closed;
    await vi.waitFor(async () => {
      const late = new HubClient(url);
      clients.push(late);
      await late.opened;
    });
    for (const { socket } of clients) socket.terminate();
  });
});

describe('a client that takes nothing', () => {
  afterEach(() => vi.useRealTimers());

  it('is told so and disconnected after a while, and nothing more is sent to it before that', async () => {
    vi.useFakeTimers();
    const calls: string[] = [];
    let taken: () => void = () => undefined;
    const socket = {
      OPEN: 1,
      readyState: 1,
      on: () => undefined,
      send: (_text: string, done: () => void) => {
        taken = done;
        calls.push('send');
      },
      close: (code: number) => {
        calls.push(`close ${code}`);
        taken();
      },
    };
    const paced = new PacedSocket(socket as object as WebSocket);
    const sent = paced.send({});
    vi.advanceTimersByTime(HUB_BOUNDS.slowMs - 1);
    expect(calls).toEqual(['send']);
    vi.advanceTimersByTime(1);
    await sent;
    expect(calls).toEqual(['send', `close ${CLOSE_CODES.slow}`]);
  });
});
