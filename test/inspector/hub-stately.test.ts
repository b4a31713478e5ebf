import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InspectorBench, type Told } from './registry-kit.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const PAGE = fileURLToPath(new URL('../../dist/src/inspector/page-dist/', import.meta.url));
const WHY_NOT = CHROMIUM === undefined ? ' (left out: there is no chromium on this machine)' : '';

/** A page that speaks the hosted inspector's part of the handshake, before it has loaded, and keeps what it is sent. */
const STAND_IN = `<!doctype html><title>stand-in</title><script>
  globalThis.received = [];
  addEventListener('message', (event) => received.push(event.data));
  parent.postMessage({ type: '@statelyai.connected' }, '*');
</script><img src="/slow.png" alt="">`;

describe.skipIf(CHROMIUM === undefined)(`the bridge into the Stately inspector${WHY_NOT}`, () => {
  const bench = new InspectorBench();
  let standIn: Server;
  let browser: Browser;
  let address = '';

  beforeAll(async () => {
    standIn = createServer((request, response) => {
      response.setHeader('Content-Type', 'text/html');
      // The page has loaded only when this has: its handshake comes first.
      if (request.url === '/slow.png') setTimeout(() => response.end(), 100);
      else response.end(STAND_IN);
    });
    await new Promise<void>((resolve) => standIn.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(standIn.address() as AddressInfo).port}/inspect`;
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    standIn.close();
    await bench.close();
  });

  it('gives it the whole history and then what is live, without words, paths and branches', async () => {
    const run = bench.run(RUN, 9);
    const hub = await bench.hub({ pageFolder: PAGE, statelyUrl: address, runId: RUN });
    const page = await browser.newPage();
    await page.goto(hub.statelyUrl ?? '');
    expect(await page.textContent('#notice')).toContain(new URL(address).host);
    expect(page.url()).not.toContain(hub.token);
    expect(await page.getAttribute('#inspector', 'sandbox')).toBe('allow-scripts allow-same-origin');
    const inner = page.frame({ url: address });
    if (inner === null) throw new Error('there is no inner page');
    await inner.waitForFunction(() => Reflect.get(globalThis, 'received').length > 0);
    run.append(1_000);
    await inner.waitForFunction(
      () => Reflect.get(globalThis, 'received').at(-1)?.snapshot?.value === 'readyForManualReview',
    );
    const received: Told[] = await inner.evaluate(() => Reflect.get(globalThis, 'received'));
    const plain = await bench.client(hub, '/inspect', `&run=${RUN}&for=outside`);
    await plain.until(() => plain.told.length === received.length);
    expect(received).toEqual(plain.told);
    expect(received[0]).toMatchObject({ type: '@xstate.actor', sessionId: RUN });
    expect(JSON.stringify(received)).not.toMatch(/feature\/x|acme\/app/);
  });

  it('is not there unless it was asked for', async () => {
    const hub = await bench.hub({ pageFolder: PAGE });
    expect(hub.statelyUrl).toBeNull();
    expect((await fetch(`http://127.0.0.1:${hub.port}/stately.html`)).status).toBe(404);
  });
});
