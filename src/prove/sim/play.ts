/**
 * A story played to its end, by as many processes as it takes.
 *
 * Owns: starting the next process where one has died. Does not own: one process (sim/process), what is compared (prove).
 */
import type { ProcessEnd } from '../memory/memory-process.ts';
import type { Site } from './outside.ts';
import { type CallHook, SimProcess } from './process.ts';
import type { Progress, Story } from './story.ts';

/** What became of a story. */
export interface Played extends Site {
  readonly progress: Progress;
  /** Why it did not come to its end; null when it did. */
  readonly problem: string | null;
}

/** Deaths that no story needs. */
const PROCESSES_MAX = 16;

/** The story continues from what is there, to its end or to where nothing moves. `hook` is told of every call that changes something. */
export async function play(story: Story, site: Site, hook: CallHook | null = null): Promise<Played> {
  const { machine } = site;
  for (let count = 1; ; count += 1) {
    const process = new SimProcess(story, site, { hook });
    const end = await process.live();
    // Nothing reaches the disk any more by the way of the process that has ended.
    machine.disk = machine.disk.fork();
    if (end.kind !== 'killed') return playedBy(process, end);
    const { progress, next } = process.director;
    if (count === PROCESSES_MAX)
      return { ...site, progress, problem: `it dies again and again before ${next ?? 'the end'}` };
  }
}

/** What became of the story with the process that ended so. */
export function playedBy({ director, machine, outside }: SimProcess, end: ProcessEnd): Played {
  const { progress, next } = director;
  return { machine, outside, progress, problem: progress.problem ?? problemOf(end, next) };
}

function problemOf(end: ProcessEnd, next: string | undefined): string | null {
  switch (end.kind) {
    case 'stuck':
      return end.why;
    case 'failed':
      return String(end.error);
    case 'killed':
      return `it dies before ${next ?? 'the end'}`;
    case 'closed':
      return next === undefined ? null : `the driver ended before ${next}`;
  }
}
