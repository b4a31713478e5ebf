/** What the feed takes, in which order, and what its readers get. */
import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { HeldSyncs, noting, turn } from '../journal-kit.ts';
import { codeOf } from '../store-kit.ts';
import { allAfter, batch, closed, draft, filesOf, names, note, openFeed, whatIn } from './feed-kit.ts';

const NEVER = new AbortController().signal;
const SMALL = filesOf(3_000);

describe('appending', () => {
  it('gives the changes of a new feed the sequences from 1 on, over a restart and over files', async () => {
    const fs = new MemoryFs();
    for (const from of [1, 4, 7]) {
      const feed = await openFeed(fs, { retention: SMALL });
      for (const seq of [from, from + 1, from + 2]) {
        expect(await feed.append(batch(seq, { count: 2, padding: 300 }))).toBe('taken');
      }
      await closed(feed);
    }
    expect(names(fs).length).toBeGreaterThan(2);
    const feed = await openFeed(fs, { retention: SMALL });
    const expected = Array.from({ length: 18 }, (_, n) => `${n + 1} run_a ${Math.floor(n / 2) + 1}.${n % 2}`);
    expect(await allAfter(feed)).toEqual(expected);
    expect([feed.oldest, feed.head, feed.lostAtMs !== null]).toEqual([0, 18, false]);
    await closed(feed);
  });

  it('takes a record of a run once and after the one before it, and says so', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs);
    expect(await feed.append(batch(2))).toBe('gap');
    expect(await feed.append(batch(1))).toBe('taken');
    expect(await feed.append(batch(1))).toBe('known');
    expect(await feed.append(batch(1, { system: 'run_b' }))).toBe('taken');
    expect(await feed.append(batch(1, { project: 'q' }))).toBe('taken');
    expect(await feed.append(batch(2, { count: 0 }))).toBe('taken');
    expect([feed.head, feed.position('p', 'run_a'), feed.position('p', 'run_c')]).toEqual([3, 2, 0]);
    await closed(feed);
    const next = await openFeed(fs);
    expect(await next.append(batch(2))).toBe('known');
    expect(await next.append(batch(3))).toBe('taken');
    expect(await allAfter(next)).toEqual(['1 run_a 1.0', '2 run_b 1.0', '3 run_a 1.0', '4 run_a 3.0']);
    await closed(next);
  });

  it('follows an adopted project from where it is said to be, until it is forgotten, over restarts', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs);
    const asked = [feed.adopt('p', { run_a: 5 }), feed.append(batch(6)), feed.append(batch(1, { system: 'run_b' }))];
    expect(await Promise.all(asked)).toEqual([undefined, 'taken', 'taken']);
    await closed(feed);
    const second = await openFeed(fs);
    expect([second.knows('p'), second.position('p', 'run_a'), second.position('p', 'run_b')]).toEqual([true, 6, 1]);
    await second.forget('p');
    expect([second.knows('p'), second.position('p', 'run_a')]).toEqual([false, 0]);
    await closed(second);
    const third = await openFeed(fs);
    expect([third.knows('p'), third.knows('q'), third.head]).toEqual([false, false, 2]);
    await closed(third);
  });

  it('writes and syncs together what is asked for together', async () => {
    const fs = new FaultFs(new MemoryFs());
    const feed = await openFeed(fs);
    const [writes, syncs] = [fs.countOf('write'), fs.countOf('sync', 'dataSync')];
    await Promise.all([1, 2, 3, 4].map((seq) => feed.append(batch(seq))));
    expect([fs.countOf('write') - writes, fs.countOf('sync', 'dataSync') - syncs]).toEqual([1, 1]);
    await closed(feed);
  });

  it('keeps the order of the calls while a file is begun, and begins one however many wait', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs, { retention: filesOf(6_000) });
    const held = new HeldSyncs(fs);
    const seqs = Array.from({ length: 40 }, (_, n) => n + 1);
    const ends: Promise<string>[] = [];
    for (const seq of seqs) {
      ends.push(feed.append(batch(seq, { padding: 200 })));
      await turn();
      if (held.count > 0 && seq % 3 > 0) await held.end();
    }
    const closing = feed.close();
    while (held.count > 0) await held.end();
    await closing;
    expect(await Promise.all(ends)).toEqual(seqs.map(() => 'taken'));
    fs.onSync = null;
    expect(names(fs).length).toBeGreaterThan(2);
    const next = await openFeed(fs, { retention: filesOf(6_000) });
    expect(await allAfter(next)).toEqual(seqs.map((seq) => `${seq} run_a ${seq}.0`));
    await closed(next);
  });

  it('says that a record is known only when it is durable, and fails with what it waited for', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs);
    const held = new HeldSyncs(fs);
    const ends = noting([feed.append(batch(1)), feed.append(batch(1))]);
    await turn();
    expect(ends).toEqual([]);
    await held.end();
    expect(ends).toEqual(['0', '1']);
    const more = noting([feed.append(batch(2)), feed.append(batch(2)), feed.append(batch(3)), feed.append(batch(5))]);
    await turn();
    expect(more).toEqual(['3']);
    await held.end(Object.assign(new Error('EIO'), { code: 'EIO' }));
    const code = 'PAWL_STORE_SYNC_FAILED';
    expect(more).toEqual(['3', `0 ${code}`, `1 ${code}`, `2 ${code}`]);
    expect([feed.head, feed.position('p', 'run_a')]).toEqual([1, 1]);
    expect(await codeOf(() => feed.append(note('later')))).toBe(code);
    expect(await codeOf(() => feed.forget('p'))).toBe(code);
    await closed(feed);
  });

  it('fails for all who wait behind what fails', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs);
    const held = new HeldSyncs(fs);
    const ends = noting([feed.append(batch(1))]);
    await turn();
    const later = noting([feed.append(batch(2)), feed.append(note('a')), feed.adopt('q', {})]);
    await held.end(Object.assign(new Error('EIO'), { code: 'EIO' }));
    expect(ends).toEqual(['0 PAWL_STORE_SYNC_FAILED']);
    expect([...later].sort()).toEqual([0, 1, 2].map((index) => `${index} PAWL_STORE_SYNC_FAILED`));
    expect([feed.head, feed.position('p', 'run_a'), feed.knows('q')]).toEqual([0, 0, false]);
    await closed(feed);
  });

  it('of lines without a change begins a file anew under the same name', async () => {
    const fs = new MemoryFs();
    const retention = { ...filesOf(300), count: 1 };
    const feed = await openFeed(fs, { retention });
    for (let run = 1; run <= 20; run += 1) await feed.adopt('q', { [`run_${run}`.padEnd(60, 'x')]: run });
    await feed.append(batch(1));
    expect([names(fs), feed.oldest]).toEqual([['0000000000000001.ndjson'], 0]);
    expect((fs.stat('/changes/0000000000000001.ndjson')?.size ?? 0) < 1_500).toBe(true);
    await closed(feed);
    const next = await openFeed(fs, { retention });
    expect(await allAfter(next)).toEqual(['1 run_a 1.0']);
    expect([next.lostAtMs !== null, next.position('q', 'run_20'.padEnd(60, 'x'))]).toEqual([false, 20]);
    await closed(next);
  });

  it('is refused by a fence, which leaves the feed as it was', async () => {
    const fs = new MemoryFs();
    const fence = { error: null as Error | null };
    const feed = await openFeed(fs, {
      fence: () => {
        if (fence.error !== null) throw fence.error;
      },
    });
    await feed.append(batch(1));
    const before = fs.changes.live;
    fence.error = new Error('another one writes');
    await expect(feed.append(batch(2))).rejects.toThrow('another one writes');
    expect([feed.head, fs.changes.live]).toEqual([1, before]);
    fence.error = null;
    expect(await feed.append(batch(2))).toBe('taken');
    await closed(feed);
  });

  it('is a bug after the end, and what was asked for before it is durable', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs);
    const last = feed.append(batch(1));
    await closed(feed);
    expect(await last).toBe('taken');
    await expect(feed.append(batch(2))).rejects.toThrow('bug: the change feed is closed');
    expect(fs.openCount).toBe(0);
  });
});

