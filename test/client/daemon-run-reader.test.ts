/** Whatever a daemon does instead of answering as it should, the reader says that it has no answer, and gives nothing of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { CLIENT_BOUNDS } from '../../src/app/daemon/daemon-bounds.ts';
import { Unanswered } from '../../src/app/reading/first-reader.ts';
import { DaemonRunReader } from '../../src/client/daemon-run-reader.ts';

const TASK = { runId: 'run_a', taskId: 't' };
let folder: string;
let server: Server | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-reader-'));
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

/** A reader of a daemon that answers so; what takes longer than a bound takes as long as it is late here. */
async function readerOf(answer: RequestListener | null): Promise<DaemonRunReader> {
  const socket = join(folder, 'sock');
  if (answer !== null) {
    server = createServer(answer);
    await new Promise<void>((listening) => server?.listen(socket, listening));
  }
  const clock = {
    ...systemClock,
    timer: (delayMs: number, fire: () => void) => systemClock.timer(delayMs / SPEED, fire),
  };
  return new DaemonRunReader({ socket, project: 'p', driver: { kind: 'none' }, clock });
}

const SPEED = 20;

async function all<T>(given: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of given) items.push(item);
  return items;
}

const json =
  (value: unknown): RequestListener =>
  (_request, response) =>
    response.end(JSON.stringify(value));
const record = (seq: number) => ({ seq, atMs: 1, actor: 'run', event: { type: 'x' }, effects: [] });

const FAULTS: readonly (readonly [string, RequestListener | null])[] = [
  ['nobody listens', null],
  ['it says nothing', () => undefined],
  ['it says half of it', (_request, response) => response.writeHead(200, { 'Content-Length': 100 }).write('{"ru')],
  ['it hangs up', (request) => request.socket.destroy()],
  ['it hangs up in the middle', (request, response) => void response.write('{', () => request.socket.destroy())],
  ['it answers with an error', (_request, response) => response.writeHead(503).end('{}')],
  ['it answers with something else', (_request, response) => response.end('<html>')],
];

describe.each(FAULTS)('where %s', (_what, answer) => {
  it('nothing is answered', async () => {
    const reader = await readerOf(answer);
    await expect(reader.registry()).rejects.toThrow(Unanswered);
    await expect(reader.story('run_a')).rejects.toThrow(Unanswered);
    await expect(reader.standing('run_a')).rejects.toThrow(Unanswered);
    await expect(reader.records('run_a')).rejects.toThrow(Unanswered);
    await expect(reader.tasks('run_a')).rejects.toThrow(Unanswered);
    await expect(all(reader.follow('run_a', 0))).rejects.toThrow(Unanswered);
    await expect(all(reader.output(TASK, 'stdout', { follow: true }))).rejects.toThrow(Unanswered);
  });
});

it('an answer that is longer than any is none', async () => {
  const reader = await readerOf((_request, response) => {
    response.on('error', () => undefined);
    response.write(Buffer.alloc(CLIENT_BOUNDS.lookBytes + 1));
  });
  await expect(reader.registry()).rejects.toThrow(Unanswered);
});

it('records that do not follow are not given', async () => {
  for (const seqs of [[2], [1, 3], [1, 1]]) {
    const reader = await readerOf(json({ events: seqs.map(record), next: null, kind: 'terminal' }));
    await expect(all(reader.follow('run_a', 0))).rejects.toThrow(Unanswered);
    server?.close();
    rmSync(join(folder, 'sock'), { force: true });
  }
});

it('a run that is set aside is left to whoever can say what is wrong with it, after its records', async () => {
  const reader = await readerOf(json({ events: [record(1)], next: null, kind: 'quarantined' }));
  const given = reader.follow('run_a', 0);
  expect((await given.next()).value).toMatchObject({ seq: 1 });
  await expect(given.next()).rejects.toThrow(Unanswered);
});

it.each([
  [{ 'Pawl-From': '1', 'Pawl-Next': '4' }],
  [{ 'Pawl-From': '0', 'Pawl-Next': '4' }],
  [{ 'Pawl-From': 'x', 'Pawl-Next': 'y' }],
  [{}],
])('bytes that do not follow are not given: %j', async (headers) => {
  const reader = await readerOf((_request, response) => response.writeHead(200, headers).end('abc'));
  await expect(all(reader.output(TASK, 'stdout', {}))).rejects.toThrow(Unanswered);
});

it('where the last lines begin is told even while there are none, so that somebody else can carry on there', async () => {
  const headers = { 'Pawl-From': '7', 'Pawl-Next': '7', 'Pawl-Ended': 'false' };
  const reader = await readerOf(({ url = '' }, response) => {
    if (url.includes('last=2')) response.writeHead(200, headers).end();
    else response.destroy();
  });
  const given = reader.output(TASK, 'stdout', { lastLines: 2, follow: true });
  expect((await given.next()).value).toMatchObject({ from: 7, next: 7 });
  await expect(given.next()).rejects.toThrow(Unanswered);
});

it('whoever waits for output and goes is let go at once, without an error', async () => {
  const gone = new AbortController();
  const reader = await readerOf(() => gone.abort());
  expect(await all(reader.output(TASK, 'stdout', { follow: true, signal: gone.signal }))).toEqual([]);
});
