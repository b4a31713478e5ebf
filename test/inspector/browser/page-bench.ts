/**
 * A browser that looks at hubs as an operator does.
 *
 * Owns: finding Chromium, opening pages, what is read off them. Does not own: registries and hubs (inspector/registry-kit).
 */
/// <reference lib="dom" />
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page, type WebSocketRoute } from 'playwright-core';

const PLACES = [
  process.env.PAWL_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser of this machine, null when there is none. */
export const CHROMIUM = PLACES.find((path) => path !== undefined && existsSync(path)) ?? null;

/** The built page, as the package ships it. */
export const PAGE_FOLDER = fileURLToPath(new URL('../../../dist/src/inspector/page-dist/', import.meta.url));

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Why the browser's tests cannot run here, null when they can. */
export const MISSING =
  CHROMIUM === null
    ? 'skipped: no Chromium on this machine (PAWL_CHROMIUM names one)'
    : existsSync(PAGE_FOLDER)
      ? null
      : 'skipped: the page is not built (npm run build)';

/** A started browser. Close it. */
export async function startBrowser(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error('no Chromium');
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
}

/** A hub that is gone or refuses, and a source that Chromium cannot write in a policy: an IPv6 address. */
const EXPECTED = /WebSocket|ERR_CONNECTION|401|invalid source: 'ws:\/\/\[::1\]/;

/** The way of a page's sockets to their hub, which can be cut and mended. */
export class Way {
  readonly #open = new Set<WebSocketRoute>();
  #isCut = false;

  /** From now on every socket of the page takes this way. */
  async lay(page: Page): Promise<void> {
    await page.routeWebSocket(/.*/, async (socket) => {
      if (this.#isCut) return await socket.close();
      socket.connectToServer();
      this.#open.add(socket);
    });
  }

  /** What is open is closed, and nothing gets through. */
  async cut(): Promise<void> {
    this.#isCut = true;
    await Promise.all([...this.#open].map((socket) => socket.close()));
    this.#open.clear();
  }

  mend(): void {
    this.#isCut = false;
  }
}

/** A page that keeps what went wrong in it: exceptions and refusals of its content policy. Its sockets take `way`, where one is given. */
export async function openPage(browser: Browser, url: string, way?: Way): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1_400, height: 860 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await way?.lay(page);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !EXPECTED.test(message.text())) faults.push(message.text());
  });
  // A bound, not a measure: what takes long is measured against something that takes as long on a busy machine.
  page.setDefaultTimeout(45_000);
  await page.goto(url);
  return { page, faults };
}

/** Goes to a moment of a run and waits until the whole page shows it. */
export async function showMoment(page: Page, runId: string, seq: number, panel = 'timeline'): Promise<void> {
  await page.evaluate((fragment) => {
    location.hash = fragment;
  }, `#run=${runId}&seq=${seq}&panel=${panel}`);
  await page.locator('output.where strong', { hasText: new RegExp(`^${seq}$`) }).waitFor();
  await page.locator(`#tab-${panel}[aria-selected=true]`).waitFor();
}

/** What the page shows of the run: its active states and, on the outbox's tab, the keys that are owed. */
export async function shownState(page: Page): Promise<{ active: string[]; owed: string[] }> {
  return page.evaluate(() => {
    const all = (selector: string, name: string): string[] =>
      [...document.querySelectorAll(selector)].map((element) => element.getAttribute(name) ?? '').sort();
    return { active: all('[data-active=true]', 'data-state'), owed: all('[data-key]', 'data-key') };
  });
}

/** What axe finds in the page as it is now, of what is serious. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(findingsHere);
}

/** Runs in the page. */
async function findingsHere(): Promise<string[]> {
  interface Result {
    readonly violations: readonly {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
    }[];
  }
  const axe = Reflect.get(window, 'axe') as { run: () => Promise<Result> };
  const { violations } = await axe.run();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    );
}
