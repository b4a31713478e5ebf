/** A stream of a task is given once, in order, from any byte on, and until its task has ended. */
import { symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import {
  offsetOfLastLines,
  outputPieces,
  type ReadingPlace,
  type StreamReading,
} from '../../src/app/reading-output.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { Files } from '../../src/store/files.ts';
import { quarantineRun } from '../../src/store/quarantine.ts';
import { encodeClaim } from '../../src/turn/task-files.ts';
import { UnreadableOutput } from '../../src/worker/output-file.ts';
import { LogBench, RUN, TASKS } from '../cli/logs/log-bench.ts';

const TASK = { runId: RUN, taskId: TASKS.implementation };
const ASIDE = { code: 'X', detail: '', findings: [], surfaces: [], atMs: 1 };
let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.request(TASKS.implementation, null);
});
afterEach(() => bench.remove());

/** What is given, as text, with every piece checked against the one before it. */
async function readAll(
  reading: StreamReading = {},
  onPiece: (text: string) => void = () => undefined,
  place: ReadingPlace = bench.place,
): Promise<string> {
  const given: Buffer[] = [];
  let next = reading.from ?? 0;
  for await (const piece of outputPieces(place, TASK, 'stdout', reading)) {
    expect(piece.from).toBe(next);
    expect(piece.next).toBe(piece.from + piece.bytes.length);
    next = piece.next;
    given.push(Buffer.from(piece.bytes));
    onPiece(Buffer.concat(given).toString());
  }
  return Buffer.concat(given).toString();
}

describe('without following', () => {
  it('gives every byte from the one that is named, in pieces', async () => {
    const text = 'x'.repeat(600_000);
    bench.prints(TASKS.implementation, text);
    expect(await readAll()).toBe(text);
    expect(await readAll({ from: 599_990 })).toBe('x'.repeat(10));
    expect(await readAll({ from: 700_000 })).toBe('');
  });

  it('gives nothing where nothing was printed', async () => {
    expect(await readAll()).toBe('');
  });

  it('refuses what is no file', async () => {
    symlinkSync('/etc/passwd', bench.fileOf(TASKS.implementation, 'output.ndjson'));
    await expect(readAll()).rejects.toThrow(UnreadableOutput);
  });
});

describe('following', () => {
  it('gives what comes, and ends when the outcome is there and all was given', async () => {
    bench.prints(TASKS.implementation, 'first ');
    const text = await readAll({ follow: true }, (so) => {
      if (so === 'first ') bench.prints(TASKS.implementation, 'second ');
      if (so === 'first second ') {
        bench.prints(TASKS.implementation, 'third');
        bench.ends(TASKS.implementation);
      }
    });
    expect(text).toBe('first second third');
  });

  it.each([
    ['its run is set aside', () => quarantineRun(bench.place.files, bench.place.paths, RUN, ASIDE)],
    ['it is given up before its start', () => writeFileSync(bench.fileOf(TASKS.implementation, 'claim'), revoked())],
    ['its run has ended', () => bench.runEnds()],
  ])('ends without an outcome when %s', async (_what, end) => {
    bench.prints(TASKS.implementation, 'all');
    let ending: unknown = null;
    const text = await readAll({ follow: true }, () => {
      ending = end();
    });
    await ending;
    expect(text).toBe('all');
  });

  it('gives what is written just before the outcome is looked for and found', async () => {
    bench.prints(TASKS.implementation, 'first ');
    let isOpen = true;
    const stat: FsPort['stat'] = (path) => {
      if (path.endsWith('/outcome') && isOpen) {
        isOpen = false;
        bench.prints(TASKS.implementation, 'last');
        bench.ends(TASKS.implementation);
      }
      return nodeFs.stat(path);
    };
    const files = new Files({ ...nodeFs, stat }, bench.place.files.clock);
    expect(await readAll({ follow: true }, undefined, { ...bench.place, files })).toBe('first last');
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    bench.prints(TASKS.implementation, 'some');
    const reading = readAll({ follow: true, signal: stop.signal });
    await sleep(1);
    stop.abort();
    expect(await reading).toBe('some');
  });
});

describe('the last lines', () => {
  it.each(['', '\n', 'a', 'a\n', 'a\nb', '\n\n\n', 'a\n\nb\n', `${'x'.repeat(300_000)}\n${'y'.repeat(300_000)}\nz\n`])(
    'begin where they begin, case %#',
    (text) => {
      bench.prints(TASKS.implementation, text);
      const lines = text.split(/(?<=\n)/).filter((line) => line !== '');
      for (const count of [1, 2, 3, 10]) {
        const wanted = Buffer.byteLength(lines.slice(0, Math.max(0, lines.length - count)).join(''));
        expect(offsetOfLastLines(bench.place, TASK, 'stdout', count), `${count} lines`).toBe(wanted);
      }
    },
  );
});

function revoked(): Uint8Array {
  const { reason, ...rest } = { reason: 'cancelled', nonce: 'n', atMs: 1 } as const;
  return encodeClaim({ v: 1, kind: 'revoked', requestHash: 'a'.repeat(64), reason, ...rest });
}
