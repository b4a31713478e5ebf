/** What the feed keeps when the system refuses, when its process dies, and when the power goes. */
import { describe, expect, it } from 'vitest';
import { PawlError } from '../../../src/model/error.ts';
import type { FaultFs } from '../../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import type { ChangeLog } from '../../../src/store/change-log/change-log.ts';
import { codeOf, codeOfFault, forEachCrash, forEachFault, isHalting } from '../store-kit.ts';
import { allAfter, batch, closed, filesOf, names, note, openFeed } from './feed-kit.ts';

/** Three records of two changes in a file. */
const SMALL = filesOf(1_000);
const RECORDS = 8;
const record = (seq: number) => batch(seq, { count: 2, padding: 60 });
const changesOf = (seq: number): readonly string[] => [1, 2].map((n) => `${2 * seq - 2 + n} run_a ${seq}.${n - 1}`);
const changesTo = (seq: number): readonly string[] => Array.from({ length: seq }, (_, n) => changesOf(n + 1)).flat();

/** A feed with the first record in it. */
async function withOne(memory: MemoryFs): Promise<void> {
  const feed = await openFeed(memory, { retention: SMALL });
  await feed.append(record(1));
  await feed.close();
}

/** The rest of the records, in pairs; a pair that fails is asked for again, once. Resolves to what failed. */
async function appendRest(feed: ChangeLog, done: (seq: number) => void = () => undefined): Promise<PawlError[]> {
  const errors: PawlError[] = [];
  for (let seq = 2; seq <= RECORDS; seq += 2) {
    for (const each of [0, 1]) {
      const pair = [seq, seq + 1].filter((next) => next <= RECORDS);
      const ends = await Promise.allSettled(pair.map(async (next) => feed.append(record(next)).then(() => done(next))));
      const reasons: unknown[] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
      for (const reason of reasons) {
        if (!(reason instanceof PawlError)) throw reason;
        errors.push(reason);
      }
      if (reasons.length === 0 || each === 1) break;
    }
  }
  return errors;
}

describe.each(['ENOSPC', 'EIO', 'EACCES', 'EMFILE'])('a refusal of the system (%s)', (code) => {
  it('at any one call is reported, and the same append works the next time, unless a sync failed', async () => {
    const fired = new Set<string>();
    const tried = await forEachFault({ fault: { code } }, withOne, async (fs, memory) => {
      const feed = await opened(fs, code);
      const errors = await appendRest(feed);
      for (const error of errors) expect(error.code).toBe(codeOfFault(fs.firedOp ?? 'read', code));
      if (fs.firedOp !== null) fired.add(fs.firedOp);
      const isOver = feed.head < 2 * RECORDS;
      // A size that cannot be told after the sync leaves the end of the file unknown, too.
      if (errors.some((error) => error.code === 'PAWL_STORE_SYNC_FAILED')) expect(isOver).toBe(true);
      if (isOver) expect(['sync', 'dataSync', 'size']).toContain(fs.firedOp);
      if (isOver) expect(await codeOf(() => feed.forget('q'))).toBe(errors.at(-1)?.code);
      // What a reader could not read once it can the next time.
      const found = await allAfter(feed).catch(() => allAfter(feed));
      expect(found).toEqual(changesTo(RECORDS).slice(feed.oldest, feed.head));
      const head = feed.head;
      await feed.close().catch((error: unknown) => expect(error).toBeInstanceOf(PawlError));
      await checkAfter(memory.crash('nothing'), head);
      await checkAfter(memory, head);
    });
    expect(tried).toBeGreaterThan(50);
    expect([...fired].sort()).toEqual(
      expect.arrayContaining(['close', 'dataSync', 'open', 'rename', 'size', 'sync', 'write']),
    );
  });
});

/** The feed, opened again where it could not be the first time. */
async function opened(fs: FaultFs, code: string): Promise<ChangeLog> {
  try {
    return await openFeed(fs, { retention: SMALL });
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    expect(error.code).toBe(codeOfFault(fs.firedOp ?? 'read', code));
    return openFeed(fs, { retention: SMALL });
  }
}

