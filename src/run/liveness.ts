/**
 * Whether what a run's state says is true of the world now: who drives it, which processes of its task live, when it last gave a sign of life.
 *
 * Owns: the judgement over these facts, and its words. Does not own: reading them (engine/liveness), what a start does (run/recovery).
 *
 * Invariants: 1. Nothing is called dead that is not proven dead; what cannot be judged is called unclear. 2. A run is called working only
 * while somebody drives it and nothing of its task is known to be gone.
 */
import { elapsed, spanMs } from '../base/elapsed.ts';
import { BOUNDS } from '../model/limits.ts';
import { clockTime, type DriverFacts } from './next-actions.ts';
import { recoveryAction } from './recovery.ts';
import { type RecoveryFinding, staleLeaseFinding, taskFinding } from './recovery-findings.ts';

/** What is known about a process, or that none is recorded. */
export type ProcessState = 'none' | 'alive' | 'dead' | 'unknown';

/** The signs of life of one task. */
export interface TaskSigns {
  readonly taskId: string;
  readonly claim: 'none' | 'revoked' | 'host';
  readonly host: ProcessState;
  readonly hostPid: number | null;
  /** The recorded worker itself: what it has started is not searched for. */
  readonly worker: ProcessState;
  readonly workerPid: number | null;
  readonly hasOutcome: boolean;
  readonly startedAtMs: number | null;
  /** When its host ends it, unless it has ended by then. */
  readonly deadlineAtMs: number | null;
  /** When its host last showed that it lives. */
  readonly heartbeatAtMs: number | null;
  /** When it last wrote output; null while there is none. */
  readonly outputAtMs: number | null;
  readonly outputBytes: number;
}

/** How a run's state compares with the world. */
export type Standing =
  /** Driven, and nothing of its task is known to be gone. */
  | 'working'
  /** Its worker and host live; nothing drives the registry, so nothing happens when the worker ends. */
  | 'unattended'
  /** Its host lives, but has given no sign of life for too long. */
  | 'silent'
  /** Its host is dead, its worker lives. */
  | 'orphaned'
  /** Host and worker are dead, and no outcome was left. */
  | 'gone'
  /** The worker has ended, and nobody has recorded it. */
  | 'ended'
  /** Nothing runs, and nobody drives. */
  | 'halted'
  /** Unknown from here. */
  | 'unclear';

/** The liveness of a run that can move. */
export interface Liveness {
  readonly standing: Standing;
  readonly driver: DriverFacts;
  /** Of the open task; null between tasks. */
  readonly task: TaskSigns | null;
  /** The last sign of life: of the host, the output, or the journal. */
  readonly lastSignAtMs: number | null;
  /** What the next start would find, as far as a quick check can tell; none while a process drives. */
  readonly findings: readonly RecoveryFinding[];
}

/** The facts for the judgement. */
export interface LivenessFacts {
  readonly driver: DriverFacts;
  readonly task: TaskSigns | null;
  readonly updatedAtMs: number | null;
  readonly leaseExpiresAtMs: number | null;
  /** What a start would find in journal and snapshot. */
  readonly inFiles: readonly RecoveryFinding[];
  readonly nowMs: number;
}

/** How the run's state compares with the world. */
export function livenessOf(facts: LivenessFacts): Liveness {
  const { driver, task, updatedAtMs, leaseExpiresAtMs, inFiles, nowMs } = facts;
  const signs = [task?.heartbeatAtMs, task?.outputAtMs, updatedAtMs].filter((at) => typeof at === 'number');
  const isDriven = driver.kind === 'alive';
  return {
    standing: task === null ? withoutTask(driver) : ofTask(task, driver, nowMs),
    driver,
    task,
    lastSignAtMs: signs.length === 0 ? null : Math.max(...signs),
    findings: isDriven
      ? []
      : [
          ...inFiles,
          ...(task === null ? [] : [taskFinding(task.taskId, recoveryAction(recoveryFacts(task)))]),
          ...(leaseExpiresAtMs !== null && leaseExpiresAtMs <= nowMs ? [staleLeaseFinding()] : []),
        ],
  };
}

