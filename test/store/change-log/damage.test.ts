/** What the feed does where its files are lost, damaged, or not whole. */
import { describe, expect, it } from 'vitest';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { writeAtOnce } from '../../../src/prove/memory/other-process.ts';
import { haltBefore, isHalting } from '../store-kit.ts';
import { allAfter, batch, closed, contentOf, FOLDER, filesOf, NOW_MS, names, note, openFeed } from './feed-kit.ts';

const SMALL = filesOf(1_000);

/** A feed of several files, each with some records of one run. */
async function feedOf(records: number): Promise<{ fs: MemoryFs; head: number }> {
  const fs = new MemoryFs();
  const feed = await openFeed(fs, { retention: SMALL });
  await feed.adopt('q', { run_q: 3 });
  for (let seq = 1; seq <= records; seq += 1) await feed.append(batch(seq, { padding: 100 }));
  const { head } = feed;
  await closed(feed);
  return { fs, head };
}

/** One byte of the file is another one. */
function damage(fs: MemoryFs, name: string, at: number): void {
  const bytes = contentOf(fs, name).slice();
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  writeAtOnce(fs, `${FOLDER}/${name}`, bytes);
}

describe('a feed whose files are lost', () => {
  it('goes on behind everything that it can have given out, and tells every old cursor', async () => {
    const feed = await openFeed(new MemoryFs(), { isFresh: false });
    expect([feed.lostAtMs !== null, feed.head, feed.oldest]).toEqual([true, NOW_MS, NOW_MS]);
    for (const cursor of [0, 1, NOW_MS - 1])
      expect(await feed.read(cursor, { limit: 1 })).toEqual({ kind: 'resync', reason: 'behind', cursor: NOW_MS });
    await feed.append(note('a'));
    expect(await allAfter(feed, NOW_MS)).toEqual([`${NOW_MS + 1} a`]);
    await closed(feed);
  });

  it('is not mistaken for a new one where a damaged file is all that is left', async () => {
    const { fs } = await feedOf(1);
    damage(fs, '0000000000000001.ndjson', 100);
    await closed(await openFeed(fs));
    for (const name of names(fs)) if (name.endsWith('.ndjson')) fs.unlink(`${FOLDER}/${name}`);
    const feed = await openFeed(fs);
    expect([feed.lostAtMs !== null, feed.head]).toEqual([true, NOW_MS]);
    await closed(feed);
  });
});

describe('a last file that is damaged', () => {
  const BEYOND = 64 * 1024 * 1024;

  it('is set aside, whichever byte it is, and no sequence is given twice', async () => {
    const { fs: whole, head } = await feedOf(5);
    const last = names(whole).at(-1) ?? '';
    const size = contentOf(whole, last).length;
    expect(names(whole).length).toBeGreaterThan(1);
    for (let at = 0; at < size; at += 1) {
      const fs = whole.crash('everything');
      damage(fs, last, at);
      const logged: string[] = [];
      const feed = await openFeed(fs, { retention: SMALL, logged });
      if (at === size - 1) {
        // Without its newline a line is an append that was never acknowledged: that it had been, nothing in the file can show.
        expect([feed.lostAtMs !== null, feed.head]).toEqual([false, head - 1]);
      } else {
        expect([feed.lostAtMs !== null, feed.head, feed.oldest], `byte ${at}`).toEqual([true, NOW_MS, NOW_MS]);
        expect(logged.join('\n')).toContain(`${FOLDER}/${last} is damaged (`);
        const asides = names(whole).map((name) => `${name}.damaged`);
        expect(names(fs)).toEqual([...asides, `${String(NOW_MS + 1).padStart(16, '0')}.ndjson`]);
      }
      await closed(feed);
    }
  });

  it('is followed by a feed that has the positions that it could still read', async () => {
    const { fs } = await feedOf(5);
    const last = names(fs).at(-1) ?? '';
    damage(fs, last, -50);
    const feed = await openFeed(fs, { retention: SMALL });
    const position = feed.position('p', 'run_a');
    expect([feed.knows('p'), feed.position('q', 'run_q'), position < 5]).toEqual([true, 3, true]);
    for (let seq = position + 1; seq <= 6; seq += 1) expect(await feed.append(batch(seq))).toBe('taken');
    await closed(feed);
    const next = await openFeed(fs, { retention: SMALL });
    expect([next.lostAtMs !== null, next.oldest, next.position('p', 'run_a')]).toEqual([true, NOW_MS, 6]);
    await closed(next);
  });

  it('is followed by sequences behind all that fit into it, even where the clock was put back', async () => {
    const { fs } = await feedOf(1);
    const late = '0009000000000000.ndjson';
    writeAtOnce(fs, `${FOLDER}/${late}`, contentOf(fs, '0000000000000001.ndjson'));
    const feed = await openFeed(fs);
    expect([feed.lostAtMs !== null, feed.head]).toEqual([true, 9_000_000_000_000 + BEYOND]);
    await closed(feed);
  });

  it.each([
    ['empty', (bytes: Uint8Array) => bytes.slice(0, 0), 'it has no head'],
    ['without a whole head', (bytes: Uint8Array) => bytes.slice(0, 20), 'it has no head'],
    ['without its head', (bytes: Uint8Array) => bytes.slice(bytes.indexOf(10) + 1), 'line 1 is no head'],
    ['without a line in its middle', withoutSecond, 'line 2 goes on at 2, not 1'],
    ['with a line twice', (bytes: Uint8Array) => Buffer.concat([bytes, lastLine(bytes)]), 'line 4 goes on at 2, not 3'],
    ['with a second head', (bytes: Uint8Array) => Buffer.concat([bytes, firstLine(bytes)]), 'line 4 is another head'],
    [
      'with bytes that are no text',
      (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from([255, 10])]),
      'line 4 does not verify',
    ],
  ])('is not read on where it is %s', async (_, change, told) => {
    const fs = new MemoryFs();
    const feed = await openFeed(fs);
    await feed.append(note('a'));
    await feed.append(note('b'));
    await closed(feed);
    const [name = ''] = names(fs);
    writeAtOnce(fs, `${FOLDER}/${name}`, change(contentOf(fs, name)));
    const logged: string[] = [];
    const next = await openFeed(fs, { logged });
    expect(next.lostAtMs !== null).toBe(true);
    expect(logged[0]).toBe(`${FOLDER}/${name} is damaged (${told}): the change feed begins anew`);
    await closed(next);
  });

  it('never counts again, however the process or the machine stops while it is set aside', async () => {
    const { fs: whole } = await feedOf(5);
    damage(whole, names(whole).at(-1) ?? '', -50);
    const settled = whole.crash('everything');
    for (let at = 1; ; at += 1) {
      const fs = settled.crash('everything');
      haltBefore(fs, at);
      const isDead = await isHalting(async () => closed(await openFeed(fs, { retention: SMALL })));
      const seeds = Array.from({ length: 20 }, (_, seed) => ({ seed: at * 100 + seed }));
      for (const choice of ['everything', 'nothing', ...seeds] as const) {
        const feed = await openFeed(fs.crash(choice), { retention: SMALL });
        expect(feed.oldest, `before call ${at}, ${JSON.stringify(choice)}`).toBe(feed.head);
        expect(feed.head).toBeGreaterThanOrEqual(NOW_MS);
        await closed(feed);
      }
      if (!isDead) break;
    }
  });
});

