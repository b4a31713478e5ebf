/**
 * The kill matrix in memory: every step of the charts × every call that the driver makes on it × what dies there, and a run that continues.
 *
 * Owns: dividing the stories between threads, putting together what they find. Does not own: a part of it (matrix-part).
 *
 * Invariant: the same seed and share give the same stories, however many threads play them.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { builtPath } from '../adapters/built-path.ts';
import { spanMs } from '../base/elapsed.ts';
import { type MatrixOptions, type MatrixPart, playPart } from './matrix-part.ts';
import type { MatrixMessage, MatrixOrder } from './matrix-worker.ts';
import type { MatrixResult } from './proof.ts';

const THREADS = 2;
/** Below this share the walk over the charts, which every thread does, costs more than is won. */
const SHARE_TO_DIVIDE = 0.2;

/** Stops a simulated machine at every call, lets a new process continue, and compares. */
export async function runMatrix(options: MatrixOptions): Promise<MatrixResult> {
  const sinceMs = performance.now();
  const parts = isToDivide(options) ? await playDivided(options) : [await playPart(options)];
  return { ...together(parts), tookMs: Math.round(spanMs(sinceMs, performance.now())) };
}

/** Threads begin with a built file; from the sources, and for a part, there is one. */
function isToDivide({ share, shard }: MatrixOptions): boolean {
  const isBuilt = import.meta.url.endsWith('.js');
  return isBuilt && shard === undefined && share >= SHARE_TO_DIVIDE && availableParallelism() >= THREADS;
}

function playDivided({ seed, share, onProgress }: MatrixOptions): Promise<readonly MatrixPart[]> {
  const told = Array.from({ length: THREADS }, () => ({ done: 0, of: 0 }));
  const parts = told.map((progress, remainder) =>
    playInThread({ seed, share, shard: { remainder, of: THREADS } }, (done, of) => {
      Object.assign(progress, { done, of });
      const sum = (pick: (each: typeof progress) => number): number =>
        told.reduce((total, each) => total + pick(each), 0);
      onProgress(
        sum((each) => each.done),
        sum((each) => each.of),
      );
    }),
  );
  return Promise.all(parts);
}

function playInThread(order: MatrixOrder, onProgress: MatrixOptions['onProgress']): Promise<MatrixPart> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(builtPath('prove/matrix-worker.js'), { workerData: order });
    worker.on('message', (message: MatrixMessage) => {
      if (message.kind === 'part') resolve(message.part);
      else onProgress(message.done, message.of);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a thread of the matrix ended with ${code} and said nothing`)));
  });
}

function together(parts: readonly MatrixPart[]): Omit<MatrixResult, 'tookMs'> {
  const sum = (pick: (part: MatrixPart) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  const byCall: Record<string, number> = {};
  for (const part of parts) {
    for (const [call, count] of Object.entries(part.byCall)) byCall[call] = (byCall[call] ?? 0) + count;
  }
  return {
    stories: sum(({ stories }) => stories),
    edges: { walked: new Set(parts.flatMap(({ walked }) => walked)).size, of: parts[0]?.of ?? 0 },
    cases: { single: sum(({ cases }) => cases.single), double: sum(({ cases }) => cases.double) },
    byCall: Object.fromEntries(Object.entries(byCall).sort(([a], [b]) => (a < b ? -1 : 1))),
    starts: { expected: sum(({ starts }) => starts.expected), witnessed: sum(({ starts }) => starts.witnessed) },
    eventsChecked: sum(({ eventsChecked }) => eventsChecked),
    faults: parts.flatMap(({ faults }) => faults),
  };
}