/** The next process finds at least what was durable, and goes on behind it. */
async function checkAfter(fs: MemoryFs, head: number): Promise<void> {
  const logged: string[] = [];
  const feed = await openFeed(fs, { retention: SMALL, logged });
  expect(logged.filter((line) => line.includes('damage'))).toEqual([]);
  expect(feed.lostAtMs !== null).toBe(false);
  const found = feed.head;
  expect(found).toBeGreaterThanOrEqual(head);
  expect(found).toBe(2 * feed.position('p', 'run_a'));
  for (let seq = 1; seq <= RECORDS; seq += 1) {
    expect(await feed.append(record(seq))).toBe(2 * seq <= found ? 'known' : 'taken');
  }
  expect(await allAfter(feed, feed.oldest)).toEqual(changesTo(RECORDS).slice(feed.oldest));
  await closed(feed);
}

it.each(['short', 'none'] as const)('a disk that takes %s of a write costs no change', async (fault) => {
  await forEachFault({ ops: ['write'], fault }, withOne, async (fs) => {
    const feed = await opened(fs, 'EIO');
    await appendRest(feed);
    expect(await allAfter(feed, feed.oldest)).toEqual(changesTo(RECORDS).slice(feed.oldest));
    await closed(feed);
  });
});

it('a disk that stays full refuses every append, and takes them all once it has room', async () => {
  await forEachFault({ ops: ['write'], fault: { code: 'ENOSPC' }, isLasting: true }, withOne, async (fs) => {
    const feed = await openFeed(fs, { retention: SMALL });
    const errors = await appendRest(feed);
    expect(errors.length > 0).toBe(fs.hasFired);
    fs.plan = null;
    const from = feed.position('p', 'run_a') + 1;
    for (let seq = from; seq <= RECORDS; seq += 1) expect(await feed.append(record(seq))).toBe('taken');
    expect(await allAfter(feed, feed.oldest)).toEqual(changesTo(RECORDS).slice(feed.oldest));
    await closed(feed);
  });
});

it('a failed append that cannot be taken back ends the appends, and the next start has the feed', async () => {
  await forEachFault(
    { ops: ['write', 'truncate'], fault: { code: 'EIO' }, isLasting: true },
    withOne,
    async (fs, memory) => {
      const feed = await openFeed(fs, { retention: SMALL });
      await appendRest(feed);
      const { head } = feed;
      await closed(feed);
      await checkAfter(memory, head);
    },
  );
});

it('a crash before any call loses no change that was acknowledged, and brings none twice', async () => {
  const tried = await forEachCrash<number>(
    withOne,
    async (fs, acknowledged) => {
      const feed = await openFeed(fs, { retention: SMALL });
      const errors: PawlError[] = [];
      const isDead = await isHalting(async () =>
        errors.push(...(await appendRest(feed, (seq) => acknowledged.push(seq)))),
      );
      expect(errors).toEqual([]);
      if (isDead) await isHalting(() => feed.close());
      else await feed.close();
      // What has died is told to the loop by its next call.
      fs.list('/');
    },
    (survivor, acknowledged) => checkAfter(survivor, 2 * Math.max(1, ...acknowledged)),
  );
  expect(tried).toBeGreaterThan(50);
});

it('a crash while the first file is made leaves a feed that can be opened', async () => {
  await forEachCrash(
    () => undefined,
    async (fs) => closed(await openFeed(fs)),
    async (survivor) => {
      const feed = await openFeed(survivor);
      expect([feed.head, feed.lostAtMs !== null]).toEqual([0, false]);
      await feed.append(note('a'));
      expect(names(survivor)).toEqual(['0000000000000001.ndjson']);
      await closed(feed);
    },
  );
});

it('an append that was cut off in its middle is cut off the file, reported, and taken again', async () => {
  const memory = new MemoryFs();
  await withOne(memory);
  const [name = ''] = names(memory);
  const size = memory.stat(`/changes/${name}`)?.size ?? 0;
  const feed = await openFeed(memory);
  await feed.append(record(2));
  await closed(feed);
  const whole = memory.stat(`/changes/${name}`)?.size ?? 0;
  for (let end = size; end < whole; end += 1) {
    const torn = memory.crash('everything');
    const fd = torn.open(`/changes/${name}`, 'r+');
    torn.truncate(fd, end);
    torn.close(fd);
    const logged: string[] = [];
    const next = await openFeed(torn, { logged });
    expect(logged).toEqual(
      end === size ? [] : [`/changes/${name}: the last append was interrupted: ${end - size} bytes are cut off`],
    );
    expect([next.head, next.lostAtMs !== null, torn.stat(`/changes/${name}`)?.size]).toEqual([2, false, size]);
    expect(await next.append(record(2))).toBe('taken');
    expect(await allAfter(next)).toEqual(changesTo(2));
    await closed(next);
  }
});
