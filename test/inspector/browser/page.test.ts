import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../../src/adapters/node-fs.ts';
import { systemClock } from '../../../src/adapters/system-clock.ts';
import { createHub } from '../../../src/inspector/hub/hub.ts';
import { activeIds } from '../../../src/inspector/page/chart-graph.ts';
import { Files } from '../../../src/store/files.ts';
import { RegistryPaths } from '../../../src/store/registry-paths.ts';
import { todaysPart } from '../../support/draw.ts';
import { goodRun } from '../good-run.ts';
import { writeLongRun } from '../long-run.ts';
import { InspectorBench, ownToken } from '../registry-kit.ts';
import {
  MISSING,
  openPage,
  PAGE_FOLDER,
  seriousFindings,
  showMoment,
  shownState,
  startBrowser,
  Way,
} from './page-bench.ts';

const RECORDED = fileURLToPath(new URL('../recorded', import.meta.url));

/** Slower than 100 ms a step, and than four times what a step takes where there is next to nothing to fold, five of six steps judged. */
function areSlow(steps: readonly number[], shortSteps: readonly number[]): boolean {
  const most = (times: readonly number[]): number =>
    [...times].sort((a, b) => a - b)[Math.floor((times.length * 5) / 6)] ?? 0;
  return most(steps) >= Math.max(100, 4 * most(shortSteps));
}

/** Slower than a second, and than four times what the page takes with nothing to show: other work on the machine slows both. */
function isSlow(times: readonly number[], blankTimes: readonly number[]): boolean {
  return Math.min(...times) >= Math.max(1_000, 4 * Math.min(...blankTimes));
}

