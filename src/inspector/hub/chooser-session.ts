/**
 * One page that looks at no registry yet: it chooses among projects, or waits for one that cannot be looked at.
 *
 * Owns: the conversation with such a page (wire/page-api). Does not own: the projects (hub/site-directory), the counts
 * (hub/project-counts), a page that looks at a registry (hub/page-session).
 *
 * Invariant: one message at a time, and of everything the latest state: nothing piles up for a slow page (L9).
 */
import { CLOSE_CODES, type HubMessage } from '../wire/page-api.ts';
import type { PacedSocket } from './paced-socket.ts';
import { parsePageMessage } from './page-request.ts';

/** What a session is made from. */
export interface ChooserSessionParts {
  readonly socket: PacedSocket;
  /** What is told first. */
  readonly first: readonly HubMessage[];
  readonly projects: () => HubMessage;
  readonly counts: () => HubMessage;
}

type Due = 'projects' | 'counts' | 'proof';

/** One page's session; `close` it when its socket has closed. */
export class ChooserSession {
  readonly #parts: ChooserSessionParts;
  readonly #untold: HubMessage[];
  readonly #due = new Set<Due>();
  #isPumping = false;
  #isClosed = false;

  constructor(parts: ChooserSessionParts) {
    this.#parts = parts;
    this.#untold = [...parts.first];
    this.#pump();
  }

  /** The projects, or how their runs stand, are told again. */
  changed(what: 'projects' | 'counts'): void {
    this.#due.add(what);
    this.#pump();
  }

  /** What the page has said: of what it may ask for there is nothing here. */
  heard(text: string): void {
    const message = parsePageMessage(text);
    if (message === null) this.#parts.socket.close(CLOSE_CODES.malformed, 'not understood');
    if (message?.type !== 'proof') return;
    this.#due.add('proof');
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
  }

  #pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    // Sending never fails: a socket that is gone takes everything.
    void this.#drain().finally(() => {
      this.#isPumping = false;
      if (this.#due.size > 0) this.#pump();
    });
  }

  async #drain(): Promise<void> {
    while (!this.#isClosed) {
      const message = this.#next();
      if (message === null) return;
      await this.#parts.socket.send(message);
    }
  }

  #next(): HubMessage | null {
    const message = this.#untold.shift();
    if (message !== undefined) return message;
    const [due] = this.#due;
    if (due === undefined) return null;
    this.#due.delete(due);
    return due === 'proof' ? { type: 'proof', document: null } : this.#parts[due]();
  }
}
