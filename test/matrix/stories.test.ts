/** The kill matrix in memory: stories over the steps of the charts, at every call, and a run that continues as if nothing had been. */
import { beforeAll, expect, it } from 'vitest';
import { runMatrix } from '../../src/prove/matrix.ts';
import type { MatrixResult } from '../../src/prove/proof.ts';
import { DAY, DAYS_OF_WEEK, IS_WHOLE, SEED } from '../support/draw.ts';

const TIMEOUT_MS = 600_000;
/** Every fourteenth story is played: two weeks play all of them, and `npm run prove` at once. */
const PARTS = IS_WHOLE ? 1 : 2 * DAYS_OF_WEEK;

let result: MatrixResult;

beforeAll(async () => {
  const shard = { remainder: DAY % PARTS, of: PARTS };
  result = await runMatrix({ seed: SEED, share: 1, shard, onProgress: () => undefined });
  const { cases, stories, edges, byCall, tookMs } = result;
  console.info(
    `${stories} stories over ${edges.walked} of ${edges.of} steps, ${cases.single} stops, ${cases.double} second stops, ${tookMs} ms`,
  );
  console.info(`stops by call: ${JSON.stringify(byCall)}`);
}, TIMEOUT_MS);

it('ends like the run that was never stopped, wherever its process is killed or the power is cut, once or twice', () => {
  expect(result.faults).toEqual([]);
});

it('starts every worker once', () => {
  expect(result.starts.witnessed).toBe(result.starts.expected);
});

it('has at least as many steps, stops and checked events as ever', () => {
  expect(result.edges.of).toBeGreaterThan(900);
  expect(result.cases.single).toBeGreaterThan(8_000 / PARTS);
  expect(result.cases.double).toBeGreaterThan(800 / PARTS);
  expect(result.eventsChecked).toBeGreaterThan(80_000 / PARTS);
});
