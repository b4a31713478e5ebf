/**
 * All that comes of a stream.
 *
 * Owns: collecting it. Does not own: how much may come, what it means.
 */
import type { Readable } from 'node:stream';

/** The bytes of a stream of which nothing was read yet, in fewer turns than iterating takes. Rejects where it fails, and where it is closed before its end. */
export function wholeStream(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const closed = (): void => reject(new Error('the stream was closed before its end'));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.once('end', () => resolve(Buffer.concat(pieces)));
    stream.once('error', reject);
    stream.once('close', closed);
    if (stream.closed) closed();
  });
}
