/** A change feed while it begins a new file. */
import { expect, it } from 'vitest';
import type { ChangeBatch } from '../../../src/model/change.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { ChangeLog, type ChangeLogOptions } from '../../../src/store/change-log/change-log.ts';
import { filesOver } from '../store-kit.ts';

const FOLDER = '/changes';

function optionsOver(fs: MemoryFs, more: Partial<ChangeLogOptions> = {}): ChangeLogOptions {
  return {
    files: filesOver(fs),
    folder: FOLDER,
    retention: { ageMs: Number.MAX_SAFE_INTEGER, count: 1_000_000, bytes: 1_000_000_000 },
    isFresh: false,
    fence: () => undefined,
    log: () => undefined,
    ...more,
  };
}

function batchOf(system: string, seq: number): ChangeBatch {
  const change = { type: 'run_updated', project: 'widget', system, atMs: seq, data: { journalSeq: seq } } as const;
  return { source: { project: 'widget', system, seq }, changes: [change] };
}

it('what is written while a new file is begun stands in one file, and is known to the next process', async () => {
  const fs = new MemoryFs();
  const feed = await ChangeLog.open(optionsOver(fs, { isFresh: true, segmentBytes: 1 }));
  await feed.adopt('widget', {});
  // Every append begins a new file: some are asked for just when one ends, and projects come meanwhile.
  const asked: Promise<unknown>[] = [];
  for (let seq = 1; seq <= 20; seq += 1) {
    asked.push(feed.append(batchOf('run_a', seq)));
    const first = feed.append(batchOf('run_b', seq));
    asked.push(
      first.then(() => feed.adopt(`project-${seq}`, { run_c: seq })),
      first,
    );
    await first;
  }
  await Promise.all(asked);
  const { head } = feed;
  const seen = await feed.read(0, { limit: 1_000 });
  await feed.close();
  const again = await ChangeLog.open(optionsOver(fs, { segmentBytes: 1 }));
  expect({ head: again.head, wasLost: again.lostAtMs !== null }).toEqual({ head, wasLost: false });
  expect([again.position('widget', 'run_a'), again.position('widget', 'run_b')]).toEqual([20, 20]);
  for (let seq = 1; seq <= 20; seq += 1) expect(again.position(`project-${seq}`, 'run_c')).toBe(seq);
  let after = 0;
  const read: number[] = [];
  while (after < head) {
    const part = await again.read(after, { limit: 7 });
    if (part.kind !== 'changes') throw new Error(part.reason);
    read.push(...part.changes.map(({ change }) => change.seq));
    after = part.next;
  }
  expect(read).toEqual(Array.from({ length: head }, (_, n) => n + 1));
  expect(seen.kind === 'changes' && seen.changes.length).toBe(head);
  await again.close();
});
