/**
 * An engine that is stopped at every call to its ports, and another one that continues from what is left.
 *
 * Owns: finding the stops of a path, continuing from them, comparing. Does not own: one process (played-process), the machine (memory/memory-machine).
 *
 * Laws: 1. The end is that of the path, whatever stopped the engine on the way. 2. Everything that was acknowledged is in the journal, in order, and a start
 * finds nothing wrong with it. 3. The effects are those of the path, under the same keys.
 */
import { STOP_KINDS, type StopKind } from '../memory/memory-machine.ts';
import { random } from '../memory/memory-nodes.ts';
import type { ProcessEnd } from '../memory/memory-process.ts';
import { endKey } from './moves.ts';
import { type Play, PlayedProcess, type Watched, watchedMachine } from './played-process.ts';
import { rehydratedOn } from './proven-journal.ts';

/** A place at which an engine was stopped, and what is left of its machine. */
export interface Stop {
  readonly play: Play;
  readonly place: number;
  readonly call: string;
  readonly kind: StopKind;
  readonly left: Watched;
  /** Keys under which the effects of the path are performed when nothing stops it. */
  readonly keys: readonly string[];
}

/** A path that was played without a stop. */
export interface PlayedThrough {
  readonly stops: readonly Stop[];
  /** Keys under which its effects were performed. */
  readonly keys: readonly string[];
  /** What does not hold although nothing stopped it; each a sentence. */
  readonly faults: readonly string[];
  /** It has come to its end: there is something to compare with. */
  readonly isWhole: boolean;
}

/** Plays the path without a stop; the stops are those of the moves that are its own, and of its end. */
export async function playThrough(play: Play, seed: number): Promise<PlayedThrough> {
  const found: Omit<Stop, 'keys'>[] = [];
  const seen = new Set<string>();
  const watched = watchedMachine();
  const { machine, witness } = watched;
  const { own, names } = play.path;
  const process: PlayedProcess = new PlayedProcess(play, watched, (call, { place }) => {
    if (!own.has(place) && !(place === names.length && own.has(place - 1))) return;
    for (const kind of STOP_KINDS) {
      if (kind === 'powerCutInPart' && machine.disk.changes.isSettled) continue;
      const sight = machine.sight(kind, witness.version);
      if (seen.has(sight)) continue;
      seen.add(sight);
      const left = process.stopped(kind, seed + found.length);
      // What happened before the stop is told once, of the path that was not stopped.
      left.witness.faults = [];
      found.push({ play, place, call, kind, left });
    }
  });
  const end = await process.live();
  const { keys } = witness;
  return {
    stops: found.map((stop) => ({ ...stop, keys })),
    keys,
    faults: await endFaults(play, watched, end, keys),
    isWhole: end.kind === 'closed',
  };
}

/** Continues from the stop, is stopped once more at a call that the seed draws, continues from there, and compares. */
export async function goOn({ play, left, keys }: Stop, seed: number): Promise<readonly string[]> {
  const chance = random(seed);
  const at = 1 + Math.floor(chance() * CALLS_OF_A_START);
  const kind = STOP_KINDS[Math.floor(chance() * STOP_KINDS.length)] ?? 'killed';
  let calls = 0;
  let again: Watched | null = null;
  let last = left;
  let end = await new PlayedProcess(play, last, (_call, process) => {
    calls += 1;
    if (calls !== at) return;
    again = process.stopped(kind, seed);
    process.kill();
  }).live();
  if (again !== null) {
    last = again;
    end = await new PlayedProcess(play, last).live();
  }
  return endFaults(play, last, end, keys);
}

/** Where a second stop is drawn from: the calls of a start and some more. */
const CALLS_OF_A_START = 80;

/** What does not hold at the end of a path; each a sentence. */
export async function endFaults(
  play: Play,
  { machine, witness }: Watched,
  end: ProcessEnd,
  keys: readonly string[],
): Promise<readonly string[]> {
  const faults = [...witness.faults];
  if (end.kind === 'failed') faults.push(`the engine fails: ${String(end.error)}`);
  if (end.kind === 'stuck') faults.push(end.why);
  if (end.kind === 'killed') faults.push('the engine dies by itself');
  const { system } = play.subject;
  const found = await rehydratedOn(system, machine.disk.fork());
  if (found?.kind !== 'live') {
    const why = found?.kind === 'doubtful' ? `: ${found.code}, ${found.detail}` : '';
    return [...faults, `a start finds no sound journal${why}`];
  }
  if (found.reading.kind !== 'whole') faults.push(`the journal is ${found.reading.kind}`);
  const sums = found.records.map(({ sum }) => sum);
  if (!areIn(witness.acknowledged, sums)) faults.push('acknowledged records are lost');
  if (end.kind !== 'closed') return faults;
  if (endKey(play.subject, { state: found.state, nowMs: machine.nowMs }) !== play.path.end)
    faults.push('it ends in a different state than without a stop');
  if (witness.keys.join(' ') !== keys.join(' '))
    faults.push(`effects were performed under ${told(witness.keys)}, not under ${told(keys)}`);
  return faults;
}

function told(keys: readonly string[]): string {
  return keys.length === 0 ? 'no key' : keys.join(', ');
}

/** Whether the acknowledged are all among `sums`, in their order. */
function areIn(acknowledged: readonly string[], sums: readonly string[]): boolean {
  const places = acknowledged.map((sum) => sums.indexOf(sum));
  return places.every((place, n) => place > (places[n - 1] ?? -1));
}
