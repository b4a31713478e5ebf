/** A run that is gone: told once, and its place in the feed forgotten in the same line. */
import { expect, it } from 'vitest';
import type { ChangeBatch } from '../../../src/model/change.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { haltBefore, isHalting } from '../store-kit.ts';
import { allAfter, batch, closed, draft, filesOf, openFeed } from './feed-kit.ts';

const gone = (system: string): ChangeBatch => ({
  source: { project: 'p', system, seq: 0 },
  changes: [draft(`${system} gone`, system)],
});

it('is told once, also by the next process, and not at all where nothing was told of it', async () => {
  const fs = new MemoryFs();
  const feed = await openFeed(fs);
  await feed.adopt('p', { run_old: 7 });
  await feed.append(batch(1));
  expect(feed.systems('p')).toEqual(['run_old', 'run_a']);
  expect([await feed.append(gone('run_a')), await feed.append(gone('run_a'))]).toEqual(['taken', 'known']);
  expect(await feed.append(gone('run_nobody'))).toBe('known');
  await closed(feed);
  const next = await openFeed(fs);
  expect([await next.append(gone('run_a')), await next.append(gone('run_old'))]).toEqual(['known', 'taken']);
  expect([next.systems('p'), next.knows('p')]).toEqual([[], true]);
  expect(await allAfter(next)).toEqual(['1 run_a 1.0', '2 run_a gone', '3 run_old gone']);
  // Its packet may come again, as a run that begins with its first record.
  expect(await next.append(batch(1))).toBe('taken');
  await closed(next);
});

it('keeps no place in the files that are begun later', async () => {
  const fs = new MemoryFs();
  const feed = await openFeed(fs, { retention: filesOf(300) });
  await feed.append(batch(1));
  await feed.append(gone('run_a'));
  for (let seq = 1; seq < 20; seq += 1) await feed.append(batch(seq, { system: 'run_b' }));
  await closed(feed);
  const next = await openFeed(fs, { retention: filesOf(300) });
  expect(next.systems('p')).toEqual(['run_b']);
  await closed(next);
});

it('is told or not, whatever is cut off: a process that asks again has told it once', async () => {
  for (let at = 1; ; at += 1) {
    const fs = new MemoryFs();
    const before = await openFeed(fs);
    await before.append(batch(1));
    await closed(before);
    haltBefore(fs, at);
    const isCut = await isHalting(async () => (await openFeed(fs)).append(gone('run_a')));
    const next = await openFeed(fs.crash('everything'));
    await next.append(gone('run_a'));
    expect(await allAfter(next), `cut off before call ${at}`).toEqual(['1 run_a 1.0', '2 run_a gone']);
    await closed(next);
    if (!isCut) break;
  }
});