function withoutTask({ kind }: DriverFacts): Standing {
  if (kind === 'unknown') return 'unclear';
  return kind === 'alive' ? 'working' : 'halted';
}

function ofTask(task: TaskSigns, driver: DriverFacts, nowMs: number): Standing {
  if (task.hasOutcome || task.claim === 'revoked') return driver.kind === 'alive' ? 'working' : 'ended';
  if (task.claim === 'none') return withoutTask(driver);
  switch (task.host) {
    case 'alive':
      if (task.heartbeatAtMs !== null && spanMs(task.heartbeatAtMs, nowMs) > BOUNDS.hostSilenceMs) return 'silent';
      if (driver.kind === 'unknown') return 'unclear';
      return driver.kind === 'alive' ? 'working' : 'unattended';
    case 'dead':
      if (task.worker === 'unknown') return 'unclear';
      return task.worker === 'alive' ? 'orphaned' : 'gone';
    default:
      return 'unclear';
  }
}

/** The facts for the recovery table: the tree is assumed to end with its recorded worker. */
function recoveryFacts({ claim, host, worker, hasOutcome }: TaskSigns) {
  const tree = worker === 'dead' ? ('gone' as const) : worker;
  return { claim, host, hasAgent: worker !== 'none', tree, hasOutcome };
}

const WORDS: Readonly<Record<Standing, string>> = {
  working: 'working',
  unattended: 'its worker is still running, but nothing is driving this registry',
  silent: 'its host shows no sign of life',
  orphaned: 'its host is gone, its worker is still running',
  gone: 'not running: its host and worker are gone',
  ended: 'its worker has ended, which is not recorded yet',
  halted: 'not running: nothing is driving this registry',
  unclear: 'cannot tell from here whether it is still running',
};

/** In a word or two, what to show for a task whose state says that it runs; null where that is true as far as known. */
const TASK_WORDS: Readonly<Record<Standing, string | null>> = {
  working: null,
  unattended: null,
  silent: 'silent',
  orphaned: 'running without its host',
  gone: 'gone',
  ended: 'ended, not recorded',
  halted: 'halted',
  unclear: 'unclear',
};

/** The words for that task in place of its state; null where its state may be shown. */
export function taskStanding(liveness: Liveness | null, task: { readonly endedAtMs: number | null }): string | null {
  return liveness === null || task.endedAtMs !== null ? null : TASK_WORDS[liveness.standing];
}

/** The standing, where it corrects the run's state; null where the state may be shown unchanged. */
export function contraryStanding(liveness: Liveness | null): Standing | null {
  return liveness === null || liveness.standing === 'working' ? null : liveness.standing;
}

/** The standing in a few words. */
export function standingWords(standing: Standing): string {
  return WORDS[standing];
}

/** Elapsed time against the deadline, age of the output, processes: the known facts about the open task, in a few words each. */
export function signWords({ task, lastSignAtMs, standing }: Liveness, nowMs: number): readonly string[] {
  const words: string[] = [];
  const age = (atMs: number): string => duration(spanMs(atMs, nowMs));
  const hasEnded = standing === 'gone' || standing === 'ended';
  if (task !== null && task.startedAtMs !== null && !hasEnded) {
    const limit = task.deadlineAtMs === null ? '' : ` of ${duration(spanMs(task.startedAtMs, task.deadlineAtMs))}`;
    words.push(`${age(task.startedAtMs)}${limit}`);
  }
  if (task !== null) words.push(task.outputAtMs === null ? 'no output yet' : `last output ${age(task.outputAtMs)} ago`);
  if (standing !== 'working' && lastSignAtMs !== null)
    words.push(`last sign of life ${clockTime(lastSignAtMs, nowMs)} (${age(lastSignAtMs)} ago)`);
  return words;
}

/** A span in whole seconds. */
function duration(ms: number): string {
  return elapsed(Math.floor(ms / 1_000) * 1_000);
}
