/** A journal that is mended or replaced while a page watches it: the page shows what is there now. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { InspectorBench, type Told } from './registry-kit.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const OTHER = 'run_T-2_bbbbbbbbbbbb';

let bench = new InspectorBench();
afterEach(async () => {
  await bench.close();
  bench = new InspectorBench();
});

describe('a journal that becomes another one', () => {
  it('is followed again once it is mended', async () => {
    const run = bench.run(RUN, 5);
    const whole = readFileSync(run.journal, 'utf8');
    writeFileSync(run.journal, `${whole}{"garbage":1}\n`);
    const client = await bench.client(await bench.hub());
    client.say({ type: 'watch', runId: RUN, fromSeq: 1 });
    await client.until(({ type, isReplay }) => type === 'records' && isReplay === false);
    const told = (fault: unknown) => client.until((message) => message.type === 'recovery' && fits(message, fault));
    const fits = ({ journalFault }: Told, fault: unknown): boolean => (journalFault === null) === (fault === null);
    await told('line 6');
    writeFileSync(run.journal, whole);
    run.append(3);
    await client.until(() => client.records(RUN).length === 8);
    await told(null);
    expect(client.told.some(({ type }) => type === 'recordsReset')).toBe(false);
  });

  it('is sent again when a longer one has taken its place, and when its run is gone', async () => {
    const run = bench.run(RUN, 5);
    const longer = bench.run(OTHER, 12);
    const client = await bench.client(await bench.hub());
    client.say({ type: 'watch', runId: RUN, fromSeq: 1 });
    await client.until(({ type, isReplay }) => type === 'records' && isReplay === false);
    renameSync(longer.journal, run.journal);
    await client.until(({ type }) => type === 'recordsReset');
    await client.until(() => client.records(RUN).length === 5 + 12);
    rmSync(join(run.journal, '..'), { recursive: true });
    await client.until(() => client.told.filter(({ type }) => type === 'recordsReset').length === 2);
  });
});
