/**
 * The pictures of the inspector in the README, made from the recorded registry in a real browser: `node test/inspector/shots.mjs`.
 *
 * Owns: what they show. Does not own: the record (test/inspector/recorded), the page. Needs a build, and Chromium (PAWL_CHROMIUM or its usual places).
 */
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { nodeFs } from '../../dist/src/adapters/node-fs.js';
import { systemClock } from '../../dist/src/adapters/system-clock.js';
import { newToken } from '../../dist/src/inspector/hub/access.js';
import { createHub } from '../../dist/src/inspector/hub/hub.js';
import { Files } from '../../dist/src/store/files.js';
import { readJournal } from '../../dist/src/store/journal.js';
import { listRuns } from '../../dist/src/store/registry.js';
import { RegistryPaths } from '../../dist/src/store/registry-paths.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const places = [process.env.PAWL_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((path) => path !== undefined && existsSync(path));
const paths = new RegistryPaths(here('./recorded'));
const files = new Files(nodeFs, systemClock);
const runId = listRuns(files, paths).find((name) => name.includes('SHOP-12'));
const { records } = readJournal(files, paths.journal(runId));
const endMs = records.at(-1).atMs;
/** The moment at which the fixer works. */
const { seq } = records.find(({ actor, event }) => actor === 'fix-e1-a1' && event.type === 'workerSpawned');
/** A few minutes after the record, whenever the pictures are made. */
const clock = { ...systemClock, nowMs: () => endMs + 180_000 };

mkdirSync(here('../../docs/images'), { recursive: true });
const place = { files: new Files(nodeFs, clock), paths };
const token = newToken();
const hub = await createHub({
  place,
  pageFolder: here('../../dist/src/inspector/page-dist'),
  pawlVersion: '',
  token: { read: () => token },
  port: 0,
});
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const context = await browser.newContext({
  viewport: { width: 1440, height: 860 },
  timezoneId: 'UTC',
  reducedMotion: 'reduce',
});
const page = await context.newPage();
const shot = async (name) => {
  await page.evaluate(() => document.querySelector('.registry').replaceChildren('shop/.pawl'));
  await page.screenshot({ path: here(`../../docs/images/${name}.png`) });
};
try {
  await page.goto(hub.url);
  await page.waitForSelector('.run-table tbody tr');
  await page.setViewportSize({ width: 1440, height: 560 });
  await shot('inspector-runs');
  await page.setViewportSize({ width: 1440, height: 860 });
  await page.goto(`${hub.url}&run=${runId}&seq=${seq}`);
  await page.waitForSelector('[data-state="run.fixLoop.working"][data-active=true]');
  await page.waitForFunction(() => document.querySelector('.record[aria-selected=true]') !== null);
  await shot('inspector-run');
} finally {
  await browser.close();
  await hub.close();
}
