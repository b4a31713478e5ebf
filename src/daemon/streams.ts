/**
 * Answers that do not end by themselves: events sent to one client at its pace.
 *
 * Owns: how many there are, multiplexed sockets and answers that wait among them, waiting for a client, cutting off one that takes nothing, comments between events,
 * letting those go who have shown a token that counts no more. Does not own: what is sent.
 *
 * Invariants (L9): 1. Nothing is queued for a client: the next piece is made when the last one was taken. 2. A client that takes nothing for `slowMs` is cut off,
 * and costs the others nothing: also one whose stream has ended. 3. At the
 * daemon's end every stream is closed; with a new token those that came by TCP, as the socket needs none.
 */
import type { ServerResponse } from 'node:http';
import { ApiError } from './api/problem.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import type { Door } from './guard.ts';

/** The media type of a stream. */
export const EVENT_STREAM = 'text/event-stream; charset=utf-8';

/** How patient the daemon is with a client, in milliseconds. */
export interface StreamPatience {
  /** One that takes nothing for so long is cut off. Longer than `heartbeatMs`: only where nothing moves is time counted. */
  readonly slowMs: number;
  readonly heartbeatMs: number;
}

/** The open streams of a daemon. */
export class Streams {
  readonly #patience: StreamPatience;
  readonly #open = new Set<{ end(): void }>();
  /** Those whose clients have shown a token. */
  readonly #known = new Set<EventStream>();

  constructor(patience: Partial<StreamPatience> = {}) {
    const { slowMs, heartbeatMs } = DAEMON_BOUNDS;
    this.#patience = { slowMs, heartbeatMs, ...patience };
  }

  get size(): number {
    return this.#open.size;
  }

  /** The response is an event stream from now on. Throws TOO_MANY_CLIENTS. */
  open(response: ServerResponse, door: Door): EventStream {
    this.assertRoom();
    const stream = new EventStream(response, this.#patience, () => {
      this.#open.delete(stream);
      this.#known.delete(stream);
    });
    this.#open.add(stream);
    if (door.kind === 'tcp') this.#known.add(stream);
    return stream;
  }

  /** The token was replaced: whoever has shown the old one is let go. */
  revoke(): void {
    for (const stream of this.#known) stream.end();
  }

  /** Throws TOO_MANY_CLIENTS. */
  assertRoom(): void {
    if (this.#open.size < DAEMON_BOUNDS.streams) return;
    throw new ApiError('TOO_MANY_CLIENTS', 'Too many streams are open.', { retryAfterS: 5 });
  }

  /** Something else that does not end by itself counts as a stream from now on, until what is returned is called. */
  count(stream: { end(): void }): () => void {
    this.#open.add(stream);
    return () => this.#open.delete(stream);
  }

  /** A wait that counts as a stream until `end` is called; its signal aborts after `waitMs`, when `gone` does, or at the daemon's end. Throws TOO_MANY_CLIENTS. */
  wait(waitMs: number, gone: AbortSignal): { readonly signal: AbortSignal; end(): void } {
    this.assertRoom();
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), waitMs);
    const uncount = this.count({ end: () => over.abort() });
    const end = (): void => {
      clearTimeout(timer);
      uncount();
    };
    return { signal: AbortSignal.any([over.signal, gone]), end };
  }

  close(): void {
    for (const stream of this.#open) stream.end();
  }
}

/** One client's event stream. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #over = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(response: ServerResponse, { slowMs, heartbeatMs }: StreamPatience, onEnd: () => void) {
    this.#response = response;
    response.writeHead(200, {
      'Content-Type': EVENT_STREAM,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      // With it ends the connection: whoever is let go is gone.
      Connection: 'close',
    });
    response.flushHeaders();
    // As long as a client takes anything, or there is nothing to take but comments, it does not come to that.
    response.setTimeout(slowMs, () => response.destroy());
    response.once('close', () => this.#over.abort());
    response.on('error', () => this.#over.abort());
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatMs);
    this.#heartbeat.unref();
    this.#over.signal.addEventListener(
      'abort',
      () => {
        clearInterval(this.#heartbeat);
        onEnd();
      },
      { once: true },
    );
  }

  /** Aborts when the client has gone, or the stream was ended. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Resolves when the client has taken it, or has gone. */
  async send(text: string): Promise<void> {
    if (this.#over.signal.aborted || this.#response.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done);
        this.#over.signal.removeEventListener('abort', done);
        resolve();
      };
      this.#response.once('drain', done);
      this.#over.signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Nothing more is sent; a client that does not take what was sent before is cut off, too. */
  end(): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#response.end();
  }

  /** Only to a client that has taken everything: what waits for it tells that it is slow by itself. */
  #beat(): void {
    if (!this.#response.writableNeedDrain) this.#response.write(': \n\n');
  }
}
