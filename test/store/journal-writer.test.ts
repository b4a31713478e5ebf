import { describe, expect, it } from 'vitest';
import { PawlError } from '../../src/model/error.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { readJournal, repairJournal } from '../../src/store/journal.ts';
import { JournalWriter } from '../../src/store/journal-writer.ts';
import {
  append,
  HeldSyncs,
  lines,
  noting,
  openWriter,
  PATH,
  records,
  sealed,
  seqs,
  tailAt,
  turn,
} from './journal-kit.ts';
import { codeOf, codeOfFault, filesOver, forEachCrash, forEachFault, systemError, textOf } from './store-kit.ts';

/** All records, each behind the one before it, as a body that drives one run appends them; `done` is told each that is durable. */
const oneByOne = async (writer: JournalWriter, done: (seq: number) => void): Promise<void> => {
  for (const { seq } of records) {
    await append(writer, seq);
    done(seq);
  }
};
/** All records, none waiting for the one before it. */
const atOnce = async (writer: JournalWriter, done: (seq: number) => void): Promise<void> => {
  const ends = await Promise.allSettled(records.map(({ seq }) => append(writer, seq).then(() => done(seq))));
  const reasons: unknown[] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  // What is no refusal of the store, such as an append that never ends, comes first.
  if (reasons.length > 0) throw reasons.find((reason) => !(reason instanceof PawlError)) ?? reasons[0];
};

it('appends are durable when acknowledged, at one sync each and one for the new file', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const writer = await openWriter(fs);
  expect(fs.countOf('sync', 'dataSync')).toBe(1);
  await append(writer, 1);
  expect(seqs(memory.crash('nothing'))).toEqual([1]);
  await append(writer, 2);
  expect(seqs(memory.crash('nothing'))).toEqual([1, 2]);
  expect([fs.countOf('sync', 'dataSync'), fs.countOf('write')]).toEqual([3, 2]);
  const { size } = writer;
  expect(size).toBe(tailAt(2).end);
  await writer.close();
  await writer.close();
  const next = await openWriter(memory, { seq: 2, end: size });
  await append(next, 3);
  await next.close();
  expect(seqs(memory.crash('nothing'))).toEqual([1, 2, 3]);
});

it('what a killed writer had not synced is durable once the next one is open', async () => {
  const memory = new MemoryFs();
  const fd = memory.open(PATH, 'a+');
  memory.write(fd, Buffer.from(sealed(1).line), null);
  memory.close(fd);
  await filesOver(memory).syncFolder('/');
  expect(seqs(memory.crash('nothing'))).toEqual([]);
  await (await openWriter(memory, tailAt(1))).close();
  expect(seqs(memory.crash('nothing'))).toEqual([1]);
});

it('a new file that a killed process left empty has a durable name once the next writer is open', async () => {
  const memory = new MemoryFs();
  memory.close(memory.open(PATH, 'a+'));
  const writer = await openWriter(memory);
  await append(writer, 1);
  expect(seqs(memory.crash('nothing'))).toEqual([1]);
  await writer.close();
});

it('refuses a file of another size than was read, and one that has gone', async () => {
  const memory = new MemoryFs();
  const files = filesOver(memory);
  await files.writeDurable(PATH, Buffer.from(sealed(1).line));
  for (const end of [0, 5, 10_000]) {
    expect(await codeOf(() => openWriter(memory, { seq: 1, end }))).toBe('PAWL_JOURNAL_DAMAGED');
  }
  const gone = JournalWriter.open(files, '/gone', { seq: 1, end: 5 }, () => undefined);
  expect(await codeOf(() => gone)).toBe('PAWL_JOURNAL_DAMAGED');
  expect(memory.stat('/gone')).toBeNull();
  expect(memory.openCount).toBe(0);
});

