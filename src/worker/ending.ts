/**
 * Ends what is left of a worker, in order: ask, wait, kill, sweep, until its tree is proven gone.
 *
 * Owns: the order and its bounds, for host and runner alike. Does not own: finding and signalling processes (ports/processes), what the
 * end means (turn/conclusion).
 *
 * Invariants: 1. Gone means: no member, nothing unknown, the lock free (not merely unknown), and every process ever seen in the tree proven dead (design 5.7).
 * 2. Every wait is bounded (L9).
 */
import type { ProcessIdentity } from '../base/process-identity.ts';
import type { ClockPort } from '../ports/clock.ts';
import type { ProcessesPort, TreeHandle } from '../ports/processes.ts';
import type { ForcedEnd } from '../turn/conclusion.ts';

/** How long ending a tree may take, and what is called meanwhile. */
export interface EndingLimits {
  /** Time between asking and killing. */
  readonly graceMs: number;
  /** Time for killing and sweeping. */
  readonly killMs: number;
  readonly onSignal?: (signal: 'SIGTERM' | 'SIGKILL', member: ProcessIdentity) => void;
}

/** The time that a worker is given to end by itself: none if it would only continue writing meanwhile. */
export function graceFor(forced: ForcedEnd | null, graceMs: number): number {
  return forced === 'outputLimit' ? 0 : graceMs;
}

/** What is left of a tree. */
export interface TreeEnd {
  /** True when nothing of the tree is left, proven. */
  readonly isGone: boolean;
  readonly survivors: readonly ProcessIdentity[];
  /** Pids of processes that could belong to the tree and cannot be judged. */
  readonly unknown: readonly number[];
  /** True when some process holds the tree's lock, even one that was not found; null when that is unknown. */
  readonly isLocked: boolean | null;
}

const SWEEP_MS = 50;

/** Nothing of the tree is left, or the bounds are used up and the result says what is. */
export async function endTree(
  processes: ProcessesPort,
  clock: ClockPort,
  handle: TreeHandle,
  limits: EndingLimits,
): Promise<TreeEnd> {
  const seen = new Map<string, ProcessIdentity>();
  const asked = new Set<string>();
  const graceEndMs = clock.monotonicMs() + limits.graceMs;
  let end = sight(processes, handle, seen);
  while (!end.isGone && clock.monotonicMs() < graceEndMs) {
    for (const member of end.survivors) {
      if (asked.has(keyOf(member))) continue;
      asked.add(keyOf(member));
      if (processes.signal(member, 'SIGTERM')) limits.onSignal?.('SIGTERM', member);
      // A stopped process takes the first signal only when it continues.
      processes.signal(member, 'SIGCONT');
    }
    await pause(clock, Math.min(SWEEP_MS, Math.max(0, graceEndMs - clock.monotonicMs())));
    end = sight(processes, handle, seen);
  }
  const killEndMs = clock.monotonicMs() + limits.killMs;
  while (!end.isGone && clock.monotonicMs() < killEndMs) {
    for (const member of end.survivors) {
      if (processes.signal(member, 'SIGKILL')) limits.onSignal?.('SIGKILL', member);
    }
    await pause(clock, SWEEP_MS);
    end = sight(processes, handle, seen);
  }
  return end;
}

/** What is left of the tree right now. */
export function sightLeftovers(processes: ProcessesPort, handle: TreeHandle): TreeEnd {
  return sight(processes, handle, new Map());
}

/** A promise that resolves `delayMs` from now. */
export function pause(clock: ClockPort, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.timer(delayMs, resolve);
  });
}

/** A member that scrubs its environment or loses its parent stays known by the identity under which it was seen. */
function sight(processes: ProcessesPort, handle: TreeHandle, seen: Map<string, ProcessIdentity>): TreeEnd {
  const sighting = processes.tree(handle);
  for (const member of sighting.members) seen.set(keyOf(member), member);
  const survivors: ProcessIdentity[] = [];
  const unknown = new Set(sighting.unknown);
  for (const [key, member] of seen) {
    const life = processes.life(member);
    if (life === 'alive') survivors.push(member);
    else if (life === 'unknown') unknown.add(member.pid);
    else seen.delete(key);
  }
  const { isLocked } = sighting;
  const isGone = survivors.length === 0 && unknown.size === 0 && isLocked === false;
  return { isGone, survivors, unknown: [...unknown], isLocked };
}

function keyOf(member: ProcessIdentity): string {
  return `${member.pid} ${member.startTime}`;
}
