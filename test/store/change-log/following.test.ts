/** Any sequence of appends, refusals, crashes and restarts: nothing lost, nothing twice, and whoever follows sees each change once and in order. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PawlError } from '../../../src/model/error.ts';
import { FaultFs } from '../../../src/prove/memory/fault-fs.ts';
import { Halted, MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import type { CrashChoice } from '../../../src/prove/memory/memory-nodes.ts';
import type { ChangeLog } from '../../../src/store/change-log/change-log.ts';
import { seeded } from '../../properties/seed.ts';
import { inTime } from '../../support/in-time.ts';
import { turn } from '../journal-kit.ts';
import { haltBefore } from '../store-kit.ts';
import { allAfter, batch, closed, filesOf, openFeed, whatIn } from './feed-kit.ts';

/** What is kept in about eight files of a few records each: older ones are removed on the way. */
const RETENTION = filesOf(900);
const RUNS = ['run_a', 'run_b', 'run_c'];

/** Records that are asked for in one go, by their runs; and what befalls the process meanwhile. */
interface Step {
  readonly runs: readonly number[];
  readonly count: number;
  readonly fate:
    | { readonly kind: 'none' | 'restart' }
    | { readonly kind: 'refused'; readonly op: 'write' | 'rename' | 'dataSync' | 'open'; readonly at: number }
    | { readonly kind: 'killed'; readonly at: number; readonly left: CrashChoice };
}

const at = fc.integer({ min: 1, max: 12 });
const left = fc.oneof(fc.constantFrom<CrashChoice>('everything', 'nothing'), fc.record({ seed: fc.nat(1_000_000) }));
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  runs: fc.array(fc.nat(RUNS.length - 1), { maxLength: 5 }),
  count: fc.integer({ min: 0, max: 3 }),
  fate: fc.oneof(
    fc.record({ kind: fc.constantFrom('none' as const, 'none' as const, 'restart' as const) }),
    fc.record({
      kind: fc.constant('refused' as const),
      op: fc.constantFrom('write' as const, 'rename' as const, 'dataSync' as const, 'open' as const),
      at,
    }),
    fc.record({ kind: fc.constant('killed' as const), at, left }),
  ),
});

/** What of a run must be in the feed, and who follows it. */
class World {
  fs = new MemoryFs();
  feed: ChangeLog | null = null;
  faulty = new FaultFs(this.fs);
  /** How many changes each record of each run brings, from its first one on. */
  readonly counts = new Map(RUNS.map((run) => [run, [] as number[]]));
  readonly acknowledged = new Map<string, number>();
  readonly seen: string[] = [];
  #cursor = 0;
  #following: Promise<void> = Promise.resolve();
  #leave = new AbortController();

  async open(): Promise<ChangeLog> {
    this.faulty = new FaultFs(this.fs);
    const logged: string[] = [];
    const feed = await openFeed(this.faulty, { retention: RETENTION, logged, isFresh: this.seen.length === 0 });
    expect(logged.filter((line) => line.includes('damage'))).toEqual([]);
    this.feed = feed;
    this.#leave = new AbortController();
    this.#following = this.#follow(feed, this.#leave.signal);
    return feed;
  }

  /** The process is gone: it has ended, or was killed and leaves what `choice` says. */
  async end(choice: CrashChoice | null): Promise<void> {
    const { feed } = this;
    this.#leave.abort();
    await inTime('whoever follows', this.#following);
    if (choice === null && feed !== null) await closed(feed);
    if (choice !== null) {
      this.fs.halt();
      await feed?.close().catch(refused);
      this.fs = this.fs.crash(choice);
    }
    this.feed = null;
  }

  async #follow(feed: ChangeLog, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const reading = await feed.read(this.#cursor, { limit: 3 }).catch(refused);
      if (reading === 'dead') return;
      if (reading === 'refused') continue;
      if (reading.kind === 'resync') throw new Error(`a resync (${reading.reason}) at ${this.#cursor}`);
      for (const { change } of reading.changes) this.seen.push(`${change.seq} ${whatIn(change)}`);
      if (reading.next === this.#cursor) await feed.next(this.#cursor, signal);
      this.#cursor = reading.next;
    }
  }
}

/** How a call that did not work ended: its process is dead, or the system refused it this time. */
function refused(error: unknown): 'dead' | 'refused' {
  if (error instanceof Halted) return 'dead';
  if (error instanceof PawlError) return 'refused';
  throw error;
}

/** The records of the step are asked for, those of a run in order, each again where it was refused once. */
async function ask(world: World, feed: ChangeLog, { runs, count }: Step): Promise<void> {
  const next = new Map(RUNS.map((run) => [run, feed.position('p', run)]));
  await Promise.all(
    runs.map(async (index) => {
      const system = RUNS[index] ?? '';
      const seq = (next.get(system) ?? 0) + 1;
      next.set(system, seq);
      const counts = world.counts.get(system) ?? [];
      counts[seq - 1] ??= count;
      try {
        const took = await feed.append(batch(seq, { system, count: counts[seq - 1] ?? 0, padding: 30 }));
        expect(took).toBe('taken');
        world.acknowledged.set(system, seq);
      } catch (error) {
        refused(error);
      }
    }),
  );
}

async function live(world: World, step: Step): Promise<void> {
  const feed = world.feed ?? (await world.open());
  const { fate } = step;
  if (fate.kind === 'killed') haltBefore(world.fs, fate.at);
  if (fate.kind === 'refused') {
    world.faulty.count = 0;
    world.faulty.plan = { ops: [fate.op], at: fate.at, fault: { code: 'EIO' } };
  }
  await ask(world, feed, step);
  await turn();
  world.faulty.plan = null;
  world.fs.onCall = null;
  if (fate.kind === 'killed') await world.end(fate.left);
  else if (fate.kind === 'restart' || world.faulty.hasFired) await world.end(null);
  await check(world);
}

/** What the feed holds now is what must be in it. */
async function check(world: World): Promise<void> {
  const feed = world.feed ?? (await world.open());
  for (const [system, seq] of world.acknowledged) expect(feed.position('p', system)).toBeGreaterThanOrEqual(seq);
  const inside = await allAfter(feed);
  expect(inside.map((line) => Number(line.split(' ')[0]))).toEqual(inside.map((_, index) => feed.oldest + 1 + index));
  const bySeq = new Map(world.seen.map((line) => [line.split(' ')[0], line]));
  for (const line of inside) expect(bySeq.get(line.split(' ')[0]) ?? line).toBe(line);
}

it('holds every acknowledged change once, and whoever follows sees each once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 4, maxLength: 14 }), async (steps) => {
      const world = new World();
      for (const step of steps) await live(world, step);
      const feed = world.feed ?? (await world.open());
      const { head } = feed;
      for (let tries = 0; world.seen.length < head && tries < 1_000; tries += 1) await turn();
      const expected = RUNS.flatMap((run) => {
        const counts = (world.counts.get(run) ?? []).slice(0, feed.position('p', run));
        return counts.flatMap((count, index) => Array.from({ length: count }, (_, n) => `${run} ${index + 1}.${n}`));
      });
      const places = world.seen.map((line) => Number(line.split(' ')[0]));
      expect(places).toEqual(Array.from({ length: head }, (_, index) => index + 1));
      for (const run of RUNS) {
        const ofRun = (line: string): boolean => line.startsWith(`${run} `);
        const seen = world.seen.map((line) => line.slice(line.indexOf(' ') + 1));
        expect(seen.filter(ofRun)).toEqual(expected.filter(ofRun));
      }
      await world.end(null);
      expect(world.fs.openCount).toBe(0);
    }),
    seeded(150),
  );
});
