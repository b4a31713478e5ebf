import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { InspectorBench, ownToken } from '../registry-kit.ts';
import { MISSING, openPage, PAGE_FOLDER, startBrowser } from './page-bench.ts';

describe.skipIf(MISSING !== null)(`a tab of a hub${MISSING === null ? '' : ` (${MISSING})`}`, () => {
  let browser: Browser;
  let bench: InspectorBench;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(() => {
    bench = new InspectorBench();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await bench.close();
  });
  const hub = (more: object = {}) => bench.hub({ pageFolder: PAGE_FOLDER, ...more });

  test('survives a restart of its hub at the same address: it connects again by itself, and can be loaded again', async () => {
    const run = bench.run('run_A_1', 5);
    const token = ownToken();
    const first = await hub({ token });
    const { page } = await openPage(browser, `${first.url}&run=run_A_1`);
    await page.locator('#record-5[aria-selected=true]').waitFor();
    await first.close();
    await page.locator('[role=alert]', { hasText: 'cannot be reached' }).waitFor();
    run.append(2);
    await hub({ token, port: first.port });
    await page.locator('#record-7[aria-selected=true]').waitFor();
    const seqs = await page.locator('.record .seq').allTextContents();
    expect(seqs).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    await page.reload();
    await page.locator('#record-7[aria-selected=true]').waitFor();
    expect(await page.locator('[role=alert]').count()).toBe(0);
  });

  test('says that a new hub must be opened by its new address, and does not try its old token for ever', async () => {
    bench.run('run_A_1', 2);
    const first = await hub();
    const { page } = await openPage(browser, first.url);
    await page.locator('tr[data-run=run_A_1]').waitFor();
    await first.close();
    await page.locator('[role=alert]', { hasText: 'cannot be reached' }).waitFor();
    await hub({ port: first.port });
    await page.locator('[role=alert]', { hasText: 'Open the address that it has printed' }).waitFor();
    const other = await openPage(browser, first.url);
    await other.page.locator('[role=alert]', { hasText: 'Open the address that it has printed' }).waitFor();
    expect(await other.page.locator('main').textContent()).not.toContain('run_A_1');
  });
});
