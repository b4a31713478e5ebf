import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { cellNames, type PlannedKill, plannedKills } from '../../src/prove/kills.ts';
import type { Victim } from '../../src/prove/proof.ts';
import { allPoints } from '../../src/prove/real/points.ts';
import { createCrashSite } from '../../src/prove/real/site.ts';
import { RUN, runPawl } from '../../src/prove/real/start.ts';
import { rolesAndLimitsOf, siteOptionsOf, trialOptionsOf } from '../../src/prove/real/stories.ts';
import { doTrial, nameOf } from '../../src/prove/real/trial.ts';
import { endOf, faultsOf, type SiteEnd, viewIn } from '../../src/prove/real/verdict.ts';
import { bundlesIn } from '../support/bundles.ts';
import { todaysPart } from '../support/draw.ts';

const TIMEOUT_MS = 300_000;
const BUILT = fileURLToPath(new URL('../../dist', import.meta.url));
const HOUSEHOLD = rolesAndLimitsOf(parseConfig(null, 'pawl.config.json'));

function cellsOf(kills: readonly PlannedKill[]): readonly string[] {
  return kills.map(({ point }) => `${point.stage}/${point.class}`);
}

describe('the kills of a proof', () => {
  test('leave no cell of the checklist empty, at either level, whatever the seed', () => {
    for (const seed of [0, 1, 2, 3, 1_000_003]) {
      for (const level of ['smoke', 'full'] as const) {
        expect(new Set(cellsOf(plannedKills({ level, only: null, seed })))).toEqual(new Set(cellNames()));
      }
    }
  });

  test('are one of every cell at the smoke level, and at least 300 at the full one', () => {
    expect(plannedKills({ level: 'smoke', only: null, seed: 1 })).toHaveLength(cellNames().length);
    const full = plannedKills({ level: 'full', only: null, seed: 1 });
    const names = full.map((kill) => `${kill.point.stage}/${kill.point.class} ${nameOf(kill)}`);
    expect(new Set(names).size).toBe(names.length);
    console.info(
      `${full.length} kills at the full level, ${full.filter(({ again }) => again !== null).length} of them twice`,
    );
    expect(full.length).toBeGreaterThanOrEqual(300);
  });

  test('hit every victim in every stage that has one', () => {
    const victims: readonly Victim[] = ['runner', 'host', 'worker', 'runnerAndHost', 'all'];
    for (const stage of ['implementation', 'verification', 'internalReview', 'fixLoop']) {
      const hit = allPoints().filter((point) => point.stage === stage);
      expect(new Set(hit.flatMap((point) => point.victims))).toEqual(new Set(victims));
    }
  });

  test('are the same for the same seed and others for another', () => {
    const chosen = (seed: number): readonly string[] => plannedKills({ level: 'smoke', only: null, seed }).map(nameOf);
    expect(chosen(7)).toEqual(chosen(7));
    expect(chosen(7)).not.toEqual(chosen(8));
  });
});

/** One place of the built programs that says something else. */
interface Break {
  readonly name: string;
  readonly change: readonly [right: string, wrong: string];
  readonly at: readonly [moment: string, victim: Victim];
  readonly told: RegExp;
  /** Limits under which it shows, whichever of its processes is the faster one. */
  readonly limits?: Readonly<Record<string, number>>;
}

describe('a Pawl that breaks a law is found out', () => {
  let undisturbed: SiteEnd;
  beforeAll(async () => {
    const site = createCrashSite(siteOptionsOf('passes', HOUSEHOLD));
    const ended = await runPawl(site, RUN);
    expect(await faultsOf(site, ended, [])).toEqual([]);
    undisturbed = endOf(site, viewIn(ended));
    site.close();
  }, TIMEOUT_MS);

  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  /** The built programs, broken in one place. Returns the command line. */
  function broken(right: string, wrong: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'pawl-broken-'));
    folders.push(folder);
    cpSync(BUILT, join(folder, 'dist'), { recursive: true });
    cpSync(join(BUILT, '../package.json'), join(folder, 'package.json'));
    symlinkSync(join(BUILT, '../node_modules'), join(folder, 'node_modules'));
    const places = bundlesIn(join(folder, 'dist/src')).filter(({ text }) => text.includes(right));
    expect(places, right).not.toEqual([]);
    for (const { path, text } of places) {
      expect(text.split(right), `${path}: ${right}`).toHaveLength(2);
      writeFileSync(path, text.replace(right, wrong));
    }
    return join(folder, 'dist/src/cli/main.js');
  }

  async function faultsWith(program: string, { at: [name, victim], limits }: Break): Promise<readonly string[]> {
    const point = allPoints().find((each) => each.stage === 'implementation' && each.name === name);
    if (point === undefined) throw new Error(`there is no moment: ${name}`);
    const options = trialOptionsOf(point, HOUSEHOLD);
    const site = { ...options, program, limits: { ...options.limits, ...limits } };
    const { faults } = await doTrial({ point, victim, again: null, site, undisturbed, look: () => [] });
    return faults;
  }

  /** What is broken, by which moment and victim it is found, and what is said of it. */
  const BREAKS: readonly Break[] = [
    {
      name: 'takes a living host for dead',
      change: ['judgeLife(identity, here, sightPid)', "'dead'"],
      at: ['the worker works', 'runner'],
      told: /./,
      // A host that is taken for dead before it could claim is started once more: with one start allowed, that is one too many.
      limits: { hostStartsMax: 1 },
    },
    {
      name: 'builds upon half a record',
      change: ['files.fs.truncate(fd, reading.keptSize)', 'undefined'],
      at: ['half of the record of the end is written', 'runner'],
      told: /./,
    },
    {
      name: 'lets its worker go before it is on record',
      change: [
        'const path = join(task.taskFolder, TASK_FILES.agent);',
        'worker.open(); const path = join(task.taskFolder, TASK_FILES.agent);',
      ],
      at: ['the worker waits at its gate, unrecorded', 'runnerAndHost'],
      told: /unrecorded/,
    },
  ];

  // One of them each day.
  test.for(todaysPart(BREAKS, BREAKS.length))('one that $name', { timeout: TIMEOUT_MS }, async (each) => {
    const faults = await faultsWith(broken(...each.change), each);
    expect(faults.join('\n')).toMatch(each.told);
  });
});
