/**
 * An agent's pipes as the protocol wants them.
 *
 * Owns: the deadline of a write. Does not own: the messages (acp-client), the process (acp-worker).
 *
 * Invariant: a write that the other end does not take ends in an error, never in a wait without end.
 */
import type { Writable } from 'node:stream';
import { BlockedInput } from './acp-errors.ts';

/** `pipe` as a stream whose writes fail with BlockedInput when they take longer than `ms`. */
export function boundedWriter(pipe: Writable, ms: number): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>({
    write: (chunk) =>
      new Promise<void>((done, fail) => {
        const timer = setTimeout(() => fail(new BlockedInput(ms)), ms);
        pipe.write(chunk, (error) => {
          clearTimeout(timer);
          if (error) fail(error);
          else done();
        });
      }),
  });
}
