/** What the writer of a journal says when it cannot go on, and how it ends then. */
import { expect, it } from 'vitest';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { recoverRegistry } from '../../src/run/error-actions.ts';
import { append, openWriter, PATH, sealed, seqs, tailAt } from './journal-kit.ts';
import { codeOf, filesOver, toldBy } from './store-kit.ts';

it('a failed write that cannot be taken back ends the writer', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const writer = await openWriter(fs);
  fs.plan = { ops: ['write', 'truncate'], at: 1, fault: { code: 'EIO' }, isLasting: true };
  expect(await codeOf(() => append(writer, 1))).toBe('PAWL_STORE_FAILED');
  fs.plan = null;
  expect(await codeOf(() => append(writer, 1))).toBe('PAWL_STORE_FAILED');
  expect(memory.stat(PATH)?.size).toBe(0);
  await writer.close();
});

it('a text that is no line, and a closed writer, are bugs', async () => {
  const writer = await openWriter(new MemoryFs());
  const noLine = writer.append(0, 1, { ...sealed(1), line: 'x' });
  await expect(noLine).rejects.toThrow(new Error(`bug: a line for ${PATH} lacks its newline`));
  await writer.close();
  await expect(append(writer, 1)).rejects.toThrow(new Error(`bug: ${PATH} is closed`));
});

it('a record that does not follow the last one is reported with both, and what to do', async () => {
  const writer = await openWriter(new MemoryFs());
  await append(writer, 1);
  expect(await toldBy(() => append(writer, 4))).toEqual({
    code: 'PAWL_JOURNAL_FENCED',
    kind: expect.any(String),
    message: `a record was to follow record 3 of ${PATH}, whose last one is 1`,
    subject: PATH,
    hint: 'Start again: the next start reads the journal.',
    actions: [],
    cause: undefined,
  });
  await writer.close();
});

const DAMAGED = {
  code: 'PAWL_JOURNAL_DAMAGED',
  kind: 'terminal',
  subject: PATH,
  hint: 'Make sure that one process drives the registry, then recover it.',
  actions: [recoverRegistry()],
  cause: undefined,
};

it('a different size is reported with both sizes, when the journal is opened and after an append', async () => {
  const memory = new MemoryFs();
  const changed = (size: number, expected: number) => ({
    ...DAMAGED,
    message: `${PATH} is ${size} bytes long, not ${expected}: another process wrote there`,
  });
  expect(await toldBy(() => openWriter(memory, { seq: 1, end: 1 }))).toEqual(changed(0, 1));
  const writer = await openWriter(memory);
  expect([writer.path, writer.size]).toEqual([PATH, 0]);
  const other = memory.open(PATH, 'a+');
  memory.write(other, Buffer.from('xyz'), null);
  memory.close(other);
  expect(await toldBy(() => openWriter(memory, { seq: 1, end: 2 }))).toEqual(changed(3, 2));
  const short = { ...sealed(1), line: '{}\n' };
  for (let n = 0; n < 2; n += 1) expect(await toldBy(() => writer.append(0, 1, short))).toEqual(changed(6, 3));
  expect(memory.stat(PATH)?.size).toBe(6);
  await writer.close();
});

it.each([
  ['open', 'open'],
  ['size', 'measure'],
] as const)('a journal that cannot be opened is reported with the action: %s', async (op, action) => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: [op], at: 1, fault: { code: 'EIO' } });
  expect((await toldBy(() => openWriter(fs))).message).toBe(`could not ${action} ${PATH}: EIO`);
  expect(memory.openCount).toBe(0);
});

it('a journal that cannot be settled is not opened', async () => {
  const memory = new MemoryFs();
  await filesOver(memory).writeDurable(PATH, Buffer.from(sealed(1).line));
  const fs = new FaultFs(memory, { ops: ['dataSync'], at: 1, fault: { code: 'EIO' } });
  expect((await toldBy(() => openWriter(fs, tailAt(1)))).message).toBe(`could not make ${PATH} durable: EIO`);
  expect(memory.openCount).toBe(0);
});

it('a failed append that cannot be undone is reported from then on, with the failure to do so', async () => {
  const fs = new FaultFs(new MemoryFs());
  const writer = await openWriter(fs);
  fs.plan = { ops: ['write', 'truncate'], at: 1, fault: { code: 'ENOSPC' }, isLasting: true };
  expect((await toldBy(() => append(writer, 1))).message).toBe(`could not write ${PATH}: ENOSPC`);
  fs.plan = null;
  expect(await toldBy(() => append(writer, 1))).toEqual({
    code: 'PAWL_STORE_FAILED',
    kind: 'terminal',
    message: `cannot append to ${PATH} any more: a failed append could not be undone`,
    subject: PATH,
    hint: 'Stop this process; the next start reads the disk.',
    actions: [],
    cause: expect.objectContaining({ code: 'ENOSPC', syscall: 'truncate' }),
  });
  await writer.close();
});

it('a size that cannot be measured after an append ends the writer', async () => {
  const fs = new FaultFs(new MemoryFs());
  const writer = await openWriter(fs);
  fs.plan = { ops: ['size'], at: 1, fault: { code: 'EIO' } };
  for (let n = 0; n < 2; n += 1) {
    expect((await toldBy(() => append(writer, 1))).message).toBe(`could not measure ${PATH}: EIO`);
  }
  await writer.close();
});

it('a bug between writing and syncing passes through, and ends the writer', async () => {
  const memory = new MemoryFs();
  const writer = await openWriter(memory);
  const bug = new TypeError('a bug');
  memory.onCall = (op) => {
    if (op === 'dataSync') throw bug;
  };
  await expect(append(writer, 1)).rejects.toBe(bug);
  memory.onCall = null;
  expect(await toldBy(() => append(writer, 2))).toMatchObject({ code: 'PAWL_STORE_FAILED', cause: bug });
  expect(seqs(memory)).toEqual([1]);
  await writer.close();
});

it('a close that fails is reported once', async () => {
  const fs = new FaultFs(new MemoryFs());
  const writer = await openWriter(fs);
  fs.plan = { ops: ['close'], at: 1, fault: { code: 'EIO' } };
  expect((await toldBy(() => writer.close())).message).toBe(`could not close ${PATH}: EIO`);
  await writer.close();
  expect(fs.countOf('close')).toBe(2);
});
