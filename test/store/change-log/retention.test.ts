/** What retention removes of the feed, when, and what it says of it. */
import { expect, it } from 'vitest';
import { FaultFs } from '../../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import type { ChangeLog } from '../../../src/store/change-log/change-log.ts';
import { Files } from '../../../src/store/files.ts';
import { clock, codeOf } from '../store-kit.ts';
import { allAfter, batch, closed, filesOf, names, ONE_FILE, openFeed } from './feed-kit.ts';

const EIGHT_FILES = filesOf(1_000);

async function appendTo(feed: ChangeLog, records: number): Promise<void> {
  for (let seq = feed.position('p', 'run_a') + 1; seq <= records; seq += 1) {
    await feed.append(batch(seq, { padding: 100 }));
  }
}

it('the bytes of all files stay within the bound but for the last file, and what is removed is told', async () => {
  const fs = new MemoryFs();
  const logged: string[] = [];
  const feed = await openFeed(fs, { retention: EIGHT_FILES, logged });
  for (let records = 10; records <= 100; records += 10) {
    await appendTo(feed, records);
    const bytes = names(fs).reduce((sum, name) => sum + (fs.stat(`/changes/${name}`)?.size ?? 0), 0);
    expect(bytes).toBeLessThan(8_000 + 2_000);
  }
  const { oldest } = feed;
  expect(oldest).toBeGreaterThan(50);
  expect(logged.at(-1)).toBe(`the change feed begins after ${oldest} now: what was before has passed its retention`);
  expect(await feed.read(oldest - 1, { limit: 1 })).toEqual({ kind: 'resync', reason: 'behind', cursor: 100 });
  expect(await allAfter(feed, oldest)).toHaveLength(100 - oldest);
  await closed(feed);
  const next = await openFeed(fs, { retention: EIGHT_FILES });
  expect([next.oldest, next.position('p', 'run_a')]).toEqual([oldest, 100]);
  await closed(next);
});

it('no more changes are kept than the bound and one file', async () => {
  const fs = new MemoryFs();
  const feed = await openFeed(fs, { retention: { ...EIGHT_FILES, count: 6 } });
  await appendTo(feed, 40);
  await feed.retain();
  const file = 5;
  expect(feed.head - feed.oldest).toBeLessThan(6 + file);
  expect(feed.head - feed.oldest).toBeGreaterThan(0);
  await closed(feed);
});

it('files whose newest change is beyond the age are removed, the last one never', async () => {
  const fs = new MemoryFs();
  let nowMs = clock.nowMs();
  const files = new Files(fs, { ...clock, nowMs: () => nowMs });
  const feed = await openFeed(fs, { files, retention: { ...EIGHT_FILES, ageMs: 1_000 } });
  await appendTo(feed, 6);
  const before = names(fs).length;
  nowMs += 600;
  await appendTo(feed, 12);
  expect(names(fs).length).toBeGreaterThan(before + 1);
  await feed.retain();
  expect(feed.oldest).toBe(0);
  nowMs += 600;
  await feed.retain();
  expect(feed.oldest).toBeGreaterThan(0);
  expect(feed.oldest).toBeLessThanOrEqual(6);
  nowMs += 10_000;
  await feed.retain();
  expect(names(fs)).toHaveLength(1);
  expect(feed.position('p', 'run_a')).toBe(12);
  await closed(feed);
});

it('nothing is removed where everything is within the bounds', async () => {
  const fs = new MemoryFs();
  const feed = await openFeed(fs, { retention: ONE_FILE });
  await appendTo(feed, 50);
  await feed.retain();
  expect([feed.oldest, names(fs).length]).toEqual([0, 1]);
  await closed(feed);
});

it('a file that cannot be removed stays readable, is reported, and is removed the next time', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: ['unlink'], at: 1, fault: { code: 'EACCES' }, isLasting: true });
  const logged: string[] = [];
  const feed = await openFeed(fs, { retention: EIGHT_FILES, logged });
  await appendTo(feed, 40);
  expect(feed.oldest).toBe(0);
  expect(await allAfter(feed)).toHaveLength(40);
  expect(logged[0]).toMatch(/0000000000000001\.ndjson has passed its retention and could not be removed: EACCES/);
  fs.plan = null;
  await feed.retain();
  expect(feed.oldest).toBeGreaterThan(0);
  await closed(feed);
});

it('a start that cannot make a removal durable fails, and leaves nothing open', async () => {
  const memory = new MemoryFs();
  const feed = await openFeed(memory, { retention: filesOf(2_000) });
  await appendTo(feed, 40);
  await closed(feed);
  for (let at = 1; at <= 3; at += 1) {
    const fork = memory.fork();
    const fs = new FaultFs(fork, { ops: ['sync'], at, fault: { code: 'EIO' } });
    expect(await codeOf(() => openFeed(fs, { retention: EIGHT_FILES }))).toBe('PAWL_STORE_SYNC_FAILED');
    expect(fork.openCount).toBe(0);
  }
});

it('a reader that was in a removed file is told, and one behind it is not', async () => {
  const feed = await openFeed(new MemoryFs(), { retention: EIGHT_FILES });
  await appendTo(feed, 10);
  const reading = await feed.read(0, { limit: 3 });
  expect(reading).toMatchObject({ kind: 'changes', next: 3 });
  await appendTo(feed, 100);
  expect(await feed.read(3, { limit: 3 })).toEqual({ kind: 'resync', reason: 'behind', cursor: 100 });
  expect(await feed.read(98, { limit: 3 })).toMatchObject({ kind: 'changes', next: 100 });
  await closed(feed);
});

it('runs of all projects are remembered, however many files are begun and removed', async () => {
  const fs = new MemoryFs();
  const feed = await openFeed(fs, { retention: EIGHT_FILES });
  await feed.adopt('old', { run_x: 7 });
  await feed.append(batch(1, { system: 'run_b', project: 'other' }));
  await appendTo(feed, 100);
  expect(feed.oldest).toBeGreaterThan(1);
  await closed(feed);
  const next = await openFeed(fs, { retention: EIGHT_FILES });
  expect([next.position('old', 'run_x'), next.position('other', 'run_b'), next.knows('none')]).toEqual([7, 1, false]);
  await closed(next);
});
