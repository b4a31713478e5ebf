import { expect, it } from 'vitest';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { recoverRegistry } from '../../src/run/error-actions.ts';
import { readJournal, repairJournal } from '../../src/store/journal.ts';
import { JournalWriter } from '../../src/store/journal-writer.ts';
import { codeOf, codeOfFault, filesOver, forEachCrash, forEachFault, sealedRecords, toldBy } from './store-kit.ts';

const PATH = '/events.jsonl';
const { records, lines } = sealedRecords(4);
const line = (index: number): string => lines[index] ?? expect.fail();

function seqs(fs: MemoryFs): number[] {
  const found = readJournal(filesOver(fs), PATH);
  if (found.kind !== 'whole') throw new Error(`the journal is ${found.kind}`);
  return found.records.map((record) => record.seq);
}

it('appends are durable when acknowledged, at one sync each and one for the new file', () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const writer = JournalWriter.open(filesOver(fs), PATH, 0);
  expect(fs.countOf('sync', 'dataSync')).toBe(1);
  writer.append(line(0));
  expect(seqs(memory.crash('nothing'))).toEqual([1]);
  writer.append(line(1) + line(2));
  expect(seqs(memory.crash('nothing'))).toEqual([1, 2, 3]);
  expect([fs.countOf('sync', 'dataSync'), fs.countOf('write')]).toEqual([3, 2]);
  const { size } = writer;
  writer.close();
  writer.close();
  const next = JournalWriter.open(filesOver(memory), PATH, size);
  next.append(line(3));
  next.close();
  expect(seqs(memory.crash('nothing'))).toEqual([1, 2, 3, 4]);
});

it('what a killed writer had not synced is durable once the next one is open', () => {
  const memory = new MemoryFs();
  const fd = memory.open(PATH, 'a+');
  memory.write(fd, Buffer.from(line(0)), null);
  memory.close(fd);
  filesOver(memory).syncFolder('/');
  expect(seqs(memory.crash('nothing'))).toEqual([]);
  JournalWriter.open(filesOver(memory), PATH, line(0).length + 1).close();
  expect(seqs(memory.crash('nothing'))).toEqual([1]);
});

it('a new file that a killed process left empty has a durable name once the next writer is open', () => {
  const memory = new MemoryFs();
  memory.close(memory.open(PATH, 'a+'));
  const writer = JournalWriter.open(filesOver(memory), PATH, 0);
  writer.append(line(0));
  expect(seqs(memory.crash('nothing'))).toEqual([1]);
  writer.close();
});

it('refuses a file of another size than was read, and one that has gone', () => {
  const memory = new MemoryFs();
  const files = filesOver(memory);
  files.writeDurable(PATH, Buffer.from(line(0)));
  for (const size of [0, 5, 10_000]) {
    expect(codeOf(() => JournalWriter.open(files, PATH, size))).toBe('PAWL_JOURNAL_DAMAGED');
  }
  expect(codeOf(() => JournalWriter.open(files, '/gone', 5))).toBe('PAWL_JOURNAL_DAMAGED');
  expect(memory.stat('/gone')).toBeNull();
  expect(memory.openCount).toBe(0);
});

it('after a crash at any call the journal is whole or ends in an interrupted append, and holds all that was acknowledged', () => {
  const ways = forEachCrash<number>(
    () => undefined,
    (fs, acknowledged) => {
      const writer = JournalWriter.open(filesOver(fs), PATH, 0);
      for (const [index, text] of lines.entries()) {
        writer.append(text);
        acknowledged.push(index + 1);
      }
      writer.close();
    },
    (survivor, acknowledged) => {
      const files = filesOver(survivor);
      let found = readJournal(files, PATH);
      if (found.kind === 'unterminated' || found.kind === 'torn') repairJournal(files, PATH, found);
      found = readJournal(files, PATH);
      if (found.kind === 'absent') return expect(acknowledged).toEqual([]);
      if (found.kind !== 'whole') throw new Error(`the journal is ${found.kind}`);
      expect(found.records.slice(0, acknowledged.length)).toEqual(records.slice(0, acknowledged.length));
      expect(found.records.length - acknowledged.length).toBeLessThanOrEqual(1);
      expect(found.records).toEqual(records.slice(0, found.records.length));
    },
  );
  expect(ways).toBeGreaterThan(12);
});