describe.skipIf(MISSING !== null)(`the page in a browser${MISSING === null ? '' : ` (${MISSING})`}`, () => {
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

  test('shows a run on the chart, in the outbox and in the list at every sequence as the fold has it', async () => {
    const run = bench.run('run_A_1', 200);
    const { url } = await hub();
    const { page, faults } = await openPage(browser, `${url}&run=run_A_1&seq=1`);
    await page.locator('.node.active').first().waitFor();
    for (const { state, record } of goodRun('run_A_1')) {
      await showMoment(page, run.runId, record.seq, 'owed');
      const owed = state.owed.map(({ key }) => key).sort();
      expect(await shownState(page)).toEqual({ active: [...activeIds('run', state.root.value)].sort(), owed });
    }
    expect(faults).toEqual([]);
  });

  test('shows a record as soon as the journal has it, and follows the newest', async () => {
    const run = bench.run('run_A_1', 3);
    const { url } = await hub();
    const { page } = await openPage(browser, `${url}&run=run_A_1`);
    await page.locator('.record').nth(2).waitFor();
    const startMs = performance.now();
    run.append(1);
    await page.locator('#record-4[aria-selected=true]').waitFor();
    expect(performance.now() - startMs).toBeLessThan(10_000);
    expect(await page.locator('output.where strong').textContent()).toBe('4');
    await page.locator('.masthead nav a').first().click();
    await page.locator('tr[data-run=run_A_1]', { hasText: '4 records' }).waitFor();
  });

  test('says that the hub cannot be reached, connects again by itself and lacks nothing then', async () => {
    const run = bench.run('run_A_1', 5);
    const { url } = await hub();
    const way = new Way();
    const { page } = await openPage(browser, `${url}&run=run_A_1`, way);
    await page.locator('#record-5').waitFor();
    await way.cut();
    await page.locator('[role=alert]', { hasText: 'cannot be reached' }).waitFor();
    run.append(7);
    way.mend();
    await page.locator('#record-12[aria-selected=true]').waitFor();
    await page.locator('.lamp.live').waitFor();
    expect(await page.locator('[role=alert]').count()).toBe(0);
    const seqs = await page.locator('.record .seq').allTextContents();
    expect(seqs).toEqual(Array.from({ length: 12 }, (_, n) => String(n + 1)));
  });

  test('has its first rows within a second on a registry of 100 runs', async () => {
    for (let n = 1; n <= 100; n += 1) bench.run(`run_T${n}_1`, 6);
    const { url } = await hub();
    const times: number[] = [];
    const blankTimes: number[] = [];
    for (let n = 0; n < 3 && (n === 0 || isSlow(times, blankTimes)); n += 1) {
      const { page } = await openPage(browser, url);
      const rows = await page.waitForFunction(
        () => document.querySelectorAll('.run-table tbody tr').length === 100 && performance.now(),
      );
      times.push(Number(await rows.jsonValue()));
      const refused = await openPage(browser, url.replace(/token=[^&]*/, 'token=wrong'));
      const told = await refused.page.waitForFunction(
        () => document.querySelector('[role=alert]') !== null && performance.now(),
      );
      blankTimes.push(Number(await told.jsonValue()));
    }
    expect(isSlow(times, blankTimes), `${times} ms with 100 runs, ${blankTimes} ms with none`).toBe(false);
  });

  test('scrubs through 10,000 records in less than 100 ms a step, or not much slower than through 10', async () => {
    const counts = [10_000, 10] as const;
    for (const count of counts) writeLongRun(bench.registry, count);
    const { url } = await hub();
    const [long, short] = await Promise.all(
      counts.map(async (count) => {
        const { page } = await openPage(browser, `${url}&run=run_long_${count}`);
        await page.locator(`#record-${count}`).waitFor();
        await page.locator('.node.active').first().waitFor();
        return page;
      }),
    );
    const times: number[] = [];
    const shortTimes: number[] = [];
    // By turns: what else the machine does slows both.
    for (let n = 0; n < 24; n += 1) {
      times.push((await long?.evaluate(stepTo, ((n * 3_701) % 10_000) + 1)) ?? Number.NaN);
      shortTimes.push((await short?.evaluate(stepTo, ((n * 7) % 10) + 1)) ?? Number.NaN);
    }
    expect(areSlow(times, shortTimes), `${times.map(Math.round)} ms, through 10 ${shortTimes.map(Math.round)} ms`).toBe(
      false,
    );
    expect(Math.max(...times, ...shortTimes)).toBeGreaterThan(0);
  });

  test('says what is not there, and why a run is set aside', async () => {
    const { url } = await hub();
    const { page, faults } = await openPage(browser, url);
    await page.locator('.empty', { hasText: 'No runs yet' }).waitFor();
    const run = bench.run('run_A_1', 4);
    await page.locator('tr[data-run=run_A_1]').waitFor();
    await page.goto('about:blank');
    appendFileSync(run.journal, '{"v":1,"nonsense":true}\n');
    await page.goto(`${url}&run=run_A_1&panel=recovery`);
    await page.locator('.notice', { hasText: 'The journal ends here' }).waitFor();
    await page.locator('.record, #tab-timeline').first().waitFor();
    await page.goto('about:blank');
    await page.goto(`${url}&run=run_gone_1`);
    await page.locator('.empty', { hasText: 'No such run' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('shows what a worker prints as text, whatever it is', async () => {
    const run = bench.run('run_A_1', 6);
    const hostile = '<script>window.hit = 1</script><img src=x onerror="window.hit=2"> \u001b[31mred\u001b[0m';
    const taskId = 'implementation-e0-a1';
    const output = run.taskFile(taskId, 'output.ndjson', `${hostile}\n`);
    const { url } = await hub();
    const { page, faults } = await openPage(browser, `${url}&run=run_A_1&panel=tasks&task=${taskId}`);
    await page.locator('pre.output', { hasText: '<script>window.hit = 1</script><img src=x' }).waitFor();
    appendFileSync(output, '<b>more</b>\n');
    await page.locator('pre.output', { hasText: '<b>more</b>' }).waitFor();
    expect(
      await page.evaluate(() => [
        Reflect.get(window, 'hit') ?? null,
        document.querySelectorAll('pre.output *, img').length,
      ]),
    ).toEqual([null, 0]);
    expect(faults).toEqual([]);
  });

  test('steps, jumps and plays by keyboard, and its address names the moment', async () => {
    bench.run('run_A_1', 12);
    const { url } = await hub();
    const { page } = await openPage(browser, `${url}&run=run_A_1`);
    const seq = page.locator('output.where strong');
    await page.locator('#record-12[aria-selected=true]').waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await seq.filter({ hasText: /^10$/ }).waitFor();
    expect(new URL(page.url()).hash).toBe('#run=run_A_1&seq=10');
    await page.keyboard.press('Home');
    await seq.filter({ hasText: /^1$/ }).waitFor();
    await page.keyboard.press(' ');
    // It plays on while it is looked at: the third may be over by then.
    await page.waitForFunction(() => Number(document.querySelector('output.where strong')?.textContent) >= 3);
    await page.keyboard.press(' ');
    await page.keyboard.press('End');
    await seq.filter({ hasText: /^12$/ }).waitFor();
    await page.locator('#tab-timeline').focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('#tab-tasks[aria-selected=true]').waitFor();
  });

  test.each([
    [1_024, 200],
    [390, 340],
  ])('shows the runs without scrolling sideways at %i px, each at most %i px high', async (width, most) => {
    bench.run(`run_${'LONG'.repeat(10)}_1`, 6);
    bench.run('run_B_1', 12);
    const { url } = await hub();
    const { page } = await openPage(browser, url);
    await page.setViewportSize({ width, height: 800 });
    await page.locator('tr[data-run=run_B_1]').waitFor();
    const boxes = await page.evaluate(() => {
      const of = (selector: string): Element[] => [...document.querySelectorAll(selector)];
      return {
        overflow: of('html, .table-frame').map((element) => element.scrollWidth - element.clientWidth),
        narrowest: Math.min(...of('.run-table td').map((cell) => cell.getBoundingClientRect().width)),
        highest: Math.max(...of('.run-table tbody tr').map((row) => row.getBoundingClientRect().height)),
      };
    });
    expect(Math.max(...boxes.overflow)).toBeLessThanOrEqual(0);
    expect(boxes.narrowest).toBeGreaterThan(100);
    expect(boxes.highest).toBeLessThan(most);
  });

  test('opens a run in a new tab, and follows again from its last record', async () => {
    const run = bench.run('run_A_1', 8);
    const { url } = await hub();
    const { page } = await openPage(browser, url);
    const link = page.locator('tr[data-run=run_A_1] a');
    await link.waitFor();
    const [tab] = await Promise.all([page.context().waitForEvent('page'), link.click({ modifiers: ['Control'] })]);
    await tab.locator('#record-8[aria-selected=true]').waitFor();
    await tab.keyboard.press('ArrowLeft');
    await tab.locator('#record-7[aria-selected=true]').waitFor();
    await tab.keyboard.press('ArrowRight');
    await tab.locator('#record-8[aria-selected=true]').waitFor();
    run.append(1);
    await tab.locator('#record-9[aria-selected=true]').waitFor();
  });

  test('says so when the browser refuses to copy a command', async () => {
    bench.run('run_A_1', 6);
    const { url } = await hub();
    const { page, faults } = await openPage(browser, `${url}&run=run_A_1`);
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
    });
    await page.locator('.command button').first().click();
    await page.locator('.command [role=status]', { hasText: 'The browser refused' }).waitFor();
    expect(faults).toEqual([]);
  });

  test('opens an output at its end and follows it', async () => {
    const run = bench.run('run_A_1', 6);
    const taskId = 'implementation-e0-a1';
    const lines = Array.from({ length: 400 }, (_, n) => `line ${n}\n`).join('');
    const output = run.taskFile(taskId, 'output.ndjson', lines);
    const { url } = await hub();
    const { page } = await openPage(browser, `${url}&run=run_A_1&panel=tasks&task=${taskId}`);
    const pane = page.locator('pre.output', { hasText: 'line 399' });
    await pane.waitFor();
    const fromEnd = () => pane.evaluate((at) => at.scrollHeight - at.scrollTop - at.clientHeight);
    expect(await fromEnd()).toBeLessThan(24);
    appendFileSync(output, 'the very last line\n');
    await page.locator('pre.output', { hasText: 'the very last line' }).waitFor();
    expect(await fromEnd()).toBeLessThan(24);
  });

  test('has nothing serious that axe finds, on any of its views, in light and in dark', async () => {
    const place = { files: new Files(nodeFs, systemClock), paths: new RegistryPaths(RECORDED) };
    const recorded = await createHub({
      place,
      pageFolder: PAGE_FOLDER,
      pawlVersion: '0.0.0',
      token: ownToken(),
      port: 0,
    });
    try {
      const { page, faults } = await openPage(browser, recorded.url);
      await page.locator('.run-table tbody tr').first().waitFor();
      const runs = await page
        .locator('tr[data-run]')
        .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-run') ?? ''));
      const [done, aside] = ['SHOP-12', 'SHOP-15'].map((task) => runs.find((name) => name.includes(task)) ?? '');
      const views = [
        'view=runs',
        'view=proof',
        `run=${done}&seq=19&task=review-e1-a1`,
        ...['tasks&task=review-e1-a1', 'gates', 'recovery', 'owed'].map((panel) => `run=${done}&panel=${panel}`),
        `run=${aside}&panel=recovery`,
      ];
      const looks = views.flatMap((view) => [{ view, theme: 'light' } as const, { view, theme: 'dark' } as const]);
      // A third of them each day.
      for (const { view, theme } of todaysPart(looks, 3)) {
        await page.emulateMedia({ colorScheme: theme });
        await page.evaluate((fragment) => {
          location.hash = fragment;
        }, view);
        await page.locator('main :is(h1, .empty)').first().waitFor();
        if (view.startsWith(`run=${done}`)) await page.locator('.node.active').first().waitFor();
        expect({ view, theme, found: await seriousFindings(page) }).toEqual({ view, theme, found: [] });
      }
      expect(faults).toEqual([]);
    } finally {
      await recorded.close();
    }
  });
});

/** Runs in the page: how long it takes until the page shows that sequence. */
async function stepTo(seq: number): Promise<number> {
  const range = document.querySelector<HTMLInputElement>('.track input');
  const startMs = performance.now();
  if (range !== null) range.value = String(seq);
  range?.dispatchEvent(new Event('input', { bubbles: true }));
  while (document.querySelector('output.where strong')?.textContent !== String(seq)) {
    await new Promise((done) => requestAnimationFrame(done));
  }
  return performance.now() - startMs;
}