describe('reading', () => {
  it('gives a change only once it is durable', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs);
    const held = new HeldSyncs(fs);
    const appended = feed.append(batch(1));
    const woken = noting([feed.next(0, NEVER)]);
    await turn();
    expect(fs.crash('everything').list('/changes')).toHaveLength(1);
    expect([await allAfter(feed, 0), woken]).toEqual([[], []]);
    await held.end();
    await appended;
    expect([await allAfter(feed, 0), woken]).toEqual([['1 run_a 1.0'], ['0']]);
    await closed(feed);
  });

  it('looks at no more changes than asked for, and moves on where a filter leaves all of them out', async () => {
    const feed = await openFeed(new MemoryFs());
    for (const seq of [1, 2, 3]) await feed.append(batch(seq, { count: 2 }));
    const filter = ({ seq }: { readonly seq: number }): boolean => seq === 6;
    const none = await feed.read(0, { limit: 4, filter });
    expect(none).toEqual({ kind: 'changes', changes: [], next: 4 });
    const one = await feed.read(4, { limit: 4, filter });
    expect(one.kind === 'changes' && one.changes.map(({ change }) => whatIn(change))).toEqual(['run_a 3.1']);
    expect(await feed.read(6, { limit: 4, filter })).toEqual({ kind: 'changes', changes: [], next: 6 });
    await closed(feed);
  });

  it('says of a cursor ahead of the feed that it is, and where to go on', async () => {
    const feed = await openFeed(new MemoryFs());
    await feed.append(note('a'));
    expect(await feed.read(2, { limit: 1 })).toEqual({ kind: 'resync', reason: 'ahead', cursor: 1 });
    await closed(feed);
  });

  it('gives the same from memory and from files, whoever wrote them', async () => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs, { retention: SMALL });
    for (let seq = 1; seq <= 30; seq += 1) await feed.append(batch(seq, { count: (seq % 3) + 1, padding: 100 }));
    const written = await allAfter(feed);
    const texts = async (of: typeof feed): Promise<readonly string[]> => {
      const reading = await of.read(of.oldest, { limit: 3 });
      return reading.kind === 'changes' ? reading.changes.map(({ text }) => text) : [];
    };
    const [oldTexts, head] = [await texts(feed), feed.head];
    for (let after = 0; after < head; after += 1) {
      expect(await allAfter(feed, after, 7)).toEqual(written.slice(after));
    }
    await closed(feed);
    const next = await openFeed(fs, { retention: SMALL });
    for (let after = 0; after < head; after += 1) {
      expect(await allAfter(next, after, 7)).toEqual(written.slice(after));
    }
    expect(await texts(next)).toEqual(oldTexts);
    await closed(next);
  });
});

