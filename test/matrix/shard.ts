/**
 * Half of the kill matrix as a test: two files play one half each, side by side.
 *
 * Owns: what must hold of a half, the counts that cannot shrink unnoticed. Does not own: the matrix (prove).
 */
import { expect, it } from 'vitest';
import { runMatrix } from '../../src/prove/matrix.ts';
import type { MatrixResult } from '../../src/prove/proof.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE, SEED } from '../support/draw.ts';

/** Every seventh story is played: a week plays all of them, and `npm run prove` at once. */
const PARTS = IS_WHOLE ? 1 : DAYS_OF_WEEK;
/** Steps that the charts of run and task can take together. */
const STEPS = 984;

/** The half of the stories with that remainder, played and stopped at every call. */
async function playHalf(remainder: 0 | 1): Promise<MatrixResult> {
  const result = await runMatrix({
    seed: SEED,
    share: 1,
    shard: { remainder: remainder + 2 * (DAY % PARTS), of: 2 * PARTS },
    onProgress: () => undefined,
  });
  const { cases, stories, edges, tookMs } = result;
  console.info(
    `${stories} stories over ${edges.walked} of ${edges.of} steps, ${cases.single} stops, ${cases.double} second stops, ${tookMs} ms`,
  );
  console.info(`stops by call: ${JSON.stringify(result.byCall)}`);
  expect(edges.of).toBe(STEPS);
  return result;
}

/** The tests of that half: it is played, and what must hold of it holds. */
export async function halfHolds(remainder: 0 | 1): Promise<void> {
  const result = await playHalf(remainder);

  it('ends like the run that was never stopped, wherever its process is killed or the power is cut, once or twice', () => {
    expect(result.faults).toEqual([]);
  });

  it('starts every worker once', () => {
    expect(result.starts.witnessed).toBe(result.starts.expected);
  });

  it('has at least as many stops and checked events as ever', () => {
    expect(result.cases.single).toBeGreaterThan(4_000 / PARTS);
    expect(result.cases.double).toBeGreaterThan(400 / PARTS);
    expect(result.eventsChecked).toBeGreaterThan(40_000 / PARTS);
  });
}
