/**
 * One client of `/mux`: its channels, each in its turn.
 *
 * Owns: which channels are open, the order in which they send, the pace of the client, pings. Does not own: what a channel tells (daemon/mux-channels), who may
 * have a socket (daemon/mux).
 *
 * Invariants (L9): 1. One message is on its way at a time, and at most one of each channel waits for its turn: none keeps another one back for longer than one
 * message of each. 2. A client that takes nothing, or answers no ping, for too long is cut off, and costs the others nothing. 3. Nothing of a channel comes after its
 * `ended` or `closed`.
 */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { SerialQueue } from '../base/serial-queue.ts';
import { CLOSE_CODES } from '../inspector/wire/page-api.ts';
import type { ApiDaemon } from './api/api-daemon.ts';
import { ApiError, problemOf } from './api/problem.ts';
import { DAEMON_BOUNDS } from './daemon-bounds.ts';
import { toldBy } from './mux-channels.ts';
import { BadMessage, type MuxMessage, type Said, saidIn, type WantedChannel } from './mux-messages.ts';

/** How patient the daemon is with a client. */
export interface MuxPatience {
  /** A client that takes nothing for so long is cut off. */
  readonly slowMs: number;
  /** How often it is pinged. */
  readonly pingMs: number;
  /** Pings that may be unanswered when the next one is due. */
  readonly pingsUnanswered: number;
}

interface Channel {
  readonly close: AbortController;
  readonly ended: Promise<void>;
}

/** How long a client may take to answer a closing. */
const CLOSING_MS = 1_000;

/** A client's socket and its channels. */
export class MuxSession {
  readonly #daemon: ApiDaemon;
  readonly #socket: WebSocket;
  readonly #patience: MuxPatience;
  readonly #over = new AbortController();
  readonly #channels = new Map<string, Channel>();
  readonly #hearing = new SerialQueue();
  readonly #sending = new SerialQueue();
  readonly #pings: NodeJS.Timeout;
  #unheard = 0;
  #badInARow = 0;
  #pingsOpen = 0;

  constructor(daemon: ApiDaemon, socket: WebSocket, patience: MuxPatience) {
    this.#daemon = daemon;
    this.#socket = socket;
    this.#patience = patience;
    this.#pings = setInterval(() => this.#ping(), patience.pingMs);
    this.#pings.unref();
    socket.on('message', (data, isBinary) => this.#heard(isBinary ? null : String(data)));
    socket.on('pong', () => {
      this.#pingsOpen = 0;
    });
    // What is wrong with the connection ends it; `close` tells.
    socket.on('error', () => socket.terminate());
    socket.once('close', () => this.#end());
  }

  /** Nothing more is sent; a client that does not hang up is hung up on. */
  end(code: number, reason: string): void {
    this.#end();
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSING_MS).unref();
  }

  /** The connection is cut at once. */
  cut(): void {
    this.#end();
    this.#socket.terminate();
  }

  #end(): void {
    clearInterval(this.#pings);
    this.#over.abort();
  }

  #ping(): void {
    if (this.#pingsOpen >= this.#patience.pingsUnanswered) {
      this.cut();
      return;
    }
    this.#pingsOpen += 1;
    this.#socket.ping();
  }

  #heard(text: string | null): void {
    if (this.#over.signal.aborted) return;
    this.#unheard += 1;
    if (this.#unheard > DAEMON_BOUNDS.muxMessages) {
      this.end(CLOSE_CODES.malformed, 'said too much at once');
      return;
    }
    this.#hearing
      .add(async () => {
        if (!this.#over.signal.aborted) await this.#answer(text);
        this.#unheard -= 1;
      })
      .catch((error: unknown) => {
        this.#daemon.log(`a bug in /mux: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        this.cut();
      });
  }

  async #answer(text: string | null): Promise<void> {
    try {
      if (text === null) throw new BadMessage('A message is text.', null);
      const said = saidIn(text);
      this.#badInARow = 0;
      await this.#do(said);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#badInARow += 1;
      await this.#tellProblem(error.id, error);
      if (this.#badInARow >= DAEMON_BOUNDS.muxBadMessages)
        this.end(CLOSE_CODES.malformed, 'said what cannot be understood');
    }
  }

  async #do(said: Said): Promise<void> {
    const { id } = said;
    if (said.do === 'close') {
      const channel = this.#channels.get(id);
      channel?.close.abort();
      await channel?.ended;
      await this.#send({ id, type: 'closed' });
    } else if (this.#channels.has(id)) {
      await this.#tellProblem(id, new ApiError('BODY_INVALID', 'A channel of this id is open already.'));
    } else if (this.#channels.size >= DAEMON_BOUNDS.muxChannels) {
      const many = new ApiError('TOO_MANY_CLIENTS', `A socket has at most ${DAEMON_BOUNDS.muxChannels} channels.`);
      await this.#tellProblem(id, many);
    } else this.#open(id, said.channel);
  }

  #open(id: string, wanted: WantedChannel): void {
    const close = new AbortController();
    const signal = AbortSignal.any([close.signal, this.#over.signal]);
    this.#channels.set(id, { close, ended: this.#follow(id, wanted, signal) });
  }

  /** Tells all that the channel tells, each message when the one before was taken. */
  async #follow(id: string, wanted: WantedChannel, signal: AbortSignal): Promise<void> {
    try {
      for await (const told of toldBy(this.#daemon, wanted, signal)) {
        if (signal.aborted) break;
        await this.#send({ id, ...told });
      }
      this.#channels.delete(id);
      if (!signal.aborted) await this.#send({ id, type: 'ended' });
    } catch (error) {
      this.#channels.delete(id);
      await this.#tellProblem(id, error);
    }
  }

  async #tellProblem(id: string | null, error: unknown): Promise<void> {
    const requestId = randomUUID();
    const problem = problemOf(error, requestId);
    if (problem.status >= 500) {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#daemon.log(`${requestId} /mux: ${problem.status} ${problem.code}: ${cause}`);
    }
    await this.#send({ id, type: 'problem', open: id !== null && this.#channels.has(id), problem });
  }

  /** Resolves when the client has taken it, or has gone. */
  #send(message: MuxMessage): Promise<void> {
    return this.#sending.add(async () => {
      if (this.#over.signal.aborted) return;
      const slow = setTimeout(() => this.end(CLOSE_CODES.slow, 'took nothing for too long'), this.#patience.slowMs);
      try {
        await this.#sendFrames(Buffer.from(JSON.stringify(message)));
      } finally {
        clearTimeout(slow);
      }
    });
  }

  /** A message that is longer than a frame may be goes out in several. */
  async #sendFrames(bytes: Buffer): Promise<void> {
    const { muxFrameBytes } = DAEMON_BOUNDS;
    for (let at = 0; at < bytes.length && !this.#over.signal.aborted; at += muxFrameBytes) {
      const fin = at + muxFrameBytes >= bytes.length;
      const frame = bytes.subarray(at, at + muxFrameBytes);
      await new Promise<void>((resolve) => this.#socket.send(frame, { binary: false, fin }, () => resolve()));
    }
  }
}
