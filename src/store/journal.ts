/**
 * Reading a run's journal and classifying the state of its file; repairing the two states that are not damage.
 *
 * Owns: the classes of a journal file, its last record, completing or cutting an interrupted append.
 * Does not own: appending (store/journal-writer), following (store/journal-tail), the fold (kernel/fold).
 *
 * Invariants: 1. Nothing is repaired by guessing: only a last line without its newline is ever completed or cut (L5), and what is
 * cut is kept. 2. Readers take no lock and write nothing.
 * A journal that lost whole records at its end reads as whole: only a snapshot or a register can show that.
 * Free of zod: `status` loads this file.
 */

import { dirname, join } from 'node:path';
import { sha256 } from '../base/sha256.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import type { JournalRecord } from '../model/record.ts';
import type { Fd } from '../ports/fs.ts';
import type { MendableReading, JournalReading as Reading } from '../ports/journal.ts';
import { recoverRegistry } from '../run/error-actions.ts';
import type { Files } from './files.ts';
import { beginsWithRecord, chainFault, readLine } from './journal-lines.ts';
import { attempt, attemptSync } from './store-errors.ts';

/** The state of a run's journal file. */
export type JournalReading = Reading<JournalRecord>;

interface RawLine {
  readonly bytes: Uint8Array;
  /** Its offset in the file. */
  readonly start: number;
  readonly hasNewline: boolean;
}

const CHUNK_BYTES = 1024 * 1024;
const TAIL_BYTES = 16 * 1024;
const NEWLINE = 10;

/** The state of the journal file, read to its end and verified. */
export function readJournal(files: Files, path: string): JournalReading {
  const reading = files.usingIfThere(path, (fd) => {
    const size = attempt('read', path, () => files.fs.size(fd));
    const records: JournalRecord[] = [];
    let line = 0;
    for (const raw of rawLines(files, fd, path, 0, size)) {
      line += 1;
      const fault = raw.hasNewline ? takeLine(records, raw.bytes) : null;
      if (fault !== null) return { kind: 'damaged', records, line, detail: fault } as const;
      if (!raw.hasNewline) return classifyTail(records, raw, line);
    }
    return { kind: 'whole', records, size } as const;
  });
  return reading ?? { kind: 'absent' };
}

/**
 * The last record of the journal, verified by its own sum alone; null when there is none. Reads only the file's end.
 * A last line that is still being written does not count. Throws PAWL_JOURNAL_DAMAGED when the last whole line is no record.
 */
export function readJournalTail(files: Files, path: string): JournalRecord | null {
  return files.usingIfThere(path, (fd) => {
    const size = attempt('read', path, () => files.fs.size(fd));
    const longest = 2 * (BOUNDS.journalLineBytes + 1) + 1;
    for (let length = TAIL_BYTES; ; length *= 8) {
      const from = Math.max(0, size - Math.min(length, longest));
      const bytes = attempt('read', path, () => files.fs.read(fd, from, size - from));
      const found = lastRecord(bytes, from === 0, path);
      if (found !== 'more') return found;
      if (length >= longest) throw damaged(path, 'its last line is longer than any record');
    }
  });
}

/** Every record of the journal that can be verified: of a damaged one those before the damage. */
export function recordsIn(reading: JournalReading): readonly JournalRecord[] {
  return reading.kind === 'absent' ? [] : reading.records;
}

/**
 * The journal is whole again: an unterminated last line has its newline, a torn one is kept in a file beside the journal and
 * cut off; both durably. Returns what was done, in words. For the holder of the registry lock only.
 */
export function repairJournal(files: Files, path: string, reading: MendableReading): Promise<string> {
  return reading.kind === 'unterminated' ? endLastLine(files, path, reading.size) : cutTail(files, path, reading);
}

/** Lines from `from` to `to`, the last one perhaps without its newline. A line over the bound ends the reading. */
export function* rawLines(files: Files, fd: Fd, path: string, from: number, to: number): Generator<RawLine> {
  let rest = new Uint8Array(0);
  let start = from;
  for (let at = from; at < to; ) {
    const read = attempt('read', path, () => files.fs.read(fd, at, Math.min(CHUNK_BYTES, to - at)));
    if (read.length === 0) break;
    at += read.length;
    const bytes = rest.length === 0 ? read : Buffer.concat([rest, read]);
    let begin = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      yield { bytes: bytes.subarray(begin, end), start, hasNewline: true };
      start += end + 1 - begin;
      begin = end + 1;
    }
    rest = bytes.slice(begin);
    if (rest.length > BOUNDS.journalLineBytes) break;
  }
  if (rest.length > 0) yield { bytes: rest, start, hasNewline: false };
}