describe('an older file', () => {
  it.each([
    ['damaged', (fs: MemoryFs, name: string) => damage(fs, name, 400), '.ndjson.damaged'],
    [
      'cut',
      (fs: MemoryFs, name: string) => writeAtOnce(fs, `${FOLDER}/${name}`, firstLine(contentOf(fs, name))),
      '.ndjson.damaged',
    ],
    ['longer than it can be', lengthened, '.ndjson.damaged'],
    ['gone', (fs: MemoryFs, name: string) => fs.unlink(`${FOLDER}/${name}`), null],
  ])('that is %s ends what can be replayed where it ends; what comes after it stays', async (_, change, left) => {
    const { fs, head } = await feedOf(12);
    const [first = '', second = '', third = ''] = names(fs);
    const thirdFirst = Number(third.slice(0, 16));
    change(fs, second);
    const logged: string[] = [];
    const feed = await openFeed(fs, { retention: SMALL, logged });
    expect([feed.oldest, feed.head]).toEqual([0, head]);
    const whatIsLeft = await allAfter(feed, thirdFirst - 1);
    expect(whatIsLeft).toHaveLength(head - thirdFirst + 1);
    // Where the file is gone, it is the one before it that ends too early.
    const cursor = left === null ? 0 : Number(second.slice(0, 16)) - 1;
    expect(await feed.read(cursor, { limit: 100 })).toEqual({ kind: 'resync', reason: 'behind', cursor: head });
    expect(feed.oldest).toBe(thirdFirst - 1);
    expect(await allAfter(feed)).toEqual(whatIsLeft);
    const asides = [first, second].map((name) => `${name}.damaged`).slice(0, left === null ? 1 : 2);
    expect(names(fs).filter((name) => name.endsWith('.damaged'))).toEqual(asides);
    expect(logged.at(-1)).toBe(`the change feed begins after ${thirdFirst - 1} now: what was before is damaged`);
    expect(await feed.append(batch(13))).toBe('taken');
    await closed(feed);
  });

  it('is not read at a start, however long the feed is', async () => {
    const fs = new MemoryFs();
    const retention = filesOf(32 * 1024 * 1024);
    const feed = await openFeed(fs, { retention });
    for (let seq = 1; seq <= 100; seq += 1) await feed.append(batch(seq, { count: 1_000 }));
    await closed(feed);
    const read: string[] = [];
    fs.onCall = (op, path) => {
      if (op === 'read') read.push(path);
    };
    const next = await openFeed(fs, { retention });
    expect([next.oldest, next.head, next.position('p', 'run_a')]).toEqual([0, 100_000, 100]);
    const last = names(fs).at(-1) ?? '';
    expect(read).toEqual([`${FOLDER}/${last}`]);
    expect(names(fs).length).toBeGreaterThan(2);
    expect(contentOf(fs, last).length).toBeLessThan(5 * 1024 * 1024);
    await closed(next);
  });
});

/** The changes of the file behind it are in the file, too. */
function lengthened(fs: MemoryFs, name: string): void {
  const all = names(fs);
  const next = contentOf(fs, all[all.indexOf(name) + 1] ?? '');
  writeAtOnce(fs, `${FOLDER}/${name}`, Buffer.concat([contentOf(fs, name), next.slice(firstLine(next).length)]));
}

function firstLine(bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, bytes.indexOf(10) + 1);
}

function lastLine(bytes: Uint8Array): Uint8Array {
  return bytes.slice(bytes.lastIndexOf(10, bytes.length - 2) + 1);
}

function withoutSecond(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([firstLine(bytes), lastLine(bytes)]);
}