it('the text of a change hides nothing from whoever prints it, before and after a restart', async () => {
  const fs = new MemoryFs();
  const feed = await openFeed(fs);
  await feed.append(note('a\u202eb\u007fc'));
  const textIn = async (of: typeof feed): Promise<string | undefined> => {
    const reading = await of.read(0, { limit: 1 });
    return reading.kind === 'changes' ? reading.changes[0]?.text : undefined;
  };
  const text = await textIn(feed);
  expect(text).toContain('"a\\u202eb\\u007fc"');
  await closed(feed);
  const next = await openFeed(fs);
  expect(await textIn(next)).toBe(text);
  await closed(next);
});

describe('waiting', () => {
  it('ends for everybody with a change behind their cursor, for nobody else', async () => {
    const feed = await openFeed(new MemoryFs());
    const ends = noting([feed.next(0, NEVER), feed.next(0, NEVER), feed.next(1, NEVER)]);
    await turn();
    expect(ends).toEqual([]);
    await feed.append(note('a'));
    await turn();
    expect(ends).toEqual(['0', '1']);
    await feed.append(note('b'));
    await turn();
    expect(ends).toEqual(['0', '1', '2']);
    await closed(feed);
  });

  it('ends when it is called off, or has been, and not by the end of the feed', async () => {
    const feed = await openFeed(new MemoryFs());
    const [one, other] = [new AbortController(), new AbortController()];
    const ends = noting([feed.next(0, one.signal), feed.next(0, other.signal)]);
    one.abort();
    await feed.next(0, one.signal);
    await turn();
    expect(ends).toEqual(['0']);
    await closed(feed);
    await turn();
    expect(ends).toEqual(['0']);
    other.abort();
    await turn();
    expect(ends).toEqual(['0', '1']);
  });

  it('does not end by changes that are in the feed without being after the cursor', async () => {
    const feed = await openFeed(new MemoryFs());
    const ends = noting([feed.next(0, NEVER)]);
    await feed.append({ source: { project: 'p', system: 'run_a', seq: 1 }, changes: [] });
    await feed.adopt('q', {});
    await turn();
    expect(ends).toEqual([]);
    await feed.append({ source: null, changes: [draft('a')] });
    await turn();
    expect(ends).toEqual(['0']);
    await closed(feed);
  });
});