it.each(['ENOSPC', 'EIO', 'EACCES'])('%s at any call leaves every acknowledged record and no half one', (code) => {
  const ways = forEachFault(
    { fault: { code } },
    () => undefined,
    (fs, memory) => {
      const acknowledged: number[] = [];
      let writer: JournalWriter | null = null;
      const thrown = codeOf(() => {
        writer = JournalWriter.open(filesOver(fs), PATH, 0);
        for (const [index, text] of lines.entries()) {
          writer.append(text);
          acknowledged.push(index + 1);
        }
        writer.close();
      });
      expect(thrown).toBe(fs.firedOp === null ? null : codeOfFault(fs.firedOp, code));
      if (memory.stat(PATH) !== null) expect(seqs(memory).slice(0, acknowledged.length)).toEqual(acknowledged);
      if (writer !== null && fs.firedOp === 'write') retry(writer, acknowledged.length, memory);
      if (writer !== null && fs.firedOp === 'dataSync') {
        const poisoned: JournalWriter = writer;
        expect(codeOf(() => poisoned.append(line(0)))).toBe('PAWL_STORE_SYNC_FAILED');
        expect(codeOf(() => poisoned.append(line(0)))).toBe('PAWL_STORE_SYNC_FAILED');
      }
      close(writer);
    },
  );
  expect(ways).toBeGreaterThan(12);
});

/** A writer whose write has failed may continue: nothing of the failed append is left. */
function retry(writer: JournalWriter, done: number, memory: MemoryFs): void {
  expect(seqs(memory)).toEqual(records.slice(0, done).map((record) => record.seq));
  writer.append(line(done));
  expect(seqs(memory.crash('nothing'))).toEqual(records.slice(0, done + 1).map((record) => record.seq));
}

function close(writer: JournalWriter | null): void {
  writer?.close();
}

it('short writes are looped until the line is whole; one that takes nothing is taken back', () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: ['write'], at: 1, fault: 'short', isLasting: true });
  const writer = JournalWriter.open(filesOver(fs), PATH, 0);
  writer.append(line(0) + line(1));
  expect(seqs(memory)).toEqual([1, 2]);
  fs.count = 0;
  fs.plan = { ops: ['write'], at: 1, fault: 'none' };
  expect(codeOf(() => writer.append(line(2)))).toBe('PAWL_STORE_FAILED');
  expect(seqs(memory)).toEqual([1, 2]);
  writer.append(line(2));
  expect(seqs(memory)).toEqual([1, 2, 3]);
  writer.close();
});

it('a full disk in the middle of a line is taken back, byte for byte', () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const writer = JournalWriter.open(filesOver(fs), PATH, 0);
  writer.append(line(0));
  let count = 0;
  const write = fs.write.bind(fs);
  fs.write = (fd, bytes, position) => {
    count += 1;
    if (count === 2) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    return write(fd, bytes.subarray(0, 30), position);
  };
  expect(codeOf(() => writer.append(line(1)))).toBe('PAWL_STORE_FULL');
  expect(memory.stat(PATH)?.size).toBe(writer.size);
  writer.close();
});

it('a failed write that cannot be taken back ends the writer', () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const writer = JournalWriter.open(filesOver(fs), PATH, 0);
  fs.plan = { ops: ['write', 'truncate'], at: 1, fault: { code: 'EIO' }, isLasting: true };
  expect(codeOf(() => writer.append(line(0)))).toBe('PAWL_STORE_FAILED');
  fs.plan = null;
  expect(codeOf(() => writer.append(line(0)))).toBe('PAWL_STORE_FAILED');
  expect(memory.stat(PATH)?.size).toBe(0);
  writer.close();
});

it('another writer is noticed before the append is acknowledged, and ends this one', () => {
  const memory = new MemoryFs();
  const writer = JournalWriter.open(filesOver(memory), PATH, 0);
  const other = JournalWriter.open(filesOver(memory), PATH, 0);
  other.append(line(0));
  expect(codeOf(() => writer.append(line(0)))).toBe('PAWL_JOURNAL_DAMAGED');
  expect(codeOf(() => writer.append(line(1)))).toBe('PAWL_JOURNAL_DAMAGED');
  writer.close();
  other.close();
});

it('a text that is no line, and a closed writer, are bugs', () => {
  const writer = JournalWriter.open(filesOver(new MemoryFs()), PATH, 0);
  expect(() => writer.append('x')).toThrow(new Error(`bug: a line for ${PATH} lacks its newline`));
  writer.close();
  expect(() => writer.append(line(0))).toThrow(new Error(`bug: ${PATH} is closed`));
});

const DAMAGED = {
  code: 'PAWL_JOURNAL_DAMAGED',
  kind: 'terminal',
  subject: PATH,
  hint: 'Make sure that one process drives the registry, then recover it.',
  actions: [recoverRegistry()],
  cause: undefined,
};

