/**
 * What the tests of the journal's writer share.
 *
 * Owns: a chain of records, opening a writer, appending to it, holding its syncs back. Does not own: the loops (store-kit), the file systems.
 */
import { expect } from 'vitest';
import type { FsPort } from '../../src/ports/fs.ts';
import type { JournalTail, SealedRecord } from '../../src/ports/journal.ts';
import type { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { readJournal } from '../../src/store/journal.ts';
import { type Fence, JournalWriter } from '../../src/store/journal-writer.ts';
import { filesOver, sealedRecords, timed } from './store-kit.ts';

/** Where the journal is. */
export const PATH = '/events.jsonl';
/** A chain of records, and their texts. */
export const { records, lines } = sealedRecords(6);

/** The record with this sequence and its text. */
export function sealed(seq: number): SealedRecord {
  const [record, line] = [records[seq - 1], lines[seq - 1]];
  return record === undefined || line === undefined ? expect.fail(`no record ${seq}`) : { record, line };
}

/** A journal's end when nothing is in it. */
export const NEW: JournalTail = { seq: 0, end: 0 };

/** Where the journal ends behind the record with this sequence. */
export function tailAt(seq: number): JournalTail {
  return { seq, end: Buffer.byteLength(lines.slice(0, seq).join('')) };
}

/** A writer of a fresh process, which no fence refuses. */
export async function openWriter(
  fs: FsPort,
  tail: JournalTail = NEW,
  fence: Fence = () => undefined,
): Promise<JournalWriter> {
  return timed(await JournalWriter.open(filesOver(fs), PATH, tail, fence));
}

/** The record with this sequence behind the one before it, under the generation 1. */
export function append(writer: JournalWriter, seq: number): Promise<void> {
  return writer.append(seq - 1, 1, sealed(seq));
}

/** The sequences in a journal that is whole. */
export function seqs(fs: MemoryFs): number[] {
  const found = readJournal(filesOver(fs), PATH);
  if (found.kind !== 'whole') throw new Error(`the journal is ${found.kind}`);
  return found.records.map((record) => record.seq);
}

/** Syncs of a file system that take until somebody lets them. */
export class HeldSyncs {
  readonly #held: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(fs: MemoryFs) {
    fs.onSync = () => new Promise((resolve, reject) => this.#held.push({ resolve, reject }));
  }

  get count(): number {
    return this.#held.length;
  }

  /** The sync that waits longest ends, with that error if there is one; whoever waits for it has gone on. */
  async end(error?: Error): Promise<void> {
    const sync = this.#held.shift() ?? expect.fail('nothing is being synced');
    if (error === undefined) sync.resolve();
    else sync.reject(error);
    await turn();
  }
}

/** Everything that could go on has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Notes how each of the promises ends, in the order in which they do. */
export function noting(promises: readonly Promise<unknown>[]): string[] {
  const ends: string[] = [];
  for (const [index, promise] of promises.entries()) {
    promise.then(
      () => ends.push(`${index}`),
      (error) => ends.push(`${index} ${error.code ?? error.message}`),
    );
  }
  return ends;
}
