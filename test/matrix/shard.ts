/**
 * Half of the kill matrix as a test: two files play one half each, side by side.
 *
 * Owns: what must hold of a half, the counts that cannot shrink unnoticed. Does not own: the matrix (prove).
 */
import { expect } from 'vitest';
import { runMatrix } from '../../src/prove/matrix.ts';
import type { MatrixResult } from '../../src/prove/proof.ts';

/** Fixed, so that a half has the same cases every time; `pawl prove` draws another one. */
const SEED = 20_261;
/** Steps that the charts of run and task can take together. */
const STEPS = 852;

/** The half of the stories with that remainder, played and stopped at every call. */
export async function playHalf(remainder: 0 | 1): Promise<MatrixResult> {
  const result = await runMatrix({ seed: SEED, share: 1, shard: { remainder, of: 2 }, onProgress: () => undefined });
  const { cases, stories, edges, tookMs } = result;
  console.info(
    `seed ${SEED}: ${stories} stories over ${edges.walked} of ${edges.of} steps, ${cases.single} stops, ${cases.double} second stops, ${tookMs} ms`,
  );
  console.info(`stops by call: ${JSON.stringify(result.byCall)}`);
  expect(edges.of).toBe(STEPS);
  return result;
}
