/**
 * Killing Pawl at one point and starting it again, over many points: what was hit, what went wrong.
 *
 * Owns: one trial, running trials two at a time, the report. Does not own: the site, the verdict's rules (real/verdict).
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Comparison, isTheSame } from '../../src/prove/real/compare.ts';
import type { Plan } from '../../src/prove/real/plan.ts';
import { type CrashSite, createCrashSite, type SiteOptions } from '../../src/prove/real/site.ts';
import { type Ended, RUN, runPawl, type StartOptions } from '../../src/prove/real/start.ts';
import { endOf, faultsOf, historyAt, type SiteEnd, viewIn } from '../../src/prove/real/verdict.ts';
import { deadlyGit, type GitDeath } from './crash-git.ts';
import { IS_WHOLE, SEED } from './draw.ts';

/** One start that is cut off, by a plan or after a time. */
export interface Cut {
  readonly plan?: Omit<Plan, 'log' | 'once'>;
  /** Killed from outside after so many milliseconds. */
  readonly afterMs?: number;
  /** A git that dies. */
  readonly git?: GitDeath;
  /** What this start must come to; `died` by default. */
  readonly outcome?: keyof typeof JUDGES;
}

/** Cut starts one after another, then one that is left alone. */
export interface Trial {
  readonly name: string;
  readonly cuts: readonly Cut[];
}

/** What came of a trial. */
export interface TrialResult {
  readonly name: string;
  /** What was killed, by the words of the preloaded program; empty when the process had ended before. */
  readonly hits: readonly string[];
  readonly faults: readonly string[];
}

/** The end of a run that nobody kills, and the operations that `role` does in it. */
export async function undisturbedEnd(
  options: SiteOptions,
  role: Plan['role'] = 'runner',
  task?: string,
): Promise<{ readonly end: SiteEnd; readonly operations: readonly string[] }> {
  const site = createCrashSite(options);
  try {
    const log = join(site.root, 'operations');
    const plan = { role, at: 0, when: 'count', log, ...(task === undefined ? {} : { task }) } as const;
    const ended = await runPawl(site, RUN, { plan });
    const faults = await faultsOf(site, ended, []);
    if (faults.length > 0) throw new Error(`undisturbed, and yet: ${faults.join('\n')}`);
    const operations = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    return { end: endOf(site, viewIn(ended)), operations: operations.filter((line) => !line.startsWith('total')) };
  } finally {
    site.close();
  }
}

/** The end of a run that nobody kills, and how many gits it starts. */
export async function countGits(options: SiteOptions): Promise<{ readonly end: SiteEnd; readonly gits: number }> {
  const site = createCrashSite(options);
  try {
    const git = deadlyGit(site, null);
    const ended = await runPawl(site, RUN, { env: git.env });
    const gits = git.count();
    const faults = await faultsOf(site, ended, []);
    if (faults.length > 0) throw new Error(`undisturbed, and yet: ${faults.join('\n')}`);
    return { end: endOf(site, viewIn(ended)), gits };
  } finally {
    site.close();
  }
}

/** What a cut start has come to, against what it must come to: the faults. */
const JUDGES = {
  /** The runner is killed; or it had ended before. */
  died: (_site: CrashSite, ended: Ended): readonly string[] =>
    ended.isStuck ? [`stuck: ${ended.stderr.slice(-600)}`] : [],
  /** The runner lives and brings the run to its good end by itself. */
  finished: async (site: CrashSite, ended: Ended): Promise<readonly string[]> =>
    (await faultsOf(site, ended, [])).map((fault) => `already at first: ${fault}`),
  /** The runner says by a code what was refused (exit 7), or could do without; it parks nothing. */
  told: (_site: CrashSite, ended: Ended): readonly string[] => {
    if (ended.code === 0) return [];
    if (ended.code === 7 && /PAWL_(STORE|GIT)_[A-Z_]+/.test(ended.stdout)) return [];
    return [`exit ${ended.code ?? ended.signal}: ${ended.stdout.slice(-1_000)} ${ended.stderr.slice(-1_500)}`];
  },
} as const;

