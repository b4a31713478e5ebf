import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { CLOSE_CODES } from '../../src/inspector/wire/page-api.ts';
import { HostBench } from './host-kit.ts';
import type { Told } from './registry-kit.ts';

const [SHOP_RUN, API_RUN] = ['run_S-1_aaaaaaaaaaaa', 'run_A-1_bbbbbbbbbbbb'];
const REST_MS = 150;

let bench: HostBench;
beforeEach(async () => {
  bench = new HostBench(undefined, REST_MS);
  bench.run('shop', SHOP_RUN, 4);
  bench.run('api', API_RUN, 1_000);
  await bench.listen();
});
afterEach(() => bench.close());

const isRuns = ({ type }: Told): boolean => type === 'runs';
const PROJECTS = ['shop', 'api'].map((id) => ({ id, name: `The ${id}`, state: 'ready', reason: null }));

/** The status of a handshake, `open` where it succeeds. */
async function handshake(path: string, headers: Record<string, string> = {}): Promise<number | 'open' | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${bench.port}${path}`, { headers });
  socket.on('error', () => undefined);
  const answer = await Promise.race([
    once(socket, 'open').then(() => 'open' as const),
    once(socket, 'unexpected-response').then(([, response]) => (response as IncomingMessage).statusCode),
  ]);
  socket.terminate();
  return answer;
}

async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number | undefined> {
  const asked = request({
    host: '127.0.0.1',
    port: bench.port,
    path,
    method,
    headers,
    setHost: headers.host === undefined,
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe('a page of several projects', () => {
  it('is sent the project that it names, and of no other one anything', async () => {
    const [shop, api] = await Promise.all([bench.client('&project=shop'), bench.client('&project=api')]);
    expect((await shop.until(isRuns)).runs).toMatchObject([{ runId: SHOP_RUN }]);
    expect((await api.until(isRuns)).runs).toMatchObject([{ runId: API_RUN }]);
    expect(shop.told[0]).toMatchObject({ type: 'hello', project: 'shop', projects: PROJECTS });
    api.say({ type: 'watch', runId: SHOP_RUN, fromSeq: 1 });
    shop.say({ type: 'watch', runId: SHOP_RUN, fromSeq: 1 });
    await shop.until(({ type }) => type === 'files');
    api.say({ type: 'watch', runId: API_RUN, fromSeq: 1 });
    await api.until((message) => message.type === 'files' && message.runId === API_RUN);
    expect(shop.records(SHOP_RUN)).toHaveLength(4);
    expect(api.records(SHOP_RUN)).toEqual([]);
  });

  it('is sent what there is to choose from and how the runs stand while it names none, or one that there is not', async () => {
    const clients = await Promise.all([bench.client(''), bench.client('&project=gone')]);
    for (const client of clients) {
      await client.until((message) => message.type === 'counts' && Object(Object(message.projects).api).terminal === 1);
      expect(client.told[0]).toMatchObject({ type: 'hello', project: null, registry: null, projects: PROJECTS });
      expect(client.told.find(isRuns)).toBeUndefined();
    }
    const [client] = clients;
    bench.run('shop', 'run_S-2_cccccccccccc', 4);
    // Nobody drives them: both need somebody who does.
    await client?.until((message) => message.type === 'counts' && Object(Object(message.projects).shop).blocked === 2);
  });

  it('is sent the only project that there is without naming it, and what there is to choose from when that changes', async () => {
    bench.projects.remove('api');
    const client = await bench.client('');
    expect((await client.until(isRuns)).runs).toMatchObject([{ runId: SHOP_RUN }]);
    expect(client.told[0]).toMatchObject({ project: 'shop', projects: [PROJECTS[0]] });
    bench.ready('api');
    expect((await client.until(({ type }) => type === 'projects')).projects).toEqual(PROJECTS);
  });

  it('learns why a project cannot be looked at, and connects again once it can; the other one is shown all the while', async () => {
    bench.degraded('shop', 'its folder has moved');
    const [shop, api] = await Promise.all([bench.client('&project=shop'), bench.client('&project=api')]);
    expect((await shop.until(isRuns)).runs).toEqual([]);
    expect(shop.told[0]).toMatchObject({ project: 'shop' });
    expect(Object(shop.told[0]?.projects)[0]).toMatchObject({ state: 'degraded', reason: 'its folder has moved' });
    expect((await api.until(isRuns)).runs).toMatchObject([{ runId: API_RUN }]);
    bench.ready('shop');
    expect(await shop.closed).toBe(CLOSE_CODES.moved);
    expect(api.socket.readyState).toBe(WebSocket.OPEN);
    expect((await (await bench.client('&project=shop')).until(isRuns)).runs).toMatchObject([{ runId: SHOP_RUN }]);
  });

  it('is let go when its project is removed', async () => {
    const shop = await bench.client('&project=shop');
    await shop.until(isRuns);
    bench.projects.remove('shop');
    expect(await shop.closed).toBe(CLOSE_CODES.moved);
  });

  it('is still told of its registry when that could not be read for a while', async () => {
    const shop = await bench.client('&project=shop');
    await shop.until(({ type }) => type === 'liveness');
    bench.failure = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    shop.say({ type: 'watch', runId: SHOP_RUN, fromSeq: 1 });
    await shop.until(({ type, driver }) => type === 'liveness' && Object(driver).kind === 'unknown');
    bench.failure = null;
    await shop.until(({ type }) => type === 'records');
    await vi.waitFor(
      () => expect(shop.told.findLast(({ type }) => type === 'liveness')?.driver).toEqual({ kind: 'none' }),
      {
        timeout: 5_000,
      },
    );
  });
});

describe('a client of the Stately protocol', () => {
  it('is sent the runs of the project that it names, and is refused without one where there are several', async () => {
    const client = await bench.client('&project=api', '/inspect');
    await client.until(
      ({ sessionId, snapshot }) => sessionId === API_RUN && Object(snapshot).value === 'readyForManualReview',
    );
    expect(client.told.every(({ rootId }) => rootId === API_RUN)).toBe(true);
    expect(await handshake(`/inspect?token=${bench.token}`)).toBe(404);
    bench.degraded('shop', 'gone');
    const shop = await bench.client('&project=shop', '/inspect');
    expect(await shop.closed).toBe(1011);
  });
});

describe('what is watched', () => {
  it('is a project that somebody looks at, once for all who do, and a while longer', async () => {
    expect(bench.watched).toBe(0);
    const first = await bench.client('&project=shop');
    await first.until(isRuns);
    const ofOne = bench.watched;
    expect(ofOne).toBe(2);
    const second = await bench.client('&project=shop');
    await second.until(isRuns);
    expect(bench.watched).toBe(ofOne);
    first.socket.close();
    second.socket.close();
    await Promise.all([first.closed, second.closed]);
    const third = await bench.client('&project=shop');
    const other = await bench.client('&project=api');
    expect(bench.watched).toBe(2 * ofOne);
    other.socket.close();
    // What was left later has been given up: what is looked at has not.
    await vi.waitFor(() => expect(bench.watched).toBe(ofOne));
    third.socket.close();
    await vi.waitFor(() => expect(bench.watched).toBe(0));
  });

  it('is every project while somebody chooses among them, and then the chosen one alone', async () => {
    const chooser = await bench.client('');
    await chooser.until(({ type }) => type === 'counts');
    expect(bench.watched).toBe(4);
    const shop = await bench.client('&project=shop');
    chooser.socket.close();
    await vi.waitFor(() => expect(bench.watched).toBe(2));
    expect(shop.socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('a server that takes the page in', () => {
  it('answers what is its own, whatever the method', async () => {
    expect([
      await ask('/'),
      await ask('/api/v1'),
      await ask('/api/v1/runs', {}, 'POST'),
      await ask('/x', {}, 'DELETE'),
    ]).toEqual([200, 418, 418, 418]);
    expect(await ask('/', {}, 'POST')).toBe(405);
    expect(await handshake('/mux')).toBe(418);
  });

  it('has the page refuse another site and another name for this machine, for every project', async () => {
    const own = `127.0.0.1:${bench.port}`;
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { host: 'evil.example' },
      { host: `evil.example:${bench.port}` },
    ];
    for (const headers of foreign as Record<string, string>[]) {
      for (const path of ['/', '/session']) expect(await ask(path, headers)).toBe(403);
      for (const project of ['', '&project=shop', '&project=api'])
        for (const path of ['/ws', '/inspect'])
          expect(await handshake(`${path}?token=${bench.token}${project}`, headers), `${path}${project}`).toBe(403);
    }
    expect(await handshake(`/ws?token=${bench.token}`, { origin: `http://${own}` })).toBe('open');
  });

  it('lets go whoever has shown a token that was replaced, and says so to a page that asks', async () => {
    const clients = await Promise.all([
      bench.client(''),
      bench.client('&project=shop'),
      bench.client('&project=api', '/inspect'),
    ]);
    const old = { authorization: `Bearer ${bench.token}` };
    expect(await ask('/session', old)).toBe(204);
    bench.token = 'second-token';
    bench.host.revoke();
    expect(await Promise.all(clients.map(({ closed }) => closed))).toEqual(Array(3).fill(CLOSE_CODES.tokenUnknown));
    expect(await ask('/session', old)).toBe(401);
    expect(await ask('/session', { authorization: 'Bearer second-token' })).toBe(204);
    expect(await handshake('/ws?token=first-token')).toBe(401);
    expect(await handshake('/ws?token=second-token')).toBe('open');
  });
});
