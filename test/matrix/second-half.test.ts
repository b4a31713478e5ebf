/** The kill matrix in memory, its second half: stories over the steps of the charts, at every call, and a run that goes on as if nothing had been. */
import { describe, expect, it } from 'vitest';
import { playHalf } from './shard.ts';

describe('the second half of the stories', async () => {
  const result = await playHalf(1);

  it('ends like the run that was never stopped, wherever its process is killed or the power is cut, once or twice', () => {
    expect(result.faults).toEqual([]);
  });

  it('starts every worker once', () => {
    expect(result.starts.witnessed).toBe(result.starts.expected);
  });

  it('has at least as many stops and checked events as ever', () => {
    expect(result.cases.single).toBeGreaterThan(2_000);
    expect(result.cases.double).toBeGreaterThan(150);
    expect(result.eventsChecked).toBeGreaterThan(20_000);
  });
});
