/**
 * A part of the kill matrix, or all of it: its stories, one after another, each stopped and gone on from.
 *
 * Owns: which cases there are, the counts. Does not own: the steps (matrix-cover), the stops (matrix-stops), one case (matrix-case), dividing
 * the work (matrix).
 *
 * Invariants: 1. The same seed and share give the same cases. 2. A step is stopped on the first story that walks it, at all of its calls. 3. Of
 * the whole matrix nothing is left out; a share is a part of its stories.
 */
import { playCase, referenceOf } from './matrix-case.ts';
import { coverSteps, type Path, scarceOn } from './matrix-cover.ts';
import { type Census, type Stop, stopsOf } from './matrix-stops.ts';
import { random } from './memory/memory-nodes.ts';
import type { MatrixResult } from './proof.ts';
import { type Story, storyOf } from './sim/story.ts';

/** Which cases are tried, and who is told. */
export interface MatrixOptions {
  readonly seed: number;
  /** The part of all stories that is played, 0 to 1. */
  readonly share: number;
  /** Of the stories that are to be played, those whose number leaves this remainder: all when left out. */
  readonly shard?: { readonly remainder: number; readonly of: number };
  /** Told of stories. */
  onProgress(done: number, of: number): void;
}

/** What was found in a part. */
export interface MatrixPart
  extends Pick<MatrixResult, 'stories' | 'cases' | 'byCall' | 'starts' | 'eventsChecked' | 'faults'> {
  /** The names of the steps that its stories walk, of so many. */
  readonly walked: readonly string[];
  readonly of: number;
}

/** One stop in so many is followed by a second one while the run recovers. */
const SECOND_EVERY = 12;
/** As above, of processes that were killed with something not synced, which the next one may rely upon before the power is cut. */
const UNSYNCED_EVERY = 3;
/** One case in so many is folded again from its first record when it is over. */
const THOROUGH_EVERY = 8;
const FAULTS_TOLD = 50;

interface Chapter {
  readonly number: number;
  readonly story: Story;
  readonly path: Path;
  /** The steps that no earlier story has walked. */
  readonly fresh: ReadonlySet<number>;
}

/** Stops a simulated machine at every call of those stories, lets a new process continue, and compares. */
export async function playPart(options: MatrixOptions): Promise<MatrixPart> {
  const { paths, count } = coverSteps();
  const chapters = chosen(chaptersOf(paths), options);
  const tally = new Tally();
  const census: Census = new Map();
  for (const [index, chapter] of chapters.entries()) {
    options.onProgress(index, chapters.length);
    await playChapter(chapter, { seed: options.seed, tally, census });
  }
  options.onProgress(chapters.length, chapters.length);
  const walked = [...new Set(chapters.flatMap(({ path }) => path.map(({ name }) => name)))];
  return { stories: chapters.length, walked, of: count, ...tally.result() };
}

/** Every path as a story, with the steps that it is the first to walk; the closing of a story counts as a step of its own. */
function chaptersOf(paths: readonly Path[]): readonly Chapter[] {
  const seen = new Set<string>();
  return paths.map((path, number) => {
    const fresh = new Set<number>();
    const names = [...path.map(({ name }) => name), `the end in ${path.at(-1)?.to ?? 'the start'}`];
    for (const [index, name] of names.entries()) {
      if (!seen.has(name)) fresh.add(index);
      seen.add(name);
    }
    const types = path.map(({ type }) => type);
    return { number, story: storyOf(`story ${number}`, types, scarceOn(path)), path, fresh };
  });
}

function chosen(chapters: readonly Chapter[], { seed, share, shard }: MatrixOptions): readonly Chapter[] {
  const chance = random(seed);
  const drawn = chapters.filter(() => chance() < share);
  return shard === undefined ? drawn : drawn.filter((_, index) => index % shard.of === shard.remainder);
}

async function playChapter(
  { number, story, path, fresh }: Chapter,
  { seed, tally, census }: { readonly seed: number; readonly tally: Tally; readonly census: Census },
): Promise<void> {
  const chance = random(seed * 1_009 + number);
  const { played, stops } = await stopsOf(story, fresh, { seed: Math.floor(chance() * 2 ** 30), census });
  const reference = await referenceOf(story, played);
  if ('faults' in reference) {
    tally.fault(`${story.name} (${story.types.join(' → ')}), never stopped: ${reference.faults.join('; ')}`);
    return;
  }
  for (const stop of stops) {
    const isThorough = chance() * THOROUGH_EVERY < 1;
    const once = await playCase(story, stop, reference, { second: null, isThorough });
    tally.add('single', stop, once, () => told(story, path, stop));
    const isUnsynced = stop.kind === 'killed' && !stop.left.machine.disk.changes.isSettled;
    // Every stop may cost a host: where the story is about the last one, there is none for a second stop.
    if (story.scarce.includes('hosts') || once.calls === 0) continue;
    if (chance() * (isUnsynced ? UNSYNCED_EVERY : SECOND_EVERY) >= 1) continue;
    const mayCut = story.scarce.length === 0 && (isUnsynced || chance() < 0.5);
    const second = {
      at: 1 + Math.floor(chance() * once.calls),
      kind: mayCut ? ('powerCut' as const) : ('killed' as const),
      seed: Math.floor(chance() * 2 ** 30),
    };
    const twice = await playCase(story, stop, reference, { second, isThorough });
    tally.add('double', stop, twice, () => `${told(story, path, stop)}, then ${second.kind} at call ${second.at}`);
  }
}

function told(story: Story, path: Path, { step, call, kind }: Stop): string {
  return `${story.name}, ${path[step]?.name ?? 'at its end'}, ${kind} at ${call}`;
}

/** Counts of all cases. */
class Tally {
  readonly #byCall: Record<string, number> = {};
  readonly #faults: string[] = [];
  readonly #cases = { single: 0, double: 0 };
  #expected = 0;
  #witnessed = 0;
  #events = 0;

  add(
    kind: 'single' | 'double',
    { call }: Stop,
    { faults, expected, witnessed, eventsChecked }: Awaited<ReturnType<typeof playCase>>,
    name: () => string,
  ): void {
    this.#cases[kind] += 1;
    this.#byCall[call] = (this.#byCall[call] ?? 0) + 1;
    this.#expected += expected;
    this.#witnessed += witnessed;
    this.#events += eventsChecked;
    if (faults.length > 0) this.fault(`${name()}: ${faults.join('; ')}`);
  }

  fault(sentence: string): void {
    if (this.#faults.length < FAULTS_TOLD) this.#faults.push(sentence);
  }

  result(): Pick<MatrixResult, 'cases' | 'byCall' | 'starts' | 'eventsChecked' | 'faults'> {
    const byCall = Object.fromEntries(Object.entries(this.#byCall).sort(([a], [b]) => (a < b ? -1 : 1)));
    return {
      cases: this.#cases,
      byCall,
      starts: { expected: this.#expected, witnessed: this.#witnessed },
      eventsChecked: this.#events,
      faults: this.#faults,
    };
  }
}
