/** The order in which those go who prepare themselves for different lengths of time. */
import { describe, expect, test } from 'vitest';
import { Turns } from '../../src/engine/turns.ts';
import type { World } from '../../src/engine/world.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SimMachine } from '../support/sim-machine.ts';
import { driveSim, simEntry } from '../support/sim-runs.ts';

const { signal } = new AbortController();
const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
};

/** Everyone joins in the order of `names`, is ready after as many ticks as `readyAfter` says, and then goes. */
async function goneIn(readyAfter: Readonly<Record<string, number>>): Promise<string[]> {
  const turns = new Turns();
  const gone: string[] = [];
  await Promise.all(
    Object.entries(readyAfter).map(async ([name, count]) => {
      const place = turns.join();
      await ticks(count);
      if (await place.reached(signal)) gone.push(name);
      place.leave();
    }),
  );
  return gone;
}

describe('turns', () => {
  test('are served in the order of joining, whichever is ready first', async () => {
    expect(await goneIn({ a: 40, b: 1, c: 20, d: 0 })).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of one that is cancelled, or leaves without a turn, hold nobody up', async () => {
    const turns = new Turns();
    const [first, second, third] = [turns.join(), turns.join(), turns.join()];
    const called = new AbortController();
    const waits = second.reached(called.signal);
    called.abort();
    expect(await waits).toBe(false);
    second.leave();
    const turn = third.reached(signal);
    first.leave();
    first.leave();
    expect(await turn).toBe(true);
  });
});

/** The earlier a look at the repository begins, the longer it takes. */
function laggard(world: World): World {
  let looks = 0;
  const facts: World['git']['facts'] = async () => {
    looks += 1;
    await ticks(1_000 / looks);
    return world.git.facts();
  };
  return { ...world, git: { ...world.git, facts } };
}

describe('runs of one drive', () => {
  test.each([1, 3])('begin in their order, whose checks are over first or not: %i at once', async (maxParallel) => {
    const entries = ['C', 'A', 'B'].map((taskId) => simEntry(taskId, ['src']));
    const { events } = await driveSim(new SimMachine(new MemoryFs(), {}), { entries, maxParallel, world: laggard });
    const leased = events.filter(([, { type }]) => type === 'leaseAcquired').map(([taskId]) => taskId);
    expect(leased).toEqual(['C', 'A', 'B']);
  });
});