describe.each([
  ['one by one', oneByOne, 1],
  ['all at once', atOnce, records.length],
] as const)('records that are appended %s', (_how, appendAll, inFlight) => {
  it('are after a crash at any call whole, or end in an interrupted append, and all that was acknowledged is there', async () => {
    const ways = await forEachCrash<number>(
      () => undefined,
      async (fs, acknowledged) => {
        const writer = await openWriter(fs);
        await appendAll(writer, (seq) => acknowledged.push(seq));
        await writer.close();
      },
      async (survivor, acknowledged) => {
        const files = filesOver(survivor);
        let found = readJournal(files, PATH);
        if (found.kind === 'unterminated' || found.kind === 'torn') await repairJournal(files, PATH, found);
        found = readJournal(files, PATH);
        if (found.kind === 'absent') return expect(acknowledged).toEqual([]);
        if (found.kind !== 'whole') throw new Error(`the journal is ${found.kind}`);
        expect(acknowledged).toEqual(records.slice(0, acknowledged.length).map(({ seq }) => seq));
        expect(found.records.slice(0, acknowledged.length)).toEqual(records.slice(0, acknowledged.length));
        expect(found.records.length - acknowledged.length).toBeLessThanOrEqual(inFlight);
        expect(found.records).toEqual(records.slice(0, found.records.length));
      },
    );
    expect(ways).toBeGreaterThan(inFlight === 1 ? 12 : 9);
  });

  it.each(['ENOSPC', 'EIO', 'EACCES'])(
    'lose none that was acknowledged to %s at any call, and leave no half one',
    async (code) => {
      const ways = await forEachFault(
        { fault: { code } },
        () => undefined,
        async (fs, memory) => {
          const acknowledged: number[] = [];
          let writer: JournalWriter | null = null;
          const thrown = await codeOf(async () => {
            writer = await openWriter(fs);
            await appendAll(writer, (seq) => acknowledged.push(seq));
            await writer.close();
          });
          expect(thrown).toBe(fs.firedOp === null ? null : codeOfFault(fs.firedOp, code));
          if (memory.stat(PATH) !== null) expect(seqs(memory).slice(0, acknowledged.length)).toEqual(acknowledged);
          if (writer !== null && fs.firedOp === 'write') await retry(writer, acknowledged.length, memory);
          if (writer !== null && fs.firedOp === 'dataSync') {
            const poisoned: JournalWriter = writer;
            expect(await codeOf(() => append(poisoned, 1))).toBe('PAWL_STORE_SYNC_FAILED');
            expect(await codeOf(() => append(poisoned, acknowledged.length + 1))).toBe('PAWL_STORE_SYNC_FAILED');
          }
          await close(writer);
        },
      );
      expect(ways).toBeGreaterThan(inFlight === 1 ? 12 : 9);
    },
  );
});

/** A writer whose write has failed may continue: nothing of the failed append is left. */
async function retry(writer: JournalWriter, done: number, memory: MemoryFs): Promise<void> {
  expect(seqs(memory)).toEqual(records.slice(0, done).map((record) => record.seq));
  await append(writer, done + 1);
  expect(seqs(memory.crash('nothing'))).toEqual(records.slice(0, done + 1).map((record) => record.seq));
}

async function close(writer: JournalWriter | null): Promise<void> {
  await writer?.close();
}

it('short writes are looped until the line is whole; one that takes nothing is taken back', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: ['write'], at: 1, fault: 'short', isLasting: true });
  const writer = await openWriter(fs);
  await Promise.all([1, 2, 3].map((seq) => append(writer, seq)));
  expect(seqs(memory)).toEqual([1, 2, 3]);
  fs.count = 0;
  fs.plan = { ops: ['write'], at: 1, fault: 'none' };
  expect(await codeOf(() => append(writer, 4))).toBe('PAWL_STORE_FAILED');
  expect(seqs(memory)).toEqual([1, 2, 3]);
  await append(writer, 4);
  expect(seqs(memory)).toEqual([1, 2, 3, 4]);
  await writer.close();
});

it('a full disk in the middle of a line is taken back, byte for byte', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const writer = await openWriter(fs);
  await append(writer, 1);
  let count = 0;
  const write = fs.write.bind(fs);
  fs.write = (fd, bytes, position) => {
    count += 1;
    if (count === 2) throw systemError('ENOSPC');
    return write(fd, bytes.subarray(0, 30), position);
  };
  expect(await codeOf(() => append(writer, 2))).toBe('PAWL_STORE_FULL');
  expect(memory.stat(PATH)?.size).toBe(writer.size);
  await writer.close();
});

