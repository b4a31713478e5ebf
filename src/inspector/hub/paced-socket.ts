/**
 * A WebSocket to which nothing is sent before the last message was taken.
 *
 * Owns: waiting for the client, letting a slow one go. Does not own: what is sent.
 *
 * Invariant (L9): at most one message of ours waits in the socket; a client that takes none of it for HUB_BOUNDS.slowMs is released.
 */
import type { WebSocket } from 'ws';
import { CLOSE_CODES } from '../wire/page-api.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';

/** A client's socket, at the client's pace. */
export class PacedSocket {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    // What is wrong with the connection ends it; `close` tells.
    socket.on('error', () => socket.terminate());
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Resolves when the client's side has taken the message; at once when there is no client any more. */
  async send(message: unknown): Promise<void> {
    if (!this.isOpen) return;
    const timer = setTimeout(() => this.close(CLOSE_CODES.slow, 'took nothing for too long'), HUB_BOUNDS.slowMs);
    try {
      await new Promise<void>((resolve) => this.#socket.send(JSON.stringify(message), () => resolve()));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nothing more is sent; ws cuts off a client that does not take the closing either. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }
}
