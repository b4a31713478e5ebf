/** The end of a child is told with all that it has written, however late its reader gets to look. */
import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { onceEnded } from '../../src/adapters/processes/child-end.ts';

const DRAIN_MS = 30;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly text: string;
}

function endOf(child: ChildProcess): Promise<Ended> {
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
  });
  return new Promise((done) => onceEnded(child, DRAIN_MS, (code, signal) => done({ code, signal, text })));
}

/** This process does nothing else for so long. */
function hold(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('the last line is there, and so is the exit code', async () => {
  expect(await endOf(spawn('sh', ['-c', 'echo said; exit 3']))).toEqual({ code: 3, signal: null, text: 'said\n' });
});

test('a child that was killed is reported with its signal', async () => {
  expect(await endOf(spawn('sh', ['-c', 'echo said; kill -KILL $$']))).toEqual({
    code: null,
    signal: 'SIGKILL',
    text: 'said\n',
  });
});

test('a process that holds the pipes open is not waited for', async () => {
  const child = spawn('sh', ['-c', 'sleep 60 & echo $!']);
  const { code, text } = await endOf(child);
  process.kill(Number(text), 'SIGKILL');
  expect(code).toBe(0);
});

test('a reader that is held up beyond the wait loses nothing of what its child left behind is still writing', async () => {
  const child = spawn('sh', ['-c', 'sleep 60 & echo $!; (sleep 0.05; yes said | head -c 40000; echo end) & exit 0']);
  const ended = endOf(child);
  child.once('exit', () => hold(400));
  const { text } = await ended;
  process.kill(Number(text.split('\n')[0]), 'SIGKILL');
  expect(text.endsWith('end\n')).toBe(true);
});

/** A child whose pipes say what they have read; each of `reads` is asked whenever somebody looks. */
function fakeChild(reads: { readonly stdout?: () => number; readonly stderr?: () => number }): ChildProcess {
  const pipe = (read: (() => number) | undefined): object | null =>
    read === undefined ? null : Object.defineProperty({}, 'bytesRead', { get: read });
  const child = Object.assign(new EventEmitter(), { stdout: pipe(reads.stdout), stderr: pipe(reads.stderr) });
  return child as object as ChildProcess;
}

/** How often the end of `child` is told by the time at which nothing more can come of it. */
async function toldEnds(child: ChildProcess, drainMs: number, ...events: readonly string[]): Promise<number> {
  let count = 0;
  onceEnded(child, drainMs, () => {
    count += 1;
  });
  for (const event of events) child.emit(event, 0, null);
  await new Promise((done) => setTimeout(done, drainMs + 20));
  return count;
}

/** A count that goes up at every turn of the event loop, `times` times, once somebody has asked for it. */
function growing(times: number): () => number {
  let count = 0;
  let isAsked = false;
  const grow = (): void => {
    count += 1;
    if (count < times) setImmediate(grow);
  };
  return () => {
    if (!isAsked) setImmediate(grow);
    isAsked = true;
    return count;
  };
}

/** What `read` tells when the end of `child` is told, after a wait of no time. */
function readAtEnd(child: ChildProcess, read: () => number): Promise<number> {
  return new Promise((done) => {
    onceEnded(child, 0, () => done(read()));
    child.emit('exit', 0, null);
  });
}

describe('the end of a child', () => {
  test('is reported once, though its pipes are closed and the wait is over too', async () => {
    expect(await toldEnds(fakeChild({}), 5, 'exit', 'close', 'close')).toBe(1);
  });

  test('is reported at once when its pipes are closed, however long the wait would be', () => {
    let count = 0;
    const child = fakeChild({});
    onceEnded(child, 60_000, () => {
      count += 1;
    });
    child.emit('close', 0, null);
    expect(count).toBe(0);
    child.emit('exit', 0, null);
    child.emit('close', 0, null);
    expect(count).toBe(1);
  });

  test('is reported by its exit alone when nothing closes the pipes, and not before the wait is over', async () => {
    const told: string[] = [];
    const child = fakeChild({ stdout: () => 7, stderr: () => 7 });
    const ended = new Promise<void>((done) =>
      onceEnded(child, 15, () => {
        told.push('end');
        done();
      }),
    );
    child.emit('exit', 0, null);
    setTimeout(() => told.push('still waiting'), 2);
    await ended;
    expect(told).toEqual(['still waiting', 'end']);
  });

  test.each(['stdout', 'stderr'] as const)('waits for what still comes of %s alone', async (name) => {
    const read = growing(12);
    expect(await readAtEnd(fakeChild({ [name]: read }), read)).toBe(12);
  });

  test('waits for pipes that both continue', async () => {
    const read = growing(12);
    expect(await readAtEnd(fakeChild({ stdout: read, stderr: read }), read)).toBe(12);
  });

  test('does not wait for pipes that tell nothing', async () => {
    const child = Object.assign(new EventEmitter(), { stdout: { bytesRead: 'much' }, stderr: {} });
    expect(await readAtEnd(child as object as ChildProcess, () => 1)).toBe(1);
  });

  test('is told after 32 looks where something comes for ever', async () => {
    let looks = 0;
    const look = (): number => {
      looks += 1;
      return looks;
    };
    await readAtEnd(fakeChild({ stdout: look }), () => 0);
    // One look reads what was there before, and, unless it is the last, what is there after a turn of the loop; each asks twice.
    expect(looks).toBe(31 * 4 + 2);
  });
});
