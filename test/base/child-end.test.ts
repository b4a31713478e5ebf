/** The end of a child is told with all that it has written, however late its reader gets to look. */
import { type ChildProcess, spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { onceEnded } from '../../src/base/child-end.ts';

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

test('a child that was killed is told with its signal', async () => {
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
