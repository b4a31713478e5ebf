/** The walk that a proof does: whole worlds, their sizes and what is wrong in them. */
import { describe, expect, it } from 'vitest';
import { walkModel } from '../../src/prove/walk-model.ts';

describe('the walk of the smoke level', () => {
  it('goes through every state of its worlds and finds nothing wrong', async () => {
    const told: string[] = [];
    const { worlds, faults } = await walkModel('smoke', (done, of) => told.push(`${done}/${of}`));
    expect(faults).toEqual([]);
    expect(worlds).toEqual([
      { name: 'run and tasks, smallest bounds', states: 2_495, steps: 16_687 },
      { name: 'run machine alone', states: 3_409, steps: 20_973 },
      { name: 'task machine alone', states: 3_242, steps: 4_103 },
    ]);
    expect(told).toEqual(['0/3', '1/3', '2/3', '3/3']);
  });
});
