/**
 * The page's line to the hub: kept up, and picked up where it was cut.
 *
 * Owns: connecting, waiting longer after every failure, asking again for what was being watched. Does not own: what messages mean (hub-state).
 *
 * Invariants: 1. After a cut the watch continues from the record after the last one that is here: nothing is lost, nothing counts twice.
 * 2. A refusal that trying again cannot mend is told and not tried again.
 */
import { CLOSE_CODES, type HubMessage, PAGE_SOCKET_PATH, type PageMessage, SESSION_PATH } from '../wire/page-api.ts';

/** How the line stands. */
export type LineStatus =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** It is tried again at that instant. */
  | { readonly kind: 'lost'; readonly againAtMs: number; readonly tries: number }
  /** It is not tried again. */
  | { readonly kind: 'refused'; readonly reason: 'token' | 'version' | 'malformed' };

/** Who is told what happens on the line. */
export interface LineListener {
  readonly onStatus: (status: LineStatus) => void;
  readonly onMessage: (message: HubMessage) => void;
  /** The project that every connection names, null: none. */
  readonly project: () => string | null;
  /** What is to be asked at every connection. */
  readonly onOpen: () => readonly PageMessage[];
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** How long to wait after so many failures in a row. */
export function waitAfterMs(failures: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
}

/** The line to the hub. */
export class Line {
  readonly #origin: string;
  readonly #token: string;
  readonly #listener: LineListener;
  #socket: WebSocket | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(origin: string, token: string, listener: LineListener) {
    this.#origin = origin;
    this.#token = token;
    this.#listener = listener;
  }

  /** Connects at once, also where it was waiting to. */
  connect(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#socket !== null) return;
    if (this.#failures === 0) this.#listener.onStatus({ kind: 'connecting' });
    const address = `${this.#origin.replace(/^http/, 'ws')}${PAGE_SOCKET_PATH}`;
    const project = this.#listener.project();
    const query = new URLSearchParams({ token: this.#token, ...(project === null ? {} : { project }) });
    const socket = new WebSocket(`${address}?${query}`);
    this.#socket = socket;
    let hasOpened = false;
    socket.onopen = () => {
      hasOpened = true;
      for (const message of this.#listener.onOpen()) socket.send(JSON.stringify(message));
    };
    socket.onmessage = ({ data }) => {
      this.#failures = 0;
      this.#listener.onMessage(JSON.parse(String(data)) as HubMessage);
    };
    socket.onclose = ({ code }) => this.#closed(code, hasOpened);
  }

  /** Connects anew: nothing more is heard on the connection there was. */
  reconnect(): void {
    this.#drop();
    this.#failures = 0;
    this.connect();
  }

  /** Says something to the hub; while the line is cut nothing: what matters is asked again at the next connection. */
  say(message: PageMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Ends the line for good. */
  refuse(reason: 'token' | 'version' | 'malformed'): void {
    this.#drop();
    this.#listener.onStatus({ kind: 'refused', reason });
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onclose = null;
    socket.onmessage = null;
    socket.onopen = null;
    socket.close();
  }

  #closed(code: number, hadOpened: boolean): void {
    this.#socket = null;
    if (code === CLOSE_CODES.malformed || code === CLOSE_CODES.tokenUnknown) {
      this.refuse(code === CLOSE_CODES.malformed ? 'malformed' : 'token');
      return;
    }
    if (code === CLOSE_CODES.moved && this.#failures === 0) {
      this.connect();
      return;
    }
    if (!hadOpened) void this.#askWhetherKnown();
    const waitMs = waitAfterMs(this.#failures);
    this.#failures += 1;
    this.#listener.onStatus({ kind: 'lost', againAtMs: Date.now() + waitMs, tries: this.#failures });
    this.#timer = setTimeout(() => this.connect(), waitMs);
  }

  /** A handshake that is refused for its token looks like a hub that is gone: only this tells them apart. */
  async #askWhetherKnown(): Promise<void> {
    try {
      const headers = { Authorization: `Bearer ${this.#token}` };
      const { status } = await fetch(`${this.#origin}${SESSION_PATH}`, { headers, cache: 'no-store' });
      if (status !== 401) return;
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.refuse('token');
    } catch {
      // The hub is gone: the socket is tried again all the same.
    }
  }
}
