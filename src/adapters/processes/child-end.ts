/**
 * The end of a child process whose output is read through pipes: told once all that it has written has been read.
 *
 * Owns: waiting for that. Does not own: starting and ending the child, reading.
 *
 * Invariant: time alone never ends the reading: a process that was itself held up first reads what lies in the pipes.
 */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';

/** A pipe holds at most so many times what one look at it reads. */
const LOOKS_MAX = 32;

/**
 * `end` is called once, with how the child ended: when both pipes are closed, or, where a process that it has left behind holds them open, when
 * nothing has come for a look after `drainMs`.
 */
export function onceEnded(
  child: ChildProcess,
  drainMs: number,
  end: (code: number | null, signal: NodeJS.Signals | null) => void,
): void {
  child.once('exit', (code, signal) => {
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      end(code, signal);
    };
    // The check phase comes after the poll phase, which reads.
    const look = (looks: number): void => {
      const before = readSoFar(child);
      setImmediate(() => {
        if (looks >= LOOKS_MAX || readSoFar(child) === before) over();
        else look(looks + 1);
      });
    };
    const timer = setTimeout(() => look(1), drainMs);
    child.once('close', over);
  });
}

function readSoFar({ stdout, stderr }: ChildProcess): number {
  return bytesOf(stdout) + bytesOf(stderr);
}

/** Node's pipes are sockets, which count what they have read. */
function bytesOf(stream: Readable | null): number {
  return stream !== null && 'bytesRead' in stream && typeof stream.bytesRead === 'number' ? stream.bytesRead : 0;
}
