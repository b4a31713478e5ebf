/**
 * The body of a message over HTTP, whole.
 *
 * Owns: collecting it. Does not own: how much may come, what it means.
 */
import type { IncomingMessage } from 'node:http';

/** The bytes of the body, of which nothing was read yet. Rejects where it fails, and where the connection is closed before its end. */
export function wholeBody(message: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const closed = (): void => reject(new Error('the connection was closed before the end of the body'));
    message.on('data', (piece: Buffer) => pieces.push(piece));
    message.once('end', () => resolve(Buffer.concat(pieces)));
    message.once('error', reject);
    message.once('close', closed);
    if (message.closed) closed();
  });
}