it('another size is told with both sizes, when the journal is opened and after an append', () => {
  const memory = new MemoryFs();
  const changed = (size: number, expected: number) => ({
    ...DAMAGED,
    message: `${PATH} is ${size} bytes long, not ${expected}: another process wrote there`,
  });
  expect(toldBy(() => JournalWriter.open(filesOver(memory), PATH, 1))).toEqual(changed(0, 1));
  const writer = JournalWriter.open(filesOver(memory), PATH, 0);
  expect([writer.path, writer.size]).toEqual([PATH, 0]);
  const other = memory.open(PATH, 'a+');
  memory.write(other, Buffer.from('xyz'), null);
  memory.close(other);
  expect(toldBy(() => JournalWriter.open(filesOver(memory), PATH, 2))).toEqual(changed(3, 2));
  for (let n = 0; n < 2; n += 1) expect(toldBy(() => writer.append('{}\n'))).toEqual(changed(6, 3));
  expect(memory.stat(PATH)?.size).toBe(6);
  writer.close();
});

it.each([
  ['open', 'open'],
  ['size', 'measure'],
] as const)('a journal that cannot be opened is reported with the action: %s', (op, action) => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: [op], at: 1, fault: { code: 'EIO' } });
  expect(toldBy(() => JournalWriter.open(filesOver(fs), PATH, 0)).message).toBe(`could not ${action} ${PATH}: EIO`);
  expect(memory.openCount).toBe(0);
});

it('a journal that cannot be settled is not opened', () => {
  const memory = new MemoryFs();
  filesOver(memory).writeDurable(PATH, Buffer.from(line(0)));
  const size = memory.stat(PATH)?.size ?? expect.fail();
  const fs = new FaultFs(memory, { ops: ['dataSync'], at: 1, fault: { code: 'EIO' } });
  expect(toldBy(() => JournalWriter.open(filesOver(fs), PATH, size)).message).toBe(
    `could not make ${PATH} durable: EIO`,
  );
  expect(memory.openCount).toBe(0);
});

it('a failed append that cannot be undone is reported from then on, with the failure to do so', () => {
  const fs = new FaultFs(new MemoryFs());
  const writer = JournalWriter.open(filesOver(fs), PATH, 0);
  fs.plan = { ops: ['write', 'truncate'], at: 1, fault: { code: 'ENOSPC' }, isLasting: true };
  expect(toldBy(() => writer.append(line(0))).message).toBe(`could not write ${PATH}: ENOSPC`);
  fs.plan = null;
  expect(toldBy(() => writer.append(line(0)))).toEqual({
    code: 'PAWL_STORE_FAILED',
    kind: 'terminal',
    message: `cannot append to ${PATH} any more: a failed append could not be undone`,
    subject: PATH,
    hint: 'Stop this process; the next start reads the disk.',
    actions: [],
    cause: expect.objectContaining({ code: 'ENOSPC', syscall: 'truncate' }),
  });
  writer.close();
});

it('a size that cannot be measured after an append ends the writer', () => {
  const fs = new FaultFs(new MemoryFs());
  const writer = JournalWriter.open(filesOver(fs), PATH, 0);
  fs.plan = { ops: ['size'], at: 1, fault: { code: 'EIO' } };
  for (let n = 0; n < 2; n += 1) {
    expect(toldBy(() => writer.append(line(0))).message).toBe(`could not measure ${PATH}: EIO`);
  }
  writer.close();
});

it('a bug between writing and syncing passes through, and ends the writer', () => {
  const memory = new MemoryFs();
  const writer = JournalWriter.open(filesOver(memory), PATH, 0);
  const bug = new TypeError('a bug');
  memory.onCall = (op) => {
    if (op === 'dataSync') throw bug;
  };
  expect(() => writer.append(line(0))).toThrow(bug);
  memory.onCall = null;
  expect(toldBy(() => writer.append(line(1)))).toMatchObject({ code: 'PAWL_STORE_FAILED', cause: bug });
  expect(seqs(memory)).toEqual([1]);
  writer.close();
});

it('a close that fails is told once', () => {
  const fs = new FaultFs(new MemoryFs());
  const writer = JournalWriter.open(filesOver(fs), PATH, 0);
  fs.plan = { ops: ['close'], at: 1, fault: { code: 'EIO' } };
  expect(toldBy(() => writer.close()).message).toBe(`could not close ${PATH}: EIO`);
  writer.close();
  expect(fs.countOf('close')).toBe(2);
});
