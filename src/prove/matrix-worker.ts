/**
 * A thread that plays a part of the kill matrix and sends what it finds.
 *
 * Owns: that thread's messages. Does not own: the part (matrix-part), starting threads (matrix).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type MatrixOptions, type MatrixPart, playPart } from './matrix-part.ts';

/** What the thread is to do. */
export type MatrixOrder = Omit<MatrixOptions, 'onProgress'>;

/** What the thread tells. */
export type MatrixMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly of: number }
  | { readonly kind: 'part'; readonly part: MatrixPart };

function tell(message: MatrixMessage): void {
  parentPort?.postMessage(message);
}

const order: MatrixOrder = workerData;
tell({
  kind: 'part',
  part: await playPart({ ...order, onProgress: (done, of) => tell({ kind: 'progress', done, of }) }),
});
