/** `/mux`: channels of several runs on one socket of a real daemon. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TASK_FILES } from '../../src/model/request.ts';
import { readDaemonFile } from '../../src/store/home/daemon-file.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { DaemonPlace } from './daemon-kit.ts';
import { MuxClient } from './mux-client.ts';

const place = new DaemonPlace();
const scenario = new Scenario();
const clients: MuxClient[] = [];

const LINE = `${'é'.repeat(400)}\n`;
/** Prints for a while, in pieces that end in the middle of nothing in particular. */
const printing = (taskId: string) => ({
  implementation: [
    ...Array.from({ length: 12 }, () => [
      { do: 'print', text: LINE },
      { do: 'sleep', ms: 150 },
    ]).flat(),
    { do: 'flood', bytes: 600_000 },
    { do: 'write', path: `work-of/${taskId}/done.txt`, text: 'done\n' },
    { do: 'answer' },
  ],
});

beforeAll(async () => {
  scenario.scripted({ one: printing('one'), two: printing('two') });
  scenario.packets(packetOf('one'), packetOf('two'));
  await place.start();
  await place.client.call('addProject', { body: { path: scenario.path, id: 'widget' } });
});

afterAll(async () => {
  for (const client of clients) client.end();
  await place.end();
  await scenario.end();
});

const overSocket = (): string => `ws+unix:${place.socket}:/mux`;

async function connect(): Promise<MuxClient> {
  const client = await MuxClient.open(overSocket());
  clients.push(client);
  return client;
}

const TASK = 'implementation-e0-a1';
const isEnded = (client: MuxClient, id: string) => () => client.told(id, 'ended').length > 0;

