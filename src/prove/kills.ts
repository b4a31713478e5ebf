/**
 * The kills of a proof: which are done at a level, two at a time, and the cells that they fill.
 *
 * Owns: choosing kills by level and seed, running them, the cells. Does not own: the moments (real/points), one kill (real/trial).
 *
 * Invariants: 1. Every cell has at least one kill at every level, or says why it can have none. 2. The same level and seed choose the same kills for a cell, whichever others are done.
 */
import type { Outside } from './outside.ts';
import { type CellName, type CellResult, CLASSES, type KillResult, type Level, STAGES, type Victim } from './proof.ts';
import { allPoints, type Point, type Story } from './real/points.ts';
import { createCrashSite, type SiteOptions } from './real/site.ts';
import { RUN, runPawl } from './real/start.ts';
import { type RolesAndLimits, siteOptionsOf, trialOptionsOf } from './real/stories.ts';
import { doTrial } from './real/trial.ts';
import { endOf, faultsOf, type SiteEnd, viewIn } from './real/verdict.ts';

/** One kill that is to be done. */
export interface PlannedKill {
  readonly point: Point;
  readonly victim: Victim;
  /** The counted operation at which the start that recovers is killed as well, null when it is not. */
  readonly again: number | null;
}

/** What the kills of a proof are done with. */
export interface KillOptions {
  readonly level: Level;
  /** The cells whose kills are done, null for all. */
  readonly only: readonly CellName[] | null;
  readonly seed: number;
  readonly rolesAndLimits: RolesAndLimits;
  /** How many at once. */
  readonly parallel: number;
  /** Watches over every site. */
  readonly outside: Outside;
  onProgress(done: number, of: number): void;
}

/** The second kill comes within so many operations of the start that recovers. */
const AGAIN_WITHIN = 60;
/** Moments that cost seconds of waiting, for which a smoke test has no time. */
const SLOW = 'longWait';

/** The kills of a level, chosen by the seed: one of every cell, or all, with second kills. */
export function plannedKills({
  level,
  only,
  seed,
}: Pick<KillOptions, 'level' | 'only' | 'seed'>): readonly PlannedKill[] {
  const all = allPoints().filter((point) => isAmong(only, cellOf(point)));
  if (level === 'smoke')
    return cellNames().flatMap((name, n) =>
      oneOf(
        all.filter((point) => cellOf(point) === name),
        seed + n,
      ),
    );
  const once = all.flatMap((point) => point.victims.map((victim) => ({ point, victim, again: null })));
  const twice = all
    .filter(({ twist, victims }) => twist === 'none' && victims.includes('runner'))
    .map((point, n) => ({ point, victim: 'runner' as const, again: 1 + (mixed(seed, n) % AGAIN_WITHIN) }))
    .filter((_, n) => n % 2 === seed % 2);
  return [...once, ...twice];
}

/** All cells, by name. */
export function cellNames(): readonly CellName[] {
  return STAGES.flatMap((stage) => CLASSES.map((kind): CellName => `${stage}/${kind}`));
}

/** Does the kills. Throws when a run that nobody kills does not end well: then there is nothing to compare with. */
export async function doKills(options: KillOptions): Promise<readonly CellResult[]> {
  const planned = plannedKills(options);
  const undisturbed = await undisturbedEnds(planned, options);
  const results = new Map<PlannedKill, KillResult>();
  const waiting = [...planned];
  const work = async (): Promise<void> => {
    for (let kill = waiting.shift(); kill !== undefined; kill = waiting.shift()) {
      const { point } = kill;
      const site = { ...trialOptionsOf(point, options.rolesAndLimits), surroundings: around(options.outside, false) };
      results.set(
        kill,
        await doTrial({
          ...kill,
          site,
          undisturbed: endFor(undisturbed, point.story),
          look: ({ repo }) => options.outside.look(repo),
        }),
      );
      options.onProgress(results.size, planned.length);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, work));
  return STAGES.flatMap((stage) =>
    CLASSES.filter((kind) => isAmong(options.only, `${stage}/${kind}`)).map((kind) => {
      const kills = planned.filter(({ point }) => point.stage === stage && point.class === kind);
      const done = kills.flatMap((kill) => results.get(kill) ?? []);
      return { stage, class: kind, impossible: null, kills: done };
    }),
  );
}

async function undisturbedEnds(
  planned: readonly PlannedKill[],
  options: KillOptions,
): Promise<ReadonlyMap<Story, SiteEnd>> {
  const ends = new Map<Story, SiteEnd>();
  for (const { point } of planned) {
    if (!ends.has(point.story)) ends.set(point.story, await undisturbedEnd(point.story, options));
  }
  return ends;
}

async function undisturbedEnd(story: Story, { rolesAndLimits, outside }: KillOptions): Promise<SiteEnd> {
  const site = createCrashSite({ ...siteOptionsOf(story, rolesAndLimits), surroundings: around(outside, true) });
  try {
    const ended = await runPawl(site, RUN);
    const faults = [...(await faultsOf(site, ended, [])), ...outside.look(site.repo)];
    if (faults.length > 0) throw new Error(`a run that nobody kills does not end well: ${faults.join('\n')}`);
    return endOf(site, viewIn(ended));
  } finally {
    site.close();
  }
}

function around(outside: Outside, isJailed: boolean): NonNullable<SiteOptions['surroundings']> {
  return (repo) => outside.surround(repo, isJailed);
}

function endFor(ends: ReadonlyMap<Story, SiteEnd>, story: Story): SiteEnd {
  const end = ends.get(story);
  if (end === undefined) throw new Error(`bug: nobody has played ${story}`);
  return end;
}

function cellOf({ stage, class: kind }: Point): CellName {
  return `${stage}/${kind}`;
}

function isAmong(only: readonly CellName[] | null, name: CellName): boolean {
  return only === null || only.includes(name);
}

function oneOf(points: readonly Point[], seed: number): readonly PlannedKill[] {
  const all = points
    .filter(({ twist }) => twist !== SLOW)
    .flatMap((point) => point.victims.map((victim) => ({ point, victim, again: null })));
  return all.filter((_, n) => n === mixed(seed, all.length) % all.length);
}

/** A number that looks like none in particular, the same for the same two. */
function mixed(seed: number, n: number): number {
  return (Math.imul(seed * 7_919 + n * 104_729 + 1, 2_654_435_761) >>> 0) % 65_536;
}
