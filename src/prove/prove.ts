/**
 * The restart proof: walks the model, stops a simulated machine everywhere, injects faults, kills real processes and daemons, and puts it all into one document.
 *
 * Owns: the order, the verdict. Does not own: any of the parts, showing the document (report), choosing the options (cli).
 *
 * Invariant: 1. It holds only when every part and every cell does; a part that was not done does not count as one that holds.
 */
import { spanMs } from '../base/elapsed.ts';
import { proveDaemon } from './daemon/prove-daemon.ts';
import { measureGrowth } from './growth.ts';
import { injectHostFaults } from './host-faults.ts';
import { injectFaults } from './inject-faults.ts';
import { doKills } from './kills.ts';
import { runMatrix } from './matrix.ts';
import { Outside } from './outside.ts';
import type { CellName, CellResult, Circumstances, InjectionResult, Level, Proof, RecoveryTimes } from './proof.ts';
import type { RolesAndLimits } from './real/stories.ts';
import { doesHold } from './report/findings.ts';
import { walkModel } from './walk-model.ts';

/** What is proven, and how. */
export interface ProveOptions {
  readonly level: Level;
  /** The kills of some cells alone, null for everything. */
  readonly only: readonly CellName[] | null;
  readonly seed: number;
  readonly rolesAndLimits: RolesAndLimits;
  readonly circumstances: Circumstances;
  /** Sites at once. */
  readonly parallel: number;
  onProgress(part: Part, done: number, of: number): void;
}

/** A part of a proof, as it is told while it runs. */
export type Part = 'model' | 'matrix' | 'injections' | 'kills' | 'daemon' | 'growth';

/** Which share of the simulated cases a level does. */
const SHARE: Readonly<Record<Level, number>> = { smoke: 0.02, full: 1 };
/** Lengths of the journals that are opened, in records. */
const LENGTHS: Readonly<Record<Level, readonly number[]>> = { smoke: [100, 1_000], full: [100, 1_000, 10_000] };

/** Does the proof. Throws when it cannot be done at all: then nothing is proven. */
export async function prove(options: ProveOptions): Promise<Proof> {
  const { level, only, seed, circumstances } = options;
  const startedAt = new Date().toISOString();
  const sinceMs = performance.now();
  const outside = new Outside();
  const told = (part: Part) => (done: number, of: number) => options.onProgress(part, done, of);
  const share = SHARE[level];
  const isWhole = only === null;
  const model = isWhole ? await walkModel({ level, seed, onProgress: told('model') }) : null;
  const matrix = isWhole ? await runMatrix({ seed, share, onProgress: told('matrix') }) : null;
  const injections = isWhole ? await injectEverywhere(seed, share, told('injections')) : null;
  const cells = await doKills({ ...options, outside, onProgress: told('kills') });
  const daemon = isWhole ? await proveDaemon({ ...options, onProgress: told('daemon') }) : null;
  const growth = isWhole ? await measureGrowth(LENGTHS[level], told('growth')) : [];
  const parts = {
    v: 1,
    level,
    only,
    seed,
    startedAt,
    tookMs: Math.round(spanMs(sinceMs, performance.now())),
    circumstances,
    cells,
    model,
    matrix,
    injections,
    daemon,
    outside: outside.result(),
    recovery: recoveryTimes(cells, growth),
  } as const;
  const isDone = only !== null || (model !== null && matrix !== null && injections !== null && daemon !== null);
  const found = { ...parts, holds: isDone };
  return { ...found, holds: doesHold(found) };
}

/** Into the operations of a runner, and into those of its hosts. */
async function injectEverywhere(
  seed: number,
  share: number,
  onProgress: (done: number, of: number) => void,
): Promise<InjectionResult> {
  const hosts = await injectHostFaults({ seed, share, onProgress });
  const runners = await injectFaults({ seed, share, onProgress });
  const kinds = [...new Set([...Object.keys(runners.injected), ...Object.keys(hosts.injected)])];
  return {
    injected: Object.fromEntries(
      kinds.map((kind) => [kind, (runners.injected[kind] ?? 0) + (hosts.injected[kind] ?? 0)]),
    ),
    faults: [...hosts.faults, ...runners.faults],
    tookMs: hosts.tookMs + runners.tookMs,
  };
}

function recoveryTimes(cells: readonly CellResult[], growth: RecoveryTimes['growth']): RecoveryTimes | null {
  const times = cells.flatMap(({ kills }) => kills.flatMap(({ recoveryMs }) => recoveryMs ?? [])).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  if (times.length === 0) return null;
  return { count: times.length, p50Ms: at(0.5), p99Ms: at(0.99), slowestMs: at(1), growth };
}
