import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HostBench } from '../host-kit.ts';
import { MISSING, openPage, PAGE_FOLDER, seriousFindings, startBrowser } from './page-bench.ts';

const [SHOP_RUN, API_RUN] = ['run_S-1_aaaaaaaaaaaa', 'run_A-1_bbbbbbbbbbbb'];

describe.skipIf(MISSING !== null)(`several projects in a browser${MISSING === null ? '' : ` (${MISSING})`}`, () => {
  let browser: Browser;
  let bench: HostBench;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    bench = new HostBench(PAGE_FOLDER);
    bench.run('shop', SHOP_RUN, 4);
    bench.run('api', API_RUN, 1_000);
    await bench.listen();
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    await bench.close();
  });

  const row = (page: Page, id: string) => page.locator(`tr[data-project=${id}]`);
  const rows = (page: Page) =>
    page.locator('tr[data-run]').evaluateAll((all) => all.map((one) => one.getAttribute('data-run')));

  test('are shown to choose from with how their runs stand, and each is one click away from the other', async () => {
    const { page, faults } = await openPage(browser, bench.url);
    await row(page, 'shop').getByText('1 needs you').waitFor();
    await row(page, 'api').getByText('1 ended').waitFor();
    await row(page, 'shop').locator('a').click();
    await page.locator(`tr[data-run=${SHOP_RUN}]`).waitFor();
    expect([await rows(page), new URL(page.url()).hash]).toEqual([[SHOP_RUN], '#project=shop']);
    await page.locator('tr[data-run] a').click();
    await page.locator('#record-4[aria-selected=true]').waitFor();
    expect(new URL(page.url()).hash).toBe(`#project=shop&run=${SHOP_RUN}`);
    await page.locator('.switch summary').click();
    await page.locator('.switch a', { hasText: 'The api' }).click();
    await page.locator(`tr[data-run=${API_RUN}]`).waitFor();
    expect([await rows(page), new URL(page.url()).hash]).toEqual([[API_RUN], '#project=api']);
    expect(await page.locator('.registry').textContent()).toContain('/api/.pawl');
    await page.goBack();
    await page.locator('#record-4[aria-selected=true]').waitFor();
    await page.goBack();
    await page.locator(`tr[data-run=${SHOP_RUN}]`).waitFor();
    await page.goBack();
    await row(page, 'shop').getByText('1 needs you').waitFor();
    expect(faults).toEqual([]);
  });

  test('are switched by keyboard', async () => {
    const { page } = await openPage(browser, `${bench.url}&project=shop`);
    await page.locator(`tr[data-run=${SHOP_RUN}]`).waitFor();
    await page.locator('.switch summary').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Escape');
    expect(
      await page.evaluate(() => [document.activeElement?.tagName, document.querySelector('details')?.open]),
    ).toEqual(['SUMMARY', false]);
    await page.keyboard.press('Enter');
    for (let n = 0; n < 3; n += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator(`tr[data-run=${API_RUN}]`).waitFor();
    expect(await page.locator('.switch').getAttribute('open')).toBeNull();
  });

  test('show why one of them cannot be read, and its runs once it can', async () => {
    bench.degraded('shop', 'its folder has moved');
    const { page, faults } = await openPage(browser, bench.url);
    await row(page, 'shop').getByText('its folder has moved').waitFor();
    await row(page, 'api').getByText('1 ended').waitFor();
    await row(page, 'shop').locator('a').click();
    await page.locator('.notice', { hasText: 'The shop is degraded: its folder has moved' }).waitFor();
    await page.locator('.empty', { hasText: 'Nothing can be shown of this project' }).waitFor();
    bench.ready('shop');
    await page.locator(`tr[data-run=${SHOP_RUN}]`).waitFor();
    expect(await page.locator('.notice').count()).toBe(0);
    bench.projects.remove('shop');
    await page.locator('.notice', { hasText: 'There is no project shop.' }).waitFor();
    await row(page, 'api').waitFor();
    expect(faults).toEqual([]);
  });

  test('are not asked about where there is only one', async () => {
    bench.projects.remove('api');
    const { page } = await openPage(browser, bench.url);
    await page.locator(`tr[data-run=${SHOP_RUN}]`).waitFor();
    await page.waitForFunction(() => location.hash === '#project=shop');
    expect(await page.locator('.switch').count()).toBe(0);
    bench.ready('api');
    await page.locator('.switch summary', { hasText: 'The shop' }).waitFor();
    bench.projects.remove('api');
    bench.projects.remove('shop');
    await page.locator('.empty', { hasText: 'No projects yet' }).waitFor();
  });

  test('have nothing serious that axe finds, in light and in dark', async () => {
    bench.degraded('third', 'its folder has moved');
    const { page } = await openPage(browser, bench.url);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const [hash, sign] of [
        ['#view=projects', 'tr[data-project=api] .run-counts'],
        ['#project=shop', 'tr[data-run]'],
        ['#project=third', '.notice'],
      ] as const) {
        await page.evaluate((fragment) => {
          location.hash = fragment;
        }, hash);
        await page.locator(sign).first().waitFor();
        await page.locator('.switch').evaluate((details) => details.setAttribute('open', ''));
        expect({ hash, colorScheme, found: await seriousFindings(page) }).toEqual({ hash, colorScheme, found: [] });
      }
    }
  });

  test.each([1_024, 390])('are shown without scrolling sideways at %i px', async (width) => {
    bench.degraded('third', `${'a long reason '.repeat(10)}/${'path'.repeat(20)}`);
    const { page } = await openPage(browser, bench.url);
    await page.setViewportSize({ width, height: 800 });
    await row(page, 'api').getByText('1 ended').waitFor();
    const overflow = await page.evaluate(() =>
      [...document.querySelectorAll('html, .table-frame')].map((element) => element.scrollWidth - element.clientWidth),
    );
    expect(Math.max(...overflow)).toBeLessThanOrEqual(0);
  });

  test('tell an open tab that its token was replaced, and it does not try again', async () => {
    const { page } = await openPage(browser, `${bench.url}&project=shop`);
    await page.locator(`tr[data-run=${SHOP_RUN}]`).waitFor();
    bench.token = 'second-token';
    bench.host.revoke();
    await page.locator('[role=alert]', { hasText: 'the token in its address was replaced' }).waitFor();
    await page.reload();
    await page.locator('[role=alert]', { hasText: 'the token in its address was replaced' }).waitFor();
    expect(await rows(page)).toEqual([]);
  });
});
