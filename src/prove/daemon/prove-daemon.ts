/**
 * The daemon's part of a proof: groups of kills, some at once, and what they come to together.
 *
 * Owns: running the groups, the sums. Does not own: one group (daemon/lives), the moments (daemon/moments).
 */
import { spanMs } from '../../base/elapsed.ts';
import { messageOf } from '../../base/error-text.ts';
import type { DaemonResult, Level } from '../proof.ts';
import { type DaemonGroup, killDaemons } from './lives.ts';
import { type DaemonMoment, plannedMoments } from './moments.ts';

/** What the daemons are killed with. */
export interface DaemonProofOptions {
  readonly level: Level;
  readonly seed: number;
  /** Groups at once. */
  readonly parallel: number;
  onProgress(done: number, of: number): void;
}

/** Kills daemons at every moment that the level asks for. */
export async function proveDaemon({ level, seed, parallel, onProgress }: DaemonProofOptions): Promise<DaemonResult> {
  const sinceMs = performance.now();
  const planned = plannedMoments(level, seed);
  const of = planned.reduce((sum, moments) => sum + moments.length, 0);
  const waiting = [...planned];
  const groups: DaemonGroup[] = [];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let moments = waiting.shift(); moments !== undefined; moments = waiting.shift()) {
      groups.push(await groupOf(moments));
      done += moments.length;
      onProgress(done, of);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return resultOf(groups, Math.round(spanMs(sinceMs, performance.now())));
}

/** An error of the group is a fault, told as one. */
async function groupOf(moments: readonly DaemonMoment[]): Promise<DaemonGroup> {
  try {
    return await killDaemons(moments);
  } catch (error) {
    const fault = messageOf(error);
    const names = moments.map(({ name }) => name).join(', ');
    return { ...NOTHING, faults: [`the group that was killed ${names} could not be judged: ${fault}`] };
  }
}

const NOTHING: DaemonGroup = {
  kills: [],
  commands: { sent: 0, accepted: 0, repeated: 0 },
  changes: { followed: 0, reconnections: 0 },
  starts: { recorded: 0, witnessed: 0 },
  readyMs: [],
  faults: [],
};

function resultOf(groups: readonly DaemonGroup[], tookMs: number): DaemonResult {
  const sum = (of: (group: DaemonGroup) => number): number => groups.reduce((all, group) => all + of(group), 0);
  const kills = groups.flatMap((group) => group.kills);
  const byMoment: Record<string, number> = {};
  for (const { moment, hit } of kills) if (hit !== null) byMoment[moment] = (byMoment[moment] ?? 0) + 1;
  const times = groups.flatMap(({ readyMs }) => readyMs).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    kills: kills.length,
    byMoment,
    workersAtWork: kills.reduce((all, { workers }) => all + workers, 0),
    commands: {
      sent: sum(({ commands }) => commands.sent),
      accepted: sum(({ commands }) => commands.accepted),
      repeated: sum(({ commands }) => commands.repeated),
    },
    changes: {
      followed: sum(({ changes }) => changes.followed),
      reconnections: sum(({ changes }) => changes.reconnections),
    },
    starts: { recorded: sum(({ starts }) => starts.recorded), witnessed: sum(({ starts }) => starts.witnessed) },
    ready: times.length === 0 ? null : { count: times.length, p50Ms: at(0.5), slowestMs: at(1) },
    faults: groups.flatMap(({ faults }) => faults),
    tookMs,
  };
}
