/**
 * What the tests of the store share.
 *
 * Owns: a clock that never repeats itself, records, deadlines for a journal, loops over faults and crashes. Does not own: the file systems
 * (memory/memory-fs, memory/fault-fs), what happens where two processes meet (meetings).
 */
import { expect } from 'vitest';
import type { KeyedEffect } from '../../src/model/effect.ts';
import { PawlError } from '../../src/model/error.ts';
import type { ErrorCode } from '../../src/model/error-codes.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { FIRST_PREV } from '../../src/model/system-record.ts';
import type { ClockPort } from '../../src/ports/clock.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import type { Journal } from '../../src/ports/journal.ts';
import { FaultFs, type FaultPlan } from '../../src/prove/memory/fault-fs.ts';
import { type FsOp, Halted, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import type { CrashChoice } from '../../src/prove/memory/memory-nodes.ts';
import { Files } from '../../src/store/files.ts';
import { sealRecord } from '../../src/store/journal-lines.ts';
import { inTime } from '../support/in-time.ts';

/** How many nonces were given: set back only to play the same again. */
export const nonces = { given: 0 };

/** A clock that halts and never gives a nonce twice. */
export const clock: ClockPort = {
  nowMs: () => 1_700_000_000_000,
  monotonicMs: () => 0,
  timer: () => () => undefined,
  nonce: () => {
    nonces.given += 1;
    return nonces.given.toString(16).padStart(32, '0');
  },
};

/** Files of a fresh process over the file system. */
export function filesOver(fs: FsPort): Files {
  return new Files(fs, clock);
}

/** The text in UTF-8. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text in the bytes, null for null. */
export function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

/** The code of the PawlError that `body` throws or rejects with, null when it returns; anything else goes through. */
export async function codeOf(body: () => unknown): Promise<ErrorCode | null> {
  try {
    await body();
    return null;
  } catch (error) {
    if (error instanceof PawlError) return error.code;
    throw error;
  }
}

/** What a PawlError says. */
export type Told = Omit<PawlError, 'name' | 'stack' | 'evidence' | 'blocker'>;

/** All that the PawlError says which `body` throws or rejects with; anything else goes through. */
export async function toldBy(body: () => unknown): Promise<Told> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    const { code, kind, message, subject, hint, actions, cause } = error;
    return { code, kind, message, subject, hint, actions, cause };
  }
  return expect.fail('nothing was thrown');
}

/** An error as the system reports it. */
export function systemError(code: string, more: object = {}): Error {
  return Object.assign(new Error(code), { code, ...more });
}

/** The code that Pawl gives to a system error in `op`. */
export function codeOfFault(op: FsOp, systemError: string): ErrorCode {
  if (op === 'sync' || op === 'dataSync') return 'PAWL_STORE_SYNC_FAILED';
  if (['ENOSPC', 'EDQUOT'].includes(systemError)) return 'PAWL_STORE_FULL';
  return ['EACCES', 'EPERM', 'EROFS'].includes(systemError) ? 'PAWL_STORE_PERMISSION' : 'PAWL_STORE_FAILED';
}

/** A chain of `count` records with about `padding` bytes of text each. */
export function sealedRecords(count: number, padding = 20): { records: JournalRecord[]; lines: string[] } {
  const records: JournalRecord[] = [];
  const lines: string[] = [];
  for (let seq = 1; seq <= count; seq += 1) {
    const { record, line } = sealRecord<JournalEvent, KeyedEffect>({
      v: 1,
      seq,
      gen: 1,
      atMs: 1_000 + seq,
      actor: 'run',
      event: { type: 'cancelRequested', commandId: `cmd_${seq}`, by: 'é', reason: 'r'.repeat(padding) },
      effects: [{ kind: 'prepareWorkspace', key: `run_a/${seq}.0:prepareWorkspace`, actor: 'run' }],
      post: 'a'.repeat(64),
      prev: records.at(-1)?.sum ?? FIRST_PREV,
    });
    records.push(record);
    lines.push(line);
  }
  return { records, lines };
}

/** The journal, whose appends and ends are waited for, and not for ever. */
export function timed<J extends Journal>(journal: J): J {
  const [append, close] = [journal.append.bind(journal), journal.close.bind(journal)];
  journal.append = (expectedSeq, generation, sealed) =>
    inTime(`the append of record ${sealed.record.seq}`, append(expectedSeq, generation, sealed));
  journal.close = () => inTime('the close of the journal', close());
  return journal;
}

/** Runs `body` with the 1st, 2nd, … counted call failing, on a fresh file system each time, until none fails any more. */
export async function forEachFault(
  plan: Omit<FaultPlan, 'at'>,
  prepare: (fs: MemoryFs) => unknown,
  body: (fs: FaultFs, memory: MemoryFs) => unknown,
): Promise<number> {
  for (let at = 1; at < 1_000; at += 1) {
    const memory = new MemoryFs();
    await prepare(memory);
    const fs = new FaultFs(memory, { ...plan, at });
    await body(fs, memory);
    expect(memory.openCount).toBe(0);
    if (!fs.hasFired) return at - 1;
  }
  throw new Error('the loop has no end');
}

const SEEDS = 12;

/** Runs `body`, dead before its 1st, 2nd, … call, and shows `check` everything that a crash there can leave. */
export async function forEachCrash<T>(
  prepare: (fs: MemoryFs) => unknown,
  body: (fs: MemoryFs, acknowledged: T[]) => unknown,
  check: (survivor: MemoryFs, acknowledged: readonly T[], choice: CrashChoice, hasEnded: boolean) => unknown,
): Promise<number> {
  for (let at = 1; at < 2_000; at += 1) {
    const fs = new MemoryFs();
    await prepare(fs);
    haltBefore(fs, at);
    const acknowledged: T[] = [];
    const hasEnded = !(await isHalting(() => body(fs, acknowledged)));
    const seeds = Array.from({ length: SEEDS }, (_, index) => ({ seed: at * 1_000 + index }));
    for (const choice of ['everything', 'nothing', ...seeds] as const) {
      try {
        await check(fs.crash(choice), acknowledged, choice, hasEnded);
      } catch (error) {
        throw new Error(`after a crash before call ${at}, ${JSON.stringify(choice)} surviving`, { cause: error });
      }
    }
    if (hasEnded) return at - 1;
  }
  throw new Error('the loop has no end');
}

/** The process is dead before its `at`-th call from now. */
export function haltBefore(fs: MemoryFs, at: number): void {
  let count = 0;
  fs.onCall = () => {
    count += 1;
    if (count === at) fs.halt();
  };
}

/** True when `body` does not end because its process is dead. */
export async function isHalting(body: () => unknown): Promise<boolean> {
  try {
    await body();
    return false;
  } catch (error) {
    if (error instanceof Halted) return true;
    throw error;
  }
}