it('another writer is noticed before the append is acknowledged, and ends this one', async () => {
  const memory = new MemoryFs();
  const writer = await openWriter(memory);
  const other = await openWriter(memory);
  await append(other, 1);
  expect(await codeOf(() => append(writer, 1))).toBe('PAWL_JOURNAL_DAMAGED');
  expect(await codeOf(() => append(writer, 2))).toBe('PAWL_JOURNAL_DAMAGED');
  await writer.close();
  await other.close();
});

const locked = new PawlError({ code: 'PAWL_REGISTRY_LOCKED', message: 'm', subject: 's', hint: 'h' });

/** A writer whose first record is being synced, and its file system. */
async function atWork(fence?: (generation: number) => void) {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const writer = await openWriter(fs, undefined, fence);
  const syncs = new HeldSyncs(memory);
  fs.calls.splice(0);
  return { memory, fs, writer, syncs, first: append(writer, 1) };
}

describe('records that wait while another one is being synced', () => {
  it('are written and synced together, once, and acknowledged in order, none before its sync has ended', async () => {
    const { memory, fs, writer, syncs, first } = await atWork();
    const ends = noting([first, ...[2, 3, 4].map((seq) => append(writer, seq))]);
    await turn();
    expect([fs.countOf('write'), fs.countOf('dataSync'), ends]).toEqual([1, 1, []]);
    expect(writer.size).toBe(0);
    await syncs.end();
    expect([fs.countOf('write'), fs.countOf('dataSync'), ends]).toEqual([2, 2, ['0']]);
    expect(writer.size).toBe(tailAt(1).end);
    // What comes now waits for the next one.
    const fifth = noting([append(writer, 5)]);
    await syncs.end();
    expect([fs.countOf('write'), fs.countOf('dataSync'), ends]).toEqual([3, 3, ['0', '1', '2', '3']]);
    expect([writer.size, fifth]).toEqual([tailAt(4).end, []]);
    await syncs.end();
    expect([fifth, syncs.count, fs.countOf('sync')]).toEqual([['0'], 0, 0]);
    expect(seqs(memory.crash('nothing'))).toEqual([1, 2, 3, 4, 5]);
    await writer.close();
  });

  it('fail with it when it could not be made durable, and nothing is appended from then on', async () => {
    const { fs, writer, syncs, first } = await atWork();
    const ends = noting([first, append(writer, 2), append(writer, 3)]);
    await syncs.end(systemError('EIO'));
    expect(ends).toEqual([0, 1, 2].map((index) => `${index} PAWL_STORE_SYNC_FAILED`));
    for (const seq of [1, 2, 3, 4]) expect(await codeOf(() => append(writer, seq))).toBe('PAWL_STORE_SYNC_FAILED');
    expect([fs.countOf('write'), fs.countOf('dataSync'), fs.countOf('truncate')]).toEqual([1, 1, 0]);
    await writer.close();
  });

  it('fail together when they cannot be written, with what waited behind them, and the journal is as it was', async () => {
    const { memory, fs, writer, syncs, first } = await atWork();
    const ends = noting([first, append(writer, 2), append(writer, 3)]);
    // The second half of what waits does not fit on the disk.
    const write = memory.write.bind(memory);
    memory.write = (fd, bytes, position) => {
      memory.write = () => {
        throw systemError('ENOSPC');
      };
      return write(fd, bytes.subarray(0, tailAt(2).end - tailAt(1).end + 9), position);
    };
    await syncs.end();
    expect(ends).toEqual(['0', '1 PAWL_STORE_FULL', '2 PAWL_STORE_FULL']);
    expect([seqs(memory), memory.stat(PATH)?.size, writer.size]).toEqual([[1], tailAt(1).end, tailAt(1).end]);
    expect([fs.countOf('truncate'), fs.countOf('dataSync')]).toEqual([1, 1]);
    memory.write = write;
    expect(await codeOf(() => append(writer, 4))).toBe('PAWL_JOURNAL_FENCED');
    const again = noting([append(writer, 2), append(writer, 3)]);
    await syncs.end();
    await syncs.end();
    expect([again, seqs(memory.crash('nothing'))]).toEqual([
      ['0', '1'],
      [1, 2, 3],
    ]);
    await writer.close();
  });

  it('are refused with it when the generation is not the highest any more, and nothing of them is written', async () => {
    let highest = 1;
    const { memory, fs, writer, syncs, first } = await atWork((generation) => {
      if (generation < highest) throw locked;
    });
    const ends = noting([first, append(writer, 2), append(writer, 3)]);
    highest = 2;
    await syncs.end();
    // What was written before the next one took over stands.
    expect(ends).toEqual(['0', '1 PAWL_REGISTRY_LOCKED', '2 PAWL_REGISTRY_LOCKED']);
    expect(await codeOf(() => append(writer, 2))).toBe('PAWL_REGISTRY_LOCKED');
    expect([fs.countOf('write', 'truncate'), fs.countOf('dataSync'), seqs(memory)]).toEqual([1, 1, [1]]);
    const next = noting([writer.append(1, 2, sealed(2))]);
    await syncs.end();
    expect([next, seqs(memory.crash('nothing'))]).toEqual([['0'], [1, 2]]);
    await writer.close();
  });
});