it('the feed, two views and two outputs come over one socket, and continue from their cursors over a kill without gap or duplicate', async () => {
  const first = await connect();
  first.say({ id: 'feed', do: 'open', channel: { kind: 'changes', after: 0 } });
  const { runs } = await place.client.call('addRuns', {
    body: { project: 'widget', packets: [packetOf('one'), packetOf('two')] },
  });
  const ids = runs.map(({ runId }) => runId);
  const open = (client: MuxClient, from: (id: string) => number): void => {
    for (const run of ids) {
      client.say({ id: `view ${run}`, do: 'open', channel: { kind: 'run', run } });
      client.say({ id: `out ${run}`, do: 'open', channel: { kind: 'output', run, task: TASK, from: from(run) } });
    }
  };
  await place.until('both workers', () => scenario.starts().length >= 2);
  open(first, () => 0);
  await place.until('some output of both', () => ids.every((run) => first.told(`out ${run}`, 'output').length > 2));
  await place.kill();
  expect(await first.closed).toBe(1006);
  await place.start();
  const second = await connect();
  const after = first.told('feed', 'change').at(-1)?.cursor ?? 0;
  second.say({ id: 'feed', do: 'open', channel: { kind: 'changes', after } });
  open(second, (run) => first.told(`out ${run}`, 'output').at(-1)?.next ?? 0);
  for (const run of ids) {
    await place.until('its output to end', isEnded(second, `out ${run}`));
    await place.until(
      'its last view',
      () => second.told(`view ${run}`, 'run').at(-1)?.run.state === 'readyForManualReview',
    );
    const pieces = [...first.told(`out ${run}`, 'output'), ...second.told(`out ${run}`, 'output')];
    expect(pieces.map(({ from }) => from)).toEqual([0, ...pieces.slice(0, -1).map(({ next }) => next)]);
    const bytes = readFileSync(join(scenario.registry, 'runs', run, 'tasks', TASK, TASK_FILES.output));
    expect(pieces.map(({ text }) => text).join('')).toBe(bytes.toString('utf8'));
    // A view only ever goes on.
    const seqs = [...first.told(`view ${run}`, 'run'), ...second.told(`view ${run}`, 'run')].map(({ run }) => run.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(second.told(`view ${run}`, 'run').at(-1)?.run).toMatchObject({ runId: run, project: 'widget' });
  }
  const { cursor } = await place.client.call('getApi');
  await place.until('all changes', () => (second.told('feed', 'change').at(-1)?.cursor ?? 0) >= cursor);
  const seen = [...first.told('feed', 'change'), ...second.told('feed', 'change')].map(({ change }) => change.seq);
  expect(seen).toEqual(seen.map((_, index) => index + 1));
  expect(seen.length).toBeGreaterThanOrEqual(cursor);
  expect([...first.messages, ...second.messages].filter(({ type }) => type === 'resync')).toEqual([]);
  // Neither run is created again by the start that takes it over.
  const created = [...first.told('feed', 'change'), ...second.told('feed', 'change')].filter(
    ({ change }) => change.type === 'run_created',
  );
  expect(created.map(({ change }) => change.system).sort()).toEqual([...ids].sort());
});

describe('on a socket', () => {
  it('channels are filtered, closed and opened again; nothing of a closed one comes any more', async () => {
    const client = await connect();
    client.say({ id: 'a', do: 'open', channel: { kind: 'changes', after: 0, types: ['run_created'] }, new: 'ignored' });
    await place.until('both', () => client.told('a', 'change').length === 2);
    client.say({ id: 'a', do: 'close' });
    client.say({ id: 'none', do: 'close' });
    await place.until('both to be closed', () => client.told('none', 'closed').length === 1);
    expect(client.messages.at(-2)).toEqual({ id: 'a', type: 'closed' });
    client.say({ id: 'a', do: 'open', channel: { kind: 'changes' } });
    await place.until('it to be open again', () => client.told('a', 'opened').length === 2);
    const { cursor } = await place.client.call('getApi');
    expect(client.told('a', 'opened').map((told) => told.cursor)).toEqual([0, cursor]);
  });

  it('a cursor ahead of the feed is told so; what does not exist is a problem, and the others go on', async () => {
    const client = await connect();
    const { cursor } = await place.client.call('getApi');
    client.say({ id: 'ahead', do: 'open', channel: { kind: 'changes', after: cursor + 1_000 } });
    client.say({ id: 'run', do: 'open', channel: { kind: 'run', run: '../../etc' } });
    const [run = ''] = (await place.client.call('listRuns')).runs.map(({ runId }) => runId);
    client.say({ id: 'task', do: 'open', channel: { kind: 'output', run, task: '__proto__' } });
    client.say({ id: 'ahead', do: 'open', channel: { kind: 'run', run } });
    await place.until('all of it', () => client.messages.filter(({ type }) => type === 'problem').length === 3);
    expect(client.told('ahead', 'resync')).toEqual([{ id: 'ahead', type: 'resync', cursor, reason: 'ahead' }]);
    const problems = client.messages.flatMap((told) =>
      told.type === 'problem' ? [[told.id, told.open, told.problem.status, told.problem.code]] : [],
    );
    expect(problems.sort()).toEqual([
      ['ahead', true, 400, 'BODY_INVALID'],
      ['run', false, 404, 'PAWL_RUN_UNKNOWN'],
      ['task', false, 404, 'PAWL_TASK_UNKNOWN'],
    ]);
  });

  it('the 33rd channel is refused, and the 65th socket', async () => {
    const client = await connect();
    for (let n = 1; n <= 33; n += 1) client.say({ id: `${n}`, do: 'open', channel: { kind: 'changes' } });
    await place.until('all answers', () => client.messages.length === 33);
    expect(client.told('33', 'problem')[0]).toMatchObject({ open: false, problem: { code: 'TOO_MANY_CLIENTS' } });
    expect(client.messages.filter(({ type }) => type === 'opened')).toHaveLength(32);
    for (const each of clients.splice(0)) {
      each.end();
      await each.closed;
    }
    await place.until('room', async () => (await streamsOpen()) === 0);
    for (let n = 1; n <= 64; n += 1) await connect();
    expect(await streamsOpen()).toBe(64);
    expect(await MuxClient.refusal(overSocket())).toEqual([503, 'TOO_MANY_CLIENTS']);
    for (const each of clients.splice(0)) each.end();
    await place.until('room again', async () => (await streamsOpen()) === 0);
  });

  it.each([
    ['what is no JSON', '{"id":'],
    ['a name that stands twice', '{"id":"a","id":"b","do":"close"}'],
    ['an unknown deed', { id: 'a', do: 'drop' }],
    ['an unknown kind', { id: 'a', do: 'open', channel: { kind: 'all' } }],
    ['a cursor that is none', { id: 'a', do: 'open', channel: { kind: 'changes', after: -1 } }],
    ['an id that is too long', { id: 'a'.repeat(101), do: 'close' }],
    ['bytes', Buffer.from([0xff, 0xfe])],
  ])('%s is a problem, and three of them in a row close the socket', async (_name, bad) => {
    const client = await connect();
    const sayBad = (): void => (Buffer.isBuffer(bad) ? client.socket.send(bad) : client.say(bad));
    sayBad();
    sayBad();
    client.say({ id: 'good', do: 'close' });
    sayBad();
    await place.until('three answers', () => client.messages.length === 4);
    expect(client.messages.filter(({ type }) => type === 'problem')).toHaveLength(3);
    expect(client.messages.at(-1)).toMatchObject({ type: 'problem', problem: { status: 400, code: 'BODY_INVALID' } });
    sayBad();
    sayBad();
    expect(await client.closed).toBe(4400);
  });

  it('a message that is too long closes it, and the daemon lives', async () => {
    const client = await connect();
    client.say({ id: 'a', do: 'close', more: 'x'.repeat(16 * 1024) });
    expect(await client.closed).toBe(1009);
    expect((await place.client.call('getReadiness')).state).toBe('ready');
  });
});

it('the guard of requests lets handshakes in: token on TCP, no other Origin, no other Host', async () => {
  const port = readDaemonFile(place.files, place.home)?.port ?? 0;
  const token = readFileSync(join(place.home.root, 'token'), 'utf8').trim();
  const tcp = `ws://127.0.0.1:${port}/mux`;
  const bearer = (value: string) => ({ headers: { Authorization: `Bearer ${value}` } });
  expect(await MuxClient.refusal(tcp)).toEqual([401, 'UNAUTHORIZED']);
  expect(await MuxClient.refusal(`${tcp}?token=wrong`)).toEqual([401, 'UNAUTHORIZED']);
  expect(await MuxClient.refusal(`${tcp}?token=${token}`)).toBeNull();
  expect(await MuxClient.refusal(tcp, bearer(token))).toBeNull();
  expect(await MuxClient.refusal(tcp, bearer('wrong'))).toEqual([401, 'UNAUTHORIZED']);
  const foreign = { origin: 'https://example.com' };
  expect(await MuxClient.refusal(`${tcp}?token=${token}`, foreign)).toEqual([403, 'ORIGIN_FORBIDDEN']);
  expect(await MuxClient.refusal(overSocket(), foreign)).toEqual([403, 'ORIGIN_FORBIDDEN']);
  const host = { headers: { Host: 'example.com' } };
  expect(await MuxClient.refusal(`${tcp}?token=${token}`, host)).toEqual([403, 'HOST_FORBIDDEN']);
  expect(await MuxClient.refusal(overSocket(), host)).toEqual([403, 'HOST_FORBIDDEN']);
});

it('at the end of the daemon sockets are closed, and it ends in time', async () => {
  const client = await connect();
  client.say({ id: 'feed', do: 'open', channel: { kind: 'changes' } });
  await place.until('it to be open', () => client.told('feed', 'opened').length === 1);
  const fromMs = performance.now();
  expect(await place.kill('SIGTERM')).toBe(0);
  expect(await client.closed).toBeGreaterThanOrEqual(1001);
  expect(performance.now() - fromMs).toBeLessThan(10_000);
});

async function streamsOpen(): Promise<number> {
  const { body } = await place.client.bytes('getMetrics' as never, {});
  let text = '';
  for await (const piece of body) text += piece.toString('utf8');
  return Number(/^pawl_streams (\d+)$/m.exec(text)?.[1]);
}
