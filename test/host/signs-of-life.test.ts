/** Real workers that say nothing: one that waits is ended at stallMs, one that works or changes files at silenceMaxMs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../src/model/request.ts';
import type { Told } from '../support/told-ends.ts';
import { HostBench, hasNamespaces } from './host-bench.ts';

const LIMITS = { stallMs: 3_000, silenceMaxMs: 7_000, graceMs: 200 };

let bench: HostBench;
beforeAll(() => {
  bench = new HostBench();
});
afterAll(() => bench.close());

describe.each(['none', 'pidNamespace'] as const)('with isolation %s', (isolation) => {
  const law = it.runIf(isolation === 'none' || hasNamespaces);
  const ended = async (
    worker: string,
    limits = LIMITS,
  ): Promise<{ readonly outcome: Outcome & Told; readonly tookMs: number }> => {
    const outcome = await bench.run(bench.task({ isolation, worker: [worker], limits }));
    return { outcome, tookMs: outcome.endedAtMs - (outcome.startedAtMs ?? 0) };
  };

  law('a silent worker lives as long as it shows that it lives', async () => {
    const [waiting, working, writing] = await Promise.all([
      // It works as well until it has begun to wait: on a slow machine for seconds.
      ended('stays-silent', { ...LIMITS, silenceMaxMs: 60_000 }),
      ended('works-silently'),
      ended('changes-files'),
    ]);
    expect(waiting.outcome).toMatchObject({ result: 'timedOut', code: 'PAWL_WORKER_STALLED' });
    expect(waiting.outcome.message).toContain('limits.stallMs');
    expect(waiting.tookMs).toBeGreaterThanOrEqual(LIMITS.stallMs);
    for (const busy of [working, writing]) {
      expect(busy.outcome).toMatchObject({ result: 'timedOut', code: 'PAWL_WORKER_STALLED' });
      expect(busy.outcome.message).toContain('limits.silenceMaxMs');
      expect(busy.tookMs).toBeGreaterThanOrEqual(LIMITS.silenceMaxMs);
    }
  });
});
