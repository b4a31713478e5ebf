import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createGuard, type Guard } from '../../src/prove/guard/guard.ts';
import { JAIL_KINDS, type JailKind } from '../../src/prove/guard/jail.ts';
import {
  changesBetween,
  changesOutOfPlace,
  listSandbox,
  type SandboxChange,
  whatWasWritten,
} from '../../src/prove/guard/written.ts';
import { type CrashSite, createCrashSite, PASSES_AT_ONCE } from '../../src/prove/real/site.ts';
import { RUN, runPawl, type StartOptions } from '../../src/prove/real/start.ts';
import { endOf, faultsOf, historyAt, type SiteEnd, viewIn } from '../../src/prove/real/verdict.ts';
import { todaysPart } from '../support/draw.ts';
import { hasNamespaces } from '../support/turn-bench.ts';

const TIMEOUT_MS = 300_000;

let sites: CrashSite[] = [];
let guards: Guard[] = [];
afterEach(() => {
  for (const guard of guards) guard.close();
  for (const site of sites) site.close();
  guards = [];
  sites = [];
});

type Way = 'alone' | 'watched' | JailKind;

/** A site, with a guard around it or without one, and perhaps in a jail of that kind. */
function guardedSite(way: Way): { readonly site: CrashSite; readonly guard: Guard | null } {
  let guard: Guard | null = null;
  const site = createCrashSite({
    script: PASSES_AT_ONCE,
    surroundings: ({ root }) => {
      if (way === 'alone') return { environment: {}, wrap: (argv) => argv };
      const made = createGuard(root, way === 'watched' ? [] : [way]);
      guards.push(made);
      guard = made;
      return { environment: made.environment(), wrap: (argv) => (way === 'watched' ? null : made.jail(argv)) ?? argv };
    },
  });
  sites.push(site);
  return { site, guard };
}

interface Done {
  readonly end: SiteEnd;
  readonly changes: readonly SandboxChange[];
}

/** The site's run, perhaps cut off first, to its end; what was written is listed before anybody else asks git. */
async function drive(
  site: CrashSite,
  { cut, start, look }: { cut?: StartOptions; start?: StartOptions; look?: () => void } = {},
): Promise<Done> {
  const before = listSandbox(site.repo);
  const histories: string[] = [];
  if (cut !== undefined) {
    const ended = await runPawl(site, RUN, cut);
    expect(ended.signal).toBe('SIGKILL');
    histories.push(historyAt(site));
  }
  const ended = await runPawl(site, RUN, start);
  look?.();
  const changes = changesBetween(before, listSandbox(site.repo));
  expect(await faultsOf(site, ended, histories)).toEqual([]);
  return { end: endOf(site, viewIn(ended)), changes };
}

/** The operations of one host are counted. */
function counting(site: CrashSite): StartOptions {
  const log = join(site.root, 'operations');
  return { plan: { role: 'host', task: 'implementation-e0-a1', at: 0, when: 'count', log } };
}

/** Their kinds. Heartbeats and looks at the worker come as often as there is time for them: once each counts. */
function countedAt(site: CrashSite): readonly string[] {
  const lines = readFileSync(join(site.root, 'operations'), 'utf8').split('\n');
  const told = lines.filter((line) => !line.startsWith('total '));
  expect(told.filter((line) => line.includes('guard'))).toEqual([]);
  const kinds = [...new Set(told.map((line) => line.replace(/^\d+ /, '').replace(/[0-9a-f]{12,}/g, '…')))].sort();
  expect(kinds.length).toBeGreaterThan(20);
  return kinds;
}

const jails = JAIL_KINDS.filter((kind) => {
  const root = mkdtempSync(join(tmpdir(), 'pawl-guarded-'));
  const guard = createGuard(root, [kind]);
  const isPermitted = guard.jail(['true']) !== null;
  guard.close();
  rmSync(root, { recursive: true });
  return isPermitted;
});

