/**
 * One page that looks at the registry: what it has been told, and what it is told next.
 *
 * Owns: the conversation with one page (wire/page-api). Does not own: the socket's pace (hub/paced-socket), the views (hub/run-list),
 * noticing changes (hub/registry-watch).
 *
 * Invariants: 1. One message at a time, the next when that was taken: nothing piles up for a slow page (L9). 2. Records are told in
 * order, each once; of everything else the latest state is told.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { RunView } from '../../core/run-view.ts';
import type { Place } from '../../runtime/run-look.ts';
import type { HubMessage, PageMessage } from '../wire/page-api.ts';
import { CLOSE_CODES } from '../wire/page-api.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import type { PacedSocket } from './paced-socket.ts';
import { parsePageMessage } from './page-request.ts';
import { artifactDocument, proofDocument } from './run-documents.ts';
import { RunWatch } from './run-watch.ts';
import { outputMark, outputTail } from './worker-output.ts';

/** What a session is made from. */
export interface PageSessionParts {
  readonly socket: PacedSocket;
  readonly place: Place;
  readonly hello: HubMessage;
  readonly proofPaths: readonly string[];
  /** Every view, once they are all known. */
  readonly views: () => Promise<readonly RunView[]>;
  readonly viewOf: (runId: string) => RunView | null;
  /** The run is looked at in every round, until the returned function is called. */
  readonly favour: (runId: string) => () => void;
}

type Next = HubMessage | null;

/** One page's session; `close` it when its socket has closed. */
export class PageSession {
  readonly #parts: PageSessionParts;
  readonly #changed = new Map<string, RunView | null>();
  readonly #asked: (() => HubMessage)[] = [];
  readonly #poll: NodeJS.Timeout;
  #watch: RunWatch | null = null;
  #endFavour: () => void = () => undefined;
  #tail: { readonly runId: string; readonly taskId: string; mark: string; isDue: boolean } | null = null;
  #isListed = false;
  #isPumping = false;
  #isMoreDue = false;
  #isClosed = false;

  constructor(parts: PageSessionParts) {
    this.#parts = parts;
    this.#poll = setInterval(() => this.#lookAtFiles(), HUB_BOUNDS.filesPollMs);
    this.#poll.unref();
    this.#asked.push(() => parts.hello);
    this.#pump();
    this.#list();
  }

  /** The journal or the registers of this run may have changed. */
  touched(runId: string): void {
    if (this.#watch?.runId !== runId) return;
    this.#watch.touched();
    this.#pump();
  }

  /** The view of this run is new; null: its folder has gone. */
  viewed(runId: string, view: RunView | null): void {
    if (this.#isListed) this.#changed.set(runId, view);
    if (this.#watch?.runId === runId) this.#watch.recoveryDue();
    this.#pump();
  }

  /** What the page has said. */
  heard(text: string): void {
    const message = parsePageMessage(text);
    if (message === null || this.#asked.length >= HUB_BOUNDS.openRequests) {
      this.#parts.socket.close(CLOSE_CODES.malformed, 'not understood');
      return;
    }
    this.#take(message);
    this.#pump();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#poll);
    this.#endFavour();
  }

  #list(): void {
    // The views come whole or the hub ends: neither is for this session to report.
    void this.#parts.views().then((views) => {
      this.#isListed = true;
      this.#asked.push(() => ({ type: 'runs', runs: views }));
      this.#pump();
    });
  }

  #take(message: PageMessage): void {
    const { place, proofPaths } = this.#parts;
    switch (message.type) {
      case 'watch':
      case 'unwatch':
        this.#endFavour();
        this.#endFavour = () => undefined;
        this.#watch = null;
        if (message.type === 'unwatch') return;
        this.#watch = new RunWatch(place, message.runId, message.fromSeq, () => this.#parts.viewOf(message.runId));
        this.#endFavour = this.#parts.favour(message.runId);
        return;
      case 'tail':
        this.#tail = message.isOn ? { runId: message.runId, taskId: message.taskId, mark: '', isDue: true } : null;
        return;
      case 'artifact': {
        const { runId, path } = message;
        this.#asked.push(() => ({ type: 'artifact', runId, path, ...artifactDocument(place, runId, path) }));
        return;
      }
      default:
        this.#asked.push(() => ({ type: 'proof', document: proofDocument(place, proofPaths) }));
    }
  }

  /** What no journal tells: registers and output of tasks. */
  #lookAtFiles(): void {
    const { place } = this.#parts;
    const tail = this.#tail;
    try {
      if (tail !== null && !tail.isDue) tail.isDue = outputMark(place, tail.runId, tail.taskId) !== tail.mark;
      this.#watch?.lookAtFiles();
    } catch (error) {
      this.#asked.push(() => problemOf(error));
    }
    this.#pump();
  }

  #pump(): void {
    this.#isMoreDue = true;
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    // Sending never fails: a socket that is gone takes everything.
    void this.#drain().finally(() => {
      this.#isPumping = false;
      if (this.#isMoreDue) this.#pump();
    });
  }

  async #drain(): Promise<void> {
    while (!this.#isClosed && this.#parts.socket.isOpen) {
      this.#isMoreDue = false;
      const message = this.#next();
      if (message !== null) await this.#parts.socket.send(message);
      else if (this.#watch?.hasMoreRecords === true) await yieldToOthers();
      else return;
    }
    this.#isMoreDue = false;
  }

  /** What is told next: answers, then records, then where runs stand, then files and output. */
  #next(): Next {
    try {
      return (
        this.#asked.shift()?.() ??
        this.#watch?.nextRecords() ??
        this.#nextView() ??
        this.#watch?.nextFiles() ??
        this.#nextOutput()
      );
    } catch (error) {
      // Of one file that cannot be read now: the page is told, and the rest goes on.
      return problemOf(error);
    }
  }

  #nextView(): Next {
    for (const [runId, run] of this.#changed) {
      this.#changed.delete(runId);
      return run === null ? { type: 'runGone', runId } : { type: 'run', run };
    }
    return null;
  }

  #nextOutput(): Next {
    const tail = this.#tail;
    if (tail === null || !tail.isDue) return null;
    const { runId, taskId } = tail;
    tail.isDue = false;
    tail.mark = outputMark(this.#parts.place, runId, taskId);
    return { type: 'output', runId, taskId, text: outputTail(this.#parts.place, runId, taskId) };
  }
}

function problemOf(error: unknown): HubMessage {
  return { type: 'problem', message: error instanceof Error ? error.message : String(error) };
}