/** Adds the line's record; otherwise returns why it is invalid, or not the next one. */
function takeLine(records: JournalRecord[], bytes: Uint8Array): string | null {
  if (bytes.length > BOUNDS.journalLineBytes) return tooLong();
  const reading = readLine(bytes);
  if (reading.kind === 'bad') return reading.detail;
  const fault = chainFault(records.at(-1) ?? null, reading.record);
  if (fault === null) records.push(reading.record);
  return fault;
}

function classifyTail(records: JournalRecord[], tail: RawLine, line: number): JournalReading {
  if (tail.bytes.length > BOUNDS.journalLineBytes) return { kind: 'damaged', records, line, detail: tooLong() };
  if (readLine(tail.bytes).kind === 'record') {
    const fault = takeLine(records, tail.bytes);
    if (fault !== null) return { kind: 'damaged', records, line, detail: fault };
    return { kind: 'unterminated', records, size: tail.start + tail.bytes.length };
  }
  if (beginsWithRecord(tail.bytes)) {
    return { kind: 'damaged', records, line, detail: 'its newline was changed' };
  }
  return { kind: 'torn', records, keptSize: tail.start, torn: tail.bytes };
}

/** The last record in `bytes`, the end of a file; `more` when they do not reach back far enough. */
function lastRecord(bytes: Uint8Array, isWholeFile: boolean, path: string): JournalRecord | null | 'more' {
  const lastNewline = bytes.lastIndexOf(NEWLINE);
  const unfinished = lineIn(bytes, lastNewline + 1, bytes.length, isWholeFile);
  if (unfinished !== null) {
    const reading = readLine(unfinished);
    if (reading.kind === 'record') return reading.record;
  }
  if (lastNewline < 0) return isWholeFile ? null : 'more';
  const before = lastNewline === 0 ? -1 : bytes.lastIndexOf(NEWLINE, lastNewline - 1);
  const line = lineIn(bytes, before + 1, lastNewline, isWholeFile);
  if (line === null) return 'more';
  const reading = readLine(line);
  if (reading.kind === 'bad') throw damaged(path, `its last line: ${reading.detail}`);
  return reading.record;
}

/** The bytes of a line, null when it may begin before them. */
function lineIn(bytes: Uint8Array, begin: number, end: number, isWholeFile: boolean): Uint8Array | null {
  return begin === 0 && !isWholeFile ? null : bytes.subarray(begin, end);
}

async function endLastLine(files: Files, path: string, size: number): Promise<string> {
  await files.usingWhile(path, 'r+', async (fd) => {
    files.checkSize(fd, path, size);
    files.writeAll(fd, path, Uint8Array.of(NEWLINE), size);
    await attemptSync(path, () => files.fs.dataSync(fd));
    files.checkSize(fd, path, size + 1);
  });
  return 'the last record was whole but for its newline: completed';
}

async function cutTail(
  files: Files,
  path: string,
  reading: Extract<MendableReading, { kind: 'torn' }>,
): Promise<string> {
  const seq = (reading.records.at(-1)?.seq ?? 0) + 1;
  const name = `torn-${seq}-${sha256(reading.torn).slice(0, 12)}`;
  await files.writeOnce(join(dirname(path), name), reading.torn);
  await files.usingWhile(path, 'r+', async (fd) => {
    files.checkSize(fd, path, reading.keptSize + reading.torn.length);
    attempt('cut', path, () => files.fs.truncate(fd, reading.keptSize));
    await attemptSync(path, () => files.fs.sync(fd));
    files.checkSize(fd, path, reading.keptSize);
  });
  return `the append of record ${seq} was interrupted: ${reading.torn.length} bytes cut and kept in ${name}`;
}

function tooLong(): string {
  return `it is longer than ${BOUNDS.journalLineBytes} bytes`;
}

function damaged(path: string, detail: string): PawlError {
  return new PawlError({
    code: 'PAWL_JOURNAL_DAMAGED',
    message: `${path} is damaged: ${detail}`,
    subject: path,
    hint: 'Recovering the registry sets the run aside with a report.',
    actions: [recoverRegistry()],
  });
}
