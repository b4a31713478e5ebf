/** The walk that a proof does: whole worlds, their sizes and what is wrong in them. */
import { describe, expect, it } from 'vitest';
import { faultsOf, type SystemProof } from '../../src/prove/system/system-proof.ts';
import { walkModel } from '../../src/prove/walk-model.ts';

describe('the walk of the smoke level', () => {
  it('goes through every state of its worlds and finds nothing wrong', async () => {
    const told: string[] = [];
    const { systems, worlds, faults } = await walkModel({
      level: 'smoke',
      seed: 1, // with which the counts are those of the file
      onProgress: (done, of) => told.push(`${done}/${of}`),
    });
    expect(faults).toEqual([]);
    expect(systems.map((system) => [system.kind, faultsOf(system)])).toEqual([['run', []]]);
    await expect(`${systems.map(countsIn).join('\n')}\n`).toMatchFileSnapshot('data/any-system.txt');
    // The walk of runs alone begins after the first record; an end that is reached by that record it does not see.
    const [run, own] = [systems[0], worlds[0]];
    expect([run?.states, run?.steps]).toEqual([(own?.states ?? 0) + 1, (own?.steps ?? 0) + 2]);
    expect(worlds.map(({ name }) => name)).toEqual([
      'run and tasks, smallest bounds',
      'run machine alone',
      'task machine alone',
    ]);
    // How many exactly: test/model/data.
    for (const { states, steps } of worlds) expect([states > 1_000, steps > states]).toEqual([true, true]);
    expect(told).toEqual(['0/4', '1/4', '2/4', '3/4', '4/4']);
  });
});

function countsIn({ kind, states, steps, paths, stepsUnplayed, stops, failures }: SystemProof): string {
  const played = `${steps - stepsUnplayed} of them played on ${paths} paths`;
  const stopped = `${stops.tried} of ${stops.of} stops, ${failures.tried} of ${failures.of} failing operations`;
  return `${kind}: ${states} states, ${steps} steps, ${played}, ${stopped}`;
}
