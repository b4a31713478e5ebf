/**
 * The stops of a story: what is left of the machine at every call that its processes make, had they died there.
 *
 * Owns: playing a story while its stops are kept, what dies with a process and what with the power, which stops would find the same. Does not own:
 * continuing from a stop (matrix-case).
 *
 * Invariants: 1. The story is played once; every stop is a copy. 2. Two stops of which a new process could not tell one from the other (by what
 * is under a temporary name, which nobody ever looks for, say) are one, but for the first few of every call.
 */
import { STOP_KINDS, type StopKind } from './memory/memory-machine.ts';
import { random } from './memory/memory-nodes.ts';
import { freshSite, type Site } from './sim/outside.ts';
import { type Played, play } from './sim/play.ts';
import type { SimProcess } from './sim/process.ts';
import type { Story } from './sim/story.ts';

/** One stop. */
export interface Stop {
  /** Index of the step that was being brought about; the number of steps once the story is at its end. */
  readonly step: number;
  /** The call before which, or in the middle of which, it stopped. */
  readonly call: string;
  readonly kind: StopKind;
  readonly left: Site;
}

/** A story that was never stopped but where it says so itself, and its stops. */
export interface Stopped {
  readonly played: Played;
  readonly stops: readonly Stop[];
}

/** The part of the stops that could lose some of what was not synced, and do: what is lost is a matter of chance anyway. */
const IN_PART = 0.3;

/** Taking and releasing the registry is the same at every step: it is stopped at the first step and at the end. */
function isOfLock(call: string): boolean {
  return call.startsWith('lock.');
}

/** How often each call was stopped at in each way: a stop that finds nothing new is kept all the same while there are few of its kind. */
export type Census = Map<string, number>;

const FEW = 6;

/** Plays the story and keeps the stops of the steps that are `wanted`. */
export async function stopsOf(
  story: Story,
  wanted: ReadonlySet<number>,
  { seed, census }: { readonly seed: number; readonly census: Census },
): Promise<Stopped> {
  const stops: Stop[] = [];
  const seen = new Set<string>();
  let processes = 0;
  const known = new WeakMap<SimProcess, number>();
  const chance = random(seed);
  const numberOf = (process: SimProcess): number => {
    const number = known.get(process) ?? processes++;
    known.set(process, number);
    return number;
  };
  const played = await play(story, freshSite(), (call, process) => {
    const step = process.director.progress.next;
    if (!wanted.has(step) || (isOfLock(call) && step > 0 && step < story.types.length)) return;
    for (const kind of kindsAt(process)) {
      const sight = `${numberOf(process)} ${process.machine.sight(kind, process.outside.repository.version)}`;
      const alike = census.get(`${call} ${kind}`) ?? 0;
      if (seen.has(sight) && alike >= FEW) continue;
      seen.add(sight);
      if (kind === 'powerCutInPart' && chance() >= IN_PART) continue;
      census.set(`${call} ${kind}`, alike + 1);
      stops.push({ step, call, kind, left: process.stopped(kind, seed + stops.length) });
    }
  });
  return { played, stops };
}

/** Only what was not synced can be lost in part; a story about running out of something has none of it to spare for a power cut. */
function kindsAt({ machine, outside, story }: SimProcess): readonly StopKind[] {
  if (story.scarce.includes('interruptions') && outside.isAtWork(machine)) return ['killed'];
  return STOP_KINDS.filter((kind) => kind !== 'powerCutInPart' || !machine.disk.changes.isSettled);
}
