/**
 * A log file that never grows beyond a bound: full ones are kept under numbered names.
 *
 * Owns: appending lines, rotating. Does not own: what is logged.
 *
 * Invariants: 1. A line is written whole, and is in the file when the call returns. 2. What cannot be written is lost for the log and stops nobody.
 */
import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** How much is kept. */
export interface LogBounds {
  /** Bytes of one file. */
  readonly logBytes: number;
  /** Files that are kept, the present one included. */
  readonly logFiles: number;
}

/** Appends lines to the file at `path`; `path.1` is the one before it, and so on. */
export function rotatingLog(path: string, { logBytes, logFiles }: LogBounds): (line: string) => void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const rotate = (): void => {
    for (let n = logFiles - 1; n >= 1; n -= 1) {
      const from = n === 1 ? path : `${path}.${n - 1}`;
      if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, `${path}.${n}`);
    }
  };
  return (line) => {
    try {
      // Others may write there too: the size is that of the file, not of what this process has written.
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= logBytes) rotate();
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
    } catch {
      // A full disk, or a folder that has gone: what is served goes on without its log.
    }
  };
}
