/** The order of docs/examples, as a program of its own: killed at any instant and started again, it is paid once, shipped once, and ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openRegistry } from '../../src/durable-actors.ts';
import { random } from '../../src/prove/memory/memory-nodes.ts';
import { SEED } from '../support/draw.ts';

const PROGRAM = resolve('dist/docs/examples/shop.js');
let place: string;
const chance = random(SEED);

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'pawl-order-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function start(): { readonly child: ChildProcess; readonly end: Promise<{ code: number | null; out: string }> } {
  const child = spawn(process.execPath, [PROGRAM, join(place, 'shop'), 'order-17'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
  return { child, end: new Promise((done) => child.once('close', (code) => done({ code, out }))) };
}

const linesOf = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

it('killed again and again at random instants, it ends shipped: every call under one key, every record once', async () => {
  const shop = join(place, 'shop');
  let kills = 0;
  for (let round = 0; round < 8; round += 1) {
    const { child, end } = start();
    // From before it has loaded anything to after it has ended.
    await sleep(Math.floor(chance() * 400));
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      kills += 1;
    }
    await end;
  }
  const { code, out } = await start().end;
  expect([code, out]).toEqual([0, 'order-17 is shipped, paid with the receipt of order-17/1.0:chargeCard\n']);
  expect(kills).toBeGreaterThan(0);
  const types = linesOf(join(shop, 'orders/order-17/events.jsonl')).map((line) => JSON.parse(line).event.type);
  expect(types).toEqual(['orderPlaced', 'cardCharged', 'parcelShipped']);
  // A call that a kill kept from being recorded is made again, under the same key; none is made under another one.
  expect([...new Set(linesOf(`${shop}.calls`))]).toEqual([
    'receipt order-17/1.0:chargeCard',
    'tracking order-17/2.0:shipParcel',
  ]);
});

it('is driven by one process at a time: a second one is refused while the first is alive', async () => {
  const registry = await openRegistry(join(place, 'shop'));
  const { code, out } = await start().end;
  expect([code, out]).toEqual([1, expect.stringContaining('PAWL_REGISTRY_LOCKED')]);
  await registry.close();
  expect((await start().end).code).toBe(0);
});
