/**
 * A story played to its end, by as many processes as it takes.
 *
 * Owns: starting the next process where one has died. Does not own: one process (sim/process), what is compared (prove).
 */
import { MemoryFs } from '../memory/memory-fs.ts';
import { Outside } from './outside.ts';
import { type CallHook, SimProcess } from './process.ts';
import type { Progress, Story } from './story.ts';

/** A disk and what is outside of it. */
export interface Machine {
  readonly disk: MemoryFs;
  readonly outside: Outside;
}

/** What became of a story. */
export interface Played extends Machine {
  readonly progress: Progress;
  /** Why it did not come to its end; null when it did. */
  readonly problem: string | null;
}

/** Deaths that no story needs. */
const PROCESSES_MAX = 16;

/** A machine on which nothing was ever done. */
export function freshMachine(): Machine {
  return { disk: new MemoryFs(), outside: new Outside() };
}

/** The story continues from what is there, to its end or to where nothing moves. `hook` is told of every call that changes something. */
export async function play(story: Story, from: Machine, hook: CallHook | null = null): Promise<Played> {
  let { disk } = from;
  const { outside } = from;
  for (let count = 1; ; count += 1) {
    const process = new SimProcess(story, disk, outside, hook);
    const end = await process.live();
    disk = disk.fork();
    const { progress, next } = process.director;
    const played = { disk, outside, progress };
    if (end.kind === 'stuck') return { ...played, problem: progress.problem ?? end.why };
    if (end.kind === 'closed') {
      const isThere = next === undefined && progress.problem === null;
      return {
        ...played,
        problem: isThere ? null : (progress.problem ?? `the driver ended before ${next ?? 'the end'}`),
      };
    }
    if (count === PROCESSES_MAX) return { ...played, problem: `it dies again and again before ${next ?? 'the end'}` };
  }
}
