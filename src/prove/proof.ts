/**
 * What a restart proof is: the checklist of stages and classes, and everything that was tried and found.
 *
 * Owns: the document that `proof.json` holds. Does not own: doing any of it, showing it.
 */
import { shellCommand } from '../base/shell-words.ts';
import type { SystemProof } from './system/system-proof.ts';

/** Where in the life of a run its processes are killed. */
export const STAGES = ['implementation', 'verification', 'internalReview', 'fixLoop', 'handoffReady'] as const;

/** Where in the life of a run its processes are killed. */
export type Stage = (typeof STAGES)[number];

/** How far that stage has come, and what has become of what was recorded of it. */
export const CLASSES = [
  'intentBeforeSpawn',
  'spawnedBeforeResult',
  'resultBeforeEvent',
  'eventBeforeSnapshot',
  'staleOrTimeout',
  'conflictingOrLate',
] as const;

/** How far that stage has come, and what has become of what was recorded of it. */
export type KillClass = (typeof CLASSES)[number];

/** `<stage>/<class>`, as `--cell` takes it. */
export type CellName = `${Stage}/${KillClass}`;

/** What is killed: one process, runner and host together, or everything at once (a power cut of processes). */
export type Victim = 'runner' | 'host' | 'worker' | 'runnerAndHost' | 'all';

/** How thorough a proof is. */
export type Level = 'smoke' | 'full';

/** One kill, and the start after it. */
export interface KillResult {
  /** Unique within the proof, in words: moment and victim. */
  readonly name: string;
  readonly victim: Victim;
  /** The moment at which it was killed, as it was reached. */
  readonly moment: string;
  /** The file operation, file or signal that was hit; null when the moment never came, which is a fault. */
  readonly hit: string | null;
  /** The state in which the run ended, null when it did not. */
  readonly end: string | null;
  /** Workers that the journal says were started, and those that left a line in the witness file. */
  readonly starts: { readonly recorded: number; readonly witnessed: number };
  /** Acknowledged events before the kill, all of which must still be there after it. */
  readonly eventsChecked: number;
  /** From the start of the process that recovers to its first resumed effect; null when nothing was left to resume. */
  readonly recoveryMs: number | null;
  /** What does not hold, each a sentence; empty when everything does. */
  readonly faults: readonly string[];
}

/** One cell of the checklist. */
export interface CellResult {
  readonly stage: Stage;
  readonly class: KillClass;
  /** Why this cannot occur, null where it can. */
  readonly impossible: string | null;
  readonly kills: readonly KillResult[];
}

/** The machines' states, walked. */
export interface ModelResult {
  /** Every system of the product, proven as any system is: by the laws of all of them, and by stops of its engine. */
  readonly systems: readonly SystemProof[];
  /** The walks that one system has for itself. */
  readonly worlds: readonly { readonly name: string; readonly states: number; readonly steps: number }[];
  /** Invariants that do not hold, each with the way to the state; empty when all hold. */
  readonly faults: readonly string[];
  readonly tookMs: number;
}

/** Kills in a simulated machine, at every call of the ports. */
export interface MatrixResult {
  /** Runs that were played: paths of the cover. */
  readonly stories: number;
  /** Steps of the cover that were walked, of so many. */
  readonly edges: { readonly walked: number; readonly of: number };
  /** Points at which the world was stopped once, and twice. */
  readonly cases: { readonly single: number; readonly double: number };
  /** How many cases there were by port call, as `journal.sync`. */
  readonly byCall: Readonly<Record<string, number>>;
  readonly starts: { readonly expected: number; readonly witnessed: number };
  readonly eventsChecked: number;
  readonly faults: readonly string[];
  readonly tookMs: number;
}

/** File operations that the system refused. */
export interface InjectionResult {
  /** How many were injected, by system code or kind (`ENOSPC`, `short`). */
  readonly injected: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  readonly tookMs: number;
}

/** Daemons that were killed, each followed by the next one on the same state folder, with clients connected. */
export interface DaemonResult {
  readonly kills: number;
  /** How many of them by moment, in words. */
  readonly byMoment: Readonly<Record<string, number>>;
  /** Workers that were at work when their daemon died, over all kills. */
  readonly workersAtWork: number;
  /** Commands under keys; `repeated`: those that were sent more than once, because nobody had answered. */
  readonly commands: { readonly sent: number; readonly accepted: number; readonly repeated: number };
  /** Changes that the followers have seen, and how often they could not reach the daemon. */
  readonly changes: { readonly followed: number; readonly reconnections: number };
  readonly starts: { readonly recorded: number; readonly witnessed: number };
  /** From the start of a daemon until it was ready, ms; null where none lived that long. */
  readonly ready: { readonly count: number; readonly p50Ms: number; readonly slowestMs: number } | null;
  readonly faults: readonly string[];
  readonly tookMs: number;
}

/** What was changed outside of the sandbox: nothing. */
export interface OutsideResult {
  /** How it was watched, each a sentence: what was watched, and by what. */
  readonly guards: readonly string[];
  /** What the runs wrote, as places relative to the sandbox with counts: registry, worktree, branch. */
  readonly wrote: readonly string[];
  /** Connections and changes that must not be; empty when there were none. */
  readonly violations: readonly string[];
}

/** Times from the start of a process to its first resumed effect, ms. */
export interface RecoveryTimes {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly slowestMs: number;
  /** By journal length: what opening a longer journal costs. */
  readonly growth: readonly { readonly records: number; readonly ms: number }[];
}

/** Where and with what it was done. */
export interface Circumstances {
  readonly pawl: string;
  readonly node: string;
  readonly git: string;
  readonly system: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly isolation: string;
  /** The configuration that roles and limits were taken from, null for the defaults. */
  readonly configuration: string | null;
  readonly roles: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, unknown>>;
}

/** A proof, whole or of some cells. The parts that were not asked for are null. */
export interface Proof {
  readonly v: 1;
  readonly level: Level;
  /** The cells that it was asked for, null for all. */
  readonly only: readonly CellName[] | null;
  readonly seed: number;
  readonly startedAt: string;
  readonly tookMs: number;
  readonly circumstances: Circumstances;
  readonly cells: readonly CellResult[];
  readonly model: ModelResult | null;
  readonly matrix: MatrixResult | null;
  readonly injections: InjectionResult | null;
  readonly daemon: DaemonResult | null;
  readonly outside: OutsideResult;
  readonly recovery: RecoveryTimes | null;
  /** True when every cell and every part holds. */
  readonly holds: boolean;
}

/** The command that does one cell again. */
export function reproduction(proof: Pick<Proof, 'seed' | 'level'>, { stage, class: kind }: CellResult): string {
  const { level, seed } = proof;
  return shellCommand(['pawl', 'prove', '--cell', `${stage}/${kind}`, '--level', level, '--seed', String(seed)]);
}
