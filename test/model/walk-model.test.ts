/** The walk that a proof does: whole worlds, their sizes and what is wrong in them. */
import { describe, expect, it } from 'vitest';
import { walkModel } from '../../src/prove/walk-model.ts';

describe('the walk of the smoke level', () => {
  it('goes through every state of its worlds and finds nothing wrong', async () => {
    const told: string[] = [];
    const { worlds, faults } = await walkModel('smoke', (done, of) => told.push(`${done}/${of}`));
    expect(faults).toEqual([]);
    expect(worlds.map(({ name }) => name)).toEqual([
      'run and tasks, smallest bounds',
      'run machine alone',
      'task machine alone',
    ]);
    // How many exactly: test/model/data.
    for (const { states, steps } of worlds) expect([states > 1_000, steps > states]).toEqual([true, true]);
    expect(told).toEqual(['0/3', '1/3', '2/3', '3/3']);
  });
});