describe('a run of Pawl under the guard', () => {
  let undisturbed: SiteEnd;
  let operations: readonly string[];
  beforeAll(async () => {
    const { site } = guardedSite('alone');
    ({ end: undisturbed } = await drive(site, { start: counting(site) }));
    operations = countedAt(site);
  }, TIMEOUT_MS);

  // In a whole sweep in every jail that there is; else in one, another every day.
  const inJails = todaysPart(jails, jails.length);

  test.for(['watched', ...inJails] as const)(
    '(%s) does the same operations, is accused of nothing, ends as without it, and writes only what is Pawl’s to write',
    { timeout: TIMEOUT_MS },
    async (way) => {
      const { site, guard } = guardedSite(way);
      const index = join(site.repo.path, '.git/index');
      const { ino, ctimeMs } = statSync(index);
      const { end, changes } = await drive(site, {
        ...(way === 'watched' ? { start: counting(site) } : {}),
        look: () => expect(statSync(index)).toMatchObject({ ino, ctimeMs }),
      });
      if (way === 'watched') expect(countedAt(site)).toEqual(operations);
      expect(end).toEqual(undisturbed);
      expect(guard?.violations()).toEqual([]);
      // The runner, three hosts, the verification's worker, two scripted ones; before each of these, in a namespace, who tells how it ends.
      expect(guard?.report().watched).toBe(hasNamespaces ? 10 : 7);
      expect(changesOutOfPlace(changes)).toEqual([]);
      expect(whatWasWritten(changes)).toEqual([
        expect.stringMatching(/^\d+ files in the registry$/),
        expect.stringMatching(/^\d+ files in worktrees of runs$/),
        '1 branch of a run',
        expect.stringMatching(/^\d+ files in git's object store$/),
        expect.stringMatching(/^\d+ files of git's administration for these$/),
        expect.stringMatching(/^\d+ files of the proof itself$/),
      ]);
    },
  );

  const kills = [['host', 'watched'] as const, ...jails.map((jail) => ['runner', jail] as const)];

  // One of them each day.
  test.for(todaysPart(kills, kills.length))(
    'is killed (%s, %s) where the plan says, and continues, both programs loaded',
    { timeout: TIMEOUT_MS },
    async ([role, way]) => {
      const { site, guard } = guardedSite(way);
      const log = join(site.root, 'hit');
      const withParent = role === 'host';
      const plan = { role, at: 20, when: 'before', log, withParent, once: join(site.root, 'once') } as const;
      await drive(site, { cut: { plan } });
      expect(readFileSync(log, 'utf8')).toContain('killed 20 before');
      expect(guard?.violations()).toEqual([]);
    },
  );
});

describe('what is out of place in the sandbox', () => {
  test('is reported: checkout, home, references and files of git that are the user’s', () => {
    const { site } = guardedSite('alone');
    const before = listSandbox(site.repo);
    site.repo.write('src/one.txt', 'changed\n');
    site.repo.write(join(site.root, 'home', '.profile'), 'x\n');
    site.repo.write('.git/hooks/post-commit', 'x\n');
    site.repo.write('.pawl/registry.json', '{}');
    site.repo.git(['update-ref', 'refs/tags/a', 'HEAD']);
    const told = changesOutOfPlace(changesBetween(before, listSandbox(site.repo)));
    expect(told).toEqual([
      "home/.profile was changed, which belongs to the user's home folder",
      "repo/.git/hooks/post-commit was changed, which belongs to git's files of the user",
      "repo/src/one.txt was changed, which belongs to the user's checkout",
      "refs/tags/a was changed, which belongs to the user's references",
    ]);
  });

  test('is nothing when nothing was done', () => {
    const { site } = guardedSite('alone');
    expect(changesBetween(listSandbox(site.repo), listSandbox(site.repo))).toEqual([]);
  });

  test('a file that is written with the same bytes has been written', () => {
    const { site } = guardedSite('alone');
    const before = listSandbox(site.repo);
    const place = join(site.repo.path, 'verify.sh');
    expect(existsSync(place)).toBe(true);
    writeFileSync(place, readFileSync(place));
    expect(changesOutOfPlace(changesBetween(before, listSandbox(site.repo)))).toHaveLength(1);
  });
});