/** Does the trial at a site of its own. */
export async function doTrial(
  trial: Trial,
  options: SiteOptions,
  undisturbed: SiteEnd,
  compare: Comparison,
): Promise<TrialResult> {
  const site = createCrashSite(options);
  try {
    const faults: string[] = [];
    const histories: string[] = [];
    const hits: string[] = [];
    for (const [n, cut] of trial.cuts.entries()) {
      const { start, hit } = startOf(site, cut, n);
      const ended = await runPawl(site, RUN, start);
      histories.push(historyAt(site));
      if (cut.afterMs === undefined) faults.push(...(await JUDGES[cut.outcome ?? 'died'](site, ended)));
      const found = hit(ended);
      if (found !== null) hits.push(found);
    }
    const ended = await runPawl(site, RUN);
    faults.push(...(await faultsOf(site, ended, histories)));
    if (ended.code === 0) faults.push(...compare(endOf(site, viewIn(ended)), undisturbed));
    return { name: trial.name, hits, faults: faults.map((fault) => `${fault}${excerpt(site)}`) };
  } finally {
    site.close();
  }
}

function startOf(
  site: CrashSite,
  { plan, afterMs, git }: Cut,
  n: number,
): { readonly start: StartOptions; hit(ended: Ended): string | null } {
  const log = join(site.root, `hit-${n}`);
  const deadly = git === undefined ? null : deadlyGit(site, git, n);
  const start = {
    ...(plan === undefined ? {} : { plan: { ...plan, log, once: join(site.root, `once-${n}`) } }),
    ...(afterMs === undefined ? {} : { timeoutMs: afterMs }),
    ...(deadly === null ? {} : { env: deadly.env }),
  };
  const hit = (ended: Ended): string | null => {
    if (deadly !== null) return existsSync(deadly.hit) ? readFileSync(deadly.hit, 'utf8').trim().slice(-200) : null;
    if (afterMs !== undefined) return ended.signal === 'SIGKILL' ? `killed after ${afterMs} ms` : null;
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
    return lines.find((line) => /^(killed|failed)/.test(line)) ?? null;
  };
  return { start, hit };
}

/** The last words of the journal, for a fault that is to be understood. */
function excerpt(site: CrashSite): string {
  if (process.env.PAWL_CRASH_VERBOSE === undefined) return '';
  return `\n${historyAt(site)
    .split('\n')
    .slice(-12)
    .map((line) => line.slice(0, 300))
    .join('\n')}`;
}

/** Does the trials, two at a time. With PAWL_CRASH_REPORT every result is appended to that file as a line. */
export async function sweep(
  trials: readonly Trial[],
  options: SiteOptions,
  undisturbed: SiteEnd,
  compare: Comparison = isTheSame,
): Promise<readonly TrialResult[]> {
  const results: TrialResult[] = [];
  const waiting = [...trials];
  const report = process.env.PAWL_CRASH_REPORT;
  const work = async (): Promise<void> => {
    for (let trial = waiting.shift(); trial !== undefined; trial = waiting.shift()) {
      const result = await doTrial(trial, options, undisturbed, compare);
      results.push(result);
      if (report !== undefined) appendFileSync(report, `${JSON.stringify(result)}\n`);
    }
  };
  await Promise.all([work(), work()]);
  return results;
}

/** The faults of all results, each with the name of its trial: empty when every one was clean. */
export function faultsIn(results: readonly TrialResult[]): readonly string[] {
  return results.flatMap(({ name, hits, faults }) => faults.map((fault) => `${name} [${hits.join('; ')}]: ${fault}`));
}

/** In a whole sweep every one of them, else `count`, evenly apart, from where the seed and `salt` say. */
export function sampled<T>(all: readonly T[], count: number, salt = 0): readonly T[] {
  if (IS_WHOLE) return all;
  const first = (SEED * 7_919 + salt * 104_729) % Math.max(all.length, 1);
  const places = Array.from({ length: count }, (_, n) => (first + Math.floor((n * all.length) / count)) % all.length);
  return all.filter((_, n) => places.includes(n));
}
