/**
 * One client that follows runs in the Stately inspection protocol.
 *
 * Owns: which runs it follows, history before what is live. Does not own: the messages (wire/run-stream), the socket's pace.
 *
 * Invariants: 1. A client that comes late gets every message from the first one on: definitions and history, then live. 2. The next
 * record is folded when the messages of the last one were taken: nothing piles up for a slow client (L9).
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { Place } from '../../engine/run-look.ts';
import { RunStream } from '../wire/run-stream.ts';
import type { StatelyMessage } from '../wire/stately-message.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import type { PacedSocket } from './paced-socket.ts';
import { RunFold } from './run-fold.ts';

/** RFC 6455: the server cannot do what it is asked for. */
const INTERNAL_ERROR = 1011;

/** What a session is made from. */
export interface StatelySessionParts {
  readonly socket: PacedSocket;
  readonly place: Place;
  /** The one run that is followed; null: all of them. */
  readonly runId: string | null;
  /** Applied to every message before it is sent. */
  readonly sanitise: (message: StatelyMessage) => StatelyMessage;
}

/** One client's session; `close` it when its socket has closed. */
export class StatelySession {
  readonly #parts: StatelySessionParts;
  readonly #folds = new Map<string, RunFold>();
  readonly #due = new Set<string>();
  readonly #ready: StatelyMessage[] = [];
  #isPumping = false;
  #isClosed = false;

  constructor(parts: StatelySessionParts, runIds: readonly string[]) {
    this.#parts = parts;
    for (const runId of runIds) this.touched(runId);
  }

  /** The journal of this run may have changed. */
  touched(runId: string): void {
    if (this.#parts.runId !== null && this.#parts.runId !== runId) return;
    this.#due.add(runId);
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    void this.#drain()
      // A journal that breaks the stream ends this conversation, and not the hub.
      .catch(() => this.#parts.socket.close(INTERNAL_ERROR, 'the run cannot be shown'))
      .finally(() => {
        this.#isPumping = false;
        if (this.#due.size > 0 && this.#parts.socket.isOpen) this.#pump();
      });
  }

  async #drain(): Promise<void> {
    for (const runId of this.#due) {
      this.#due.delete(runId);
      for (let isEnd = false; !isEnd; ) {
        const piece = this.#foldOf(runId).advance(HUB_BOUNDS.foldsAtOnce);
        isEnd = piece.isEnd;
        if (piece.isReset) this.#startAnew(runId);
        for (const message of this.#ready.splice(0)) await this.#parts.socket.send(this.#parts.sanitise(message));
        if (this.#isClosed || !this.#parts.socket.isOpen) return;
        await yieldToOthers();
      }
    }
  }

  /** The journal is another one: its actors are other ones too. */
  #startAnew(runId: string): void {
    this.#folds.delete(runId);
    this.#ready.length = 0;
    this.#due.add(runId);
  }

  #foldOf(runId: string): RunFold {
    const known = this.#folds.get(runId);
    if (known !== undefined) return known;
    const stream = new RunStream(runId, (message) => this.#ready.push(message));
    const fold = new RunFold(this.#parts.place, runId, (record, state, deliveries) =>
      stream.take(record, state, deliveries),
    );
    this.#folds.set(runId, fold);
    return fold;
  }
}