it.each([0, 2, 5])(
  'a record that is to follow record %i of a journal of one is refused, and nothing is written',
  async (seq) => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const writer = await openWriter(fs);
    await append(writer, 1);
    fs.calls.splice(0);
    expect(await codeOf(() => append(writer, seq + 1))).toBe('PAWL_JOURNAL_FENCED');
    expect([fs.calls, seqs(memory)]).toEqual([[], [1]]);
    await append(writer, 2);
    expect(seqs(memory.crash('nothing'))).toEqual([1, 2]);
    await writer.close();
  },
);

it('a record that was to follow the same one as what waits is refused, and that is acknowledged', async () => {
  const { memory, writer, syncs, first } = await atWork();
  const ends = noting([first, append(writer, 1), append(writer, 2), append(writer, 2)]);
  await turn();
  expect(ends).toEqual(['1 PAWL_JOURNAL_FENCED', '3 PAWL_JOURNAL_FENCED']);
  await syncs.end();
  await syncs.end();
  expect([ends.slice(2), seqs(memory)]).toEqual([
    ['0', '2'],
    [1, 2],
  ]);
  await writer.close();
});

describe('close', () => {
  it('waits for what is under way and for what waits behind it, whoever asks; the file is open until then', async () => {
    const { memory, writer, syncs, first } = await atWork();
    const ends = noting([first, append(writer, 2), writer.close(), writer.close()]);
    const late = writer.append(2, 1, sealed(3));
    await expect(late).rejects.toThrow(new Error(`bug: ${PATH} is closed`));
    await syncs.end();
    expect([ends, memory.openCount]).toEqual([['0'], 1]);
    await syncs.end();
    expect([ends, memory.openCount]).toEqual([['0', '1', '2', '3'], 0]);
    expect(seqs(memory.crash('nothing'))).toEqual([1, 2]);
  });

  it('waits too where what is under way fails, and is none', async () => {
    const { memory, writer, syncs, first } = await atWork();
    const ends = noting([first, append(writer, 2), writer.close()]);
    await syncs.end(systemError('EIO'));
    expect(ends).toEqual(['0 PAWL_STORE_SYNC_FAILED', '1 PAWL_STORE_SYNC_FAILED', '2']);
    expect(memory.openCount).toBe(0);
  });
});

it('the text of the journal is that of its records, one after the other', async () => {
  const memory = new MemoryFs();
  const writer = await openWriter(memory);
  await atOnce(writer, () => undefined);
  await writer.close();
  expect(textOf(filesOver(memory).readBytes(PATH, 10_000))).toBe(lines.join(''));
});
