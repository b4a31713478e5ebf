/**
 * The guard of a proof: whatever the trials start is watched, and must change nothing outside of its sandbox and use no network.
 *
 * Owns: the guard around one sandbox, and what several of them say together. Does not own: watching from inside (preload), the kernel's part
 * (jail), what was written (written).
 *
 * Invariants: 1. It fails closed: a guard under which nothing has reported itself, or whose counters are gone, is a violation. 2. It lists how it
 * watched, and says so where a way was not available.
 */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtPath } from '../../adapters/built-path.ts';
import { GUARD_VARIABLE, type GuardPlan, readGuardLog } from './guard-log.ts';
import { withImport } from './hand-on.ts';
import { type JailKind, type JailResult, openJail } from './jail.ts';

/** What a guard knows once its trial has ended. */
export interface GuardReport {
  /** Node processes that reported themselves at their start. */
  readonly watched: number;
  /** Commands that were started inside of the jail. */
  readonly jailed: number;
  /** Why there is no jail; null where there is one, or none was asked for. */
  readonly obstacle: string | null;
  /** Connections and changes that must not be, each a sentence. */
  readonly violations: readonly string[];
}

/** The guard around one sandbox. */
export interface Guard {
  /** Variables to add to the environment of what a trial starts; `base` is that environment, whose NODE_OPTIONS are kept. */
  environment(base?: NodeJS.ProcessEnv): Readonly<Record<string, string>>;
  /**
   * What to start instead of `argv`, in the same folder, so that it runs in the jail; null where there is none. Where `pids` says `inner`, pids in
   * registers mean other processes outside: such a trial is killed by a plan, or by what is found outside.
   */
  jail(argv: readonly string[]): readonly string[] | null;
  /** What pids in registers mean: `outer` ones may be signalled by whoever made the guard. */
  pids(): 'outer' | 'inner';
  /** Connections and changes that must not be, up to now. */
  violations(): readonly string[];
  /** How it was watched, each a sentence. */
  guards(): readonly string[];
  /** To be called while the sandbox is still there. */
  report(): GuardReport;
  /** The jail is abandoned. */
  close(): void;
}

/** Takes the lines of the watched processes; it lies in the sandbox, where the jail lets them write. */
const GUARD_LOG = 'guard.log';
const PRELOAD = pathToFileURL(builtPath('prove/guard/preload.js')).href;
const VIOLATIONS_MAX = 50;

/** A guard around everything in `sandboxRoot`, which is there. The jail is made when it is first asked for: of the first of `kinds` that is permitted. */
export function createGuard(sandboxRoot: string, kinds: readonly JailKind[]): Guard {
  const root = realpathSync(sandboxRoot);
  const plan: GuardPlan = { roots: [root], log: join(root, GUARD_LOG) };
  let isUsed = false;
  let jailed = 0;
  let result: JailResult | null = null;
  const report = (): GuardReport => {
    const lines = readGuardLog(plan.log);
    const watched = lines.filter(({ kind }) => kind === 'watched').length;
    const violations = lines
      .filter(({ kind }) => kind === 'violation')
      .map(({ program, pid, action }) => `${program} (pid ${pid}) ${action}`);
    if (isUsed && watched === 0) violations.push('no process loaded the guard');
    return {
      watched,
      jailed,
      obstacle: result?.kind === 'none' ? result.why : null,
      violations: bounded([...violations, ...jailViolations(result)]),
    };
  };
  return {
    environment: (base = {}) => {
      isUsed = true;
      return { NODE_OPTIONS: withImport(base.NODE_OPTIONS, PRELOAD), [GUARD_VARIABLE]: JSON.stringify(plan) };
    },
    jail: (argv) => {
      result ??= openJail(root, kinds);
      if (result.kind === 'none') return null;
      jailed += 1;
      return result.jail.wrap(argv);
    },
    pids: () => (result?.kind === 'jail' && result.jail.kind === 'user' ? 'inner' : 'outer'),
    violations: () => report().violations,
    guards: () => guardSentences([report()]),
    report,
    close: () => {
      if (result?.kind === 'jail') result.jail.close();
    },
  };
}

function jailViolations(result: JailResult | null): readonly string[] {
  if (result?.kind !== 'jail') return [];
  const attempts = result.jail.attempts();
  if (attempts === null) return ["the jail's counters of the network are gone"];
  return attempts === 0 ? [] : [`the network was tried ${attempts} times in the jail, by the kernel's counters`];
}

function bounded(violations: readonly string[]): readonly string[] {
  if (violations.length <= VIOLATIONS_MAX) return violations;
  return [...violations.slice(0, VIOLATIONS_MAX), `and ${violations.length - VIOLATIONS_MAX} more`];
}

/** How all these guards have watched, each a sentence. */
export function guardSentences(reports: readonly GuardReport[]): readonly string[] {
  const watched = reports.reduce((sum, report) => sum + report.watched, 0);
  const jailed = reports.reduce((sum, report) => sum + report.jailed, 0);
  const obstacles = new Set(reports.flatMap(({ obstacle }) => obstacle ?? []));
  const sentences = [
    `Loaded into ${watched} Node processes (runners, hosts, workers): reported every use of the network and every call that changes a file outside the sandbox.`,
  ];
  if (jailed > 0) {
    sentences.push(
      `In a jail of the kernel, with all that they started: ${jailed} of the starts of Pawl. There, all but the sandbox is read-only, there is no network, and the kernel counts what was tried on it.`,
    );
  }
  for (const why of obstacles) {
    sentences.push(`No jail of the kernel (${why}): programs other than Node's own were not watched.`);
  }
  return sentences;
}
