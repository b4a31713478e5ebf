/** The body of a message is told whole, however it comes, or that it is not. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { wholeBody } from '../../src/base/whole-body.ts';

const server = createServer();
const LONG = 'x'.repeat(200_000);

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

/** What the server receives of a request that comes in these pieces, a moment apart. */
async function received(...pieces: readonly string[]): Promise<{ message: IncomingMessage; socket: Socket }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const asked = once(server, 'request') as Promise<[IncomingMessage]>;
  void (async () => {
    for (const piece of pieces) {
      socket.write(piece);
      await pause(20);
    }
  })();
  const [message] = await asked;
  return { message, socket };
}

const head = (bytes: number): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes}\r\n\r\n`;

it.each([
  ['with its head', [`${head(3)}abc`], 'abc'],
  ['behind its head', [head(3), 'abc'], 'abc'],
  ['in pieces', [`${head(3)}a`, 'b', 'c'], 'abc'],
  ['as more than one read takes', [head(LONG.length), LONG], LONG],
  ['as nothing', [head(0)], ''],
])('a body that comes %s', async (_name, pieces, expected) => {
  const { message, socket } = await received(...pieces);
  const ended = once(message, 'end');
  expect((await wholeBody(message)).toString()).toBe(expected);
  await ended;
  socket.destroy();
});

it('one that is whole before it is asked for', async () => {
  const { message, socket } = await received(head(3), 'abc');
  await pause(60);
  expect((await wholeBody(message)).toString()).toBe('abc');
  socket.destroy();
});

it('one that ends early, before and after it is asked for', async () => {
  const { message, socket } = await received(`${head(3)}a`);
  const whole = wholeBody(message);
  socket.destroy();
  await expect(whole).rejects.toThrow(/aborted|closed/);
  await expect(wholeBody(message)).rejects.toThrow('closed before the end');
});
