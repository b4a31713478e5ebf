/**
 * What the tests of the store share.
 *
 * Owns: a clock that never repeats itself, records, loops over faults, crashes and meetings. Does not own: the file systems
 * (memory/memory-fs, memory/fault-fs).
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
import { FaultFs, type FaultPlan } from '../../src/prove/memory/fault-fs.ts';
import { type FsOp, Halted, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import type { CrashChoice } from '../../src/prove/memory/memory-nodes.ts';
import { Files } from '../../src/store/files.ts';
import { sealRecord } from '../../src/store/journal-lines.ts';

let nonces = 0;

/** A clock that halts and never gives a nonce twice. */
export const clock: ClockPort = {
  nowMs: () => 1_700_000_000_000,
  monotonicMs: () => 0,
  timer: () => () => undefined,
  nonce: () => {
    nonces += 1;
    return nonces.toString(16).padStart(32, '0');
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

/** The code of the PawlError that `body` throws, null when it returns; anything else that it throws goes through. */
export function codeOf(body: () => unknown): ErrorCode | null {
  try {
    body();
    return null;
  } catch (error) {
    if (error instanceof PawlError) return error.code;
    throw error;
  }
}

/** All that the PawlError says which `body` throws; anything else that it throws goes through. */
export function toldBy(body: () => unknown): Omit<PawlError, 'name' | 'stack' | 'evidence' | 'blocker'> {
  try {
    body();
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

/** Runs `body` with the 1st, 2nd, … counted call failing, on a fresh file system each time, until none fails any more. */
export function forEachFault(
  plan: Omit<FaultPlan, 'at'>,
  prepare: (fs: MemoryFs) => void,
  body: (fs: FaultFs, memory: MemoryFs) => void,
): number {
  for (let at = 1; at < 1_000; at += 1) {
    const memory = new MemoryFs();
    prepare(memory);
    const fs = new FaultFs(memory, { ...plan, at });
    body(fs, memory);
    expect(memory.openCount).toBe(0);
    if (!fs.hasFired) return at - 1;
  }
  throw new Error('the loop has no end');
}

const SEEDS = 12;

/** Runs `body`, dead before its 1st, 2nd, … call, and shows `check` everything that a crash there can leave. */
export function forEachCrash<T>(
  prepare: (fs: MemoryFs) => void,
  body: (fs: MemoryFs, acknowledged: T[]) => void,
  check: (survivor: MemoryFs, acknowledged: readonly T[], choice: CrashChoice, hasEnded: boolean) => void,
): number {
  for (let at = 1; at < 2_000; at += 1) {
    const fs = new MemoryFs();
    prepare(fs);
    let count = 0;
    fs.onCall = () => {
      count += 1;
      if (count === at) fs.halt();
    };
    const acknowledged: T[] = [];
    const hasEnded = !isHalting(() => body(fs, acknowledged));
    const seeds = Array.from({ length: SEEDS }, (_, index) => ({ seed: at * 1_000 + index }));
    for (const choice of ['everything', 'nothing', ...seeds] as const) {
      try {
        check(fs.crash(choice), acknowledged, choice, hasEnded);
      } catch (error) {
        throw new Error(`after a crash before call ${at}, ${JSON.stringify(choice)} surviving`, { cause: error });
      }
    }
    if (hasEnded) return at - 1;
  }
  throw new Error('the loop has no end');
}

/** Runs `first`, with all of `second` happening before the 1st, 2nd, … call of it. Returns the number of ways they met. */
export function forEachMeeting(
  prepare: (fs: MemoryFs) => void,
  first: (fs: MemoryFs) => void,
  second: (fs: MemoryFs) => void,
  check: (fs: MemoryFs) => void,
): number {
  for (let at = 1; at < 1_000; at += 1) {
    const fs = new MemoryFs();
    prepare(fs);
    let count = 0;
    fs.onCall = () => {
      count += 1;
      if (count !== at) return;
      fs.onCall = null;
      second(fs);
    };
    first(fs);
    fs.onCall = null;
    if (count < at) return at - 1;
    check(fs);
  }
  throw new Error('the loop has no end');
}

function isHalting(body: () => void): boolean {
  try {
    body();
    return false;
  } catch (error) {
    if (error instanceof Halted) return true;
    throw error;
  }
}
