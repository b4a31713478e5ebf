/**
 * Half of the kill matrix as a test: two files play one half each, side by side.
 *
 * Owns: what must hold of a half, the counts that cannot shrink unnoticed. Does not own: the matrix (prove).
 */
import { expect, it } from 'vitest';
import { runMatrix } from '../../src/prove/matrix.ts';
import type { MatrixResult } from '../../src/prove/proof.ts';

/** Chooses the stories; `npm run prove` plays all of them. */
const SEED = Number(process.env.PAWL_TEST_SEED ?? Date.now() % 1_000_000);
/** The share of the stories that a test has time for; PAWL_SWEEP=whole plays all of them. */
const SHARE = process.env.PAWL_SWEEP === 'whole' ? 1 : 0.16;
/** Steps that the charts of run and task can take together. */
const STEPS = 962;

/** The half of the stories with that remainder, played and stopped at every call. */
async function playHalf(remainder: 0 | 1): Promise<MatrixResult> {
  const result = await runMatrix({
    seed: SEED,
    share: SHARE,
    shard: { remainder, of: 2 },
    onProgress: () => undefined,
  });
  const { cases, stories, edges, tookMs } = result;
  console.info(
    `seed ${SEED}: ${stories} stories over ${edges.walked} of ${edges.of} steps, ${cases.single} stops, ${cases.double} second stops, ${tookMs} ms`,
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
    expect(result.cases.single).toBeGreaterThan(4_000 * SHARE);
    expect(result.cases.double).toBeGreaterThan(400 * SHARE);
    expect(result.eventsChecked).toBeGreaterThan(40_000 * SHARE);
  });
}
