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
import { messageOf } from '../../base/error-text.ts';
import type { LookPlace } from '../../engine/run-look.ts';
import type { RunView } from '../../run/run-view.ts';
import type { HubMessage, PageMessage } from '../wire/page-api.ts';
import { CLOSE_CODES } from '../wire/page-api.ts';
import { ArtifactIndex } from './artifact-index.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import type { PacedSocket } from './paced-socket.ts';
import { parsePageMessage } from './page-request.ts';
import { artifactDocument, proofDocument } from './run-documents.ts';
import { RunWatch } from './run-watch.ts';
import type { SharedTaskFiles } from './shared-task-files.ts';
import { outputMark, outputTail } from './worker-output.ts';

/** What a session is made from. */
export interface PageSessionParts {
  readonly socket: PacedSocket;
  readonly place: LookPlace;
  readonly hello: HubMessage;
  readonly projects: () => HubMessage;
  readonly proofPaths: readonly string[];
  /** Resolves when every view is known, or after a while. */
  readonly listed: () => Promise<unknown>;
  /** Every view that is known. */
  readonly views: () => readonly RunView[];
  readonly viewOf: (runId: string) => RunView | null;
  /** Who drives, and what lives, now. */
  readonly liveness: () => HubMessage;
  readonly taskFiles: SharedTaskFiles;
  /** The run is looked at in every round, until the returned function is called. */
  readonly favour: (runId: string) => () => void;
}

type Next = HubMessage | null;
type Request = Extract<PageMessage, { type: 'artifact' | 'proof' }>;

/** One page's session; `close` it when its socket has closed. */
export class PageSession {
  readonly #parts: PageSessionParts;
  readonly #changed = new Map<string, RunView | null>();
  /** What nobody has asked for. */
  readonly #untold: HubMessage[] = [];
  readonly #asked: Request[] = [];
  #artifacts: ArtifactIndex | null = null;
  readonly #poll: NodeJS.Timeout;
  #watch: RunWatch | null = null;
  #endWatch: () => void = () => undefined;
  #problem: string | null = null;
  #tail: { readonly runId: string; readonly taskId: string; mark: string; isDue: boolean } | null = null;
  #isListed = false;
  #isLivenessDue = false;
  #areProjectsDue = false;
  #isPumping = false;
  #isMoreDue = false;
  #isClosed = false;

  constructor(parts: PageSessionParts) {
    this.#parts = parts;
    this.#poll = setInterval(() => this.#lookAtFiles(), HUB_BOUNDS.filesPollMs);
    this.#poll.unref();
    this.#untold.push(parts.hello);
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

  /** Who drives, or what lives, has changed. */
  pulsed(): void {
    this.#isLivenessDue = true;
    this.#pump();
  }

  /** What can be chosen from has changed. */
  projectsChanged(): void {
    this.#areProjectsDue = true;
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
    this.#endWatch();
  }

  #list(): void {
    // The views come whole or the hub ends: neither is for this session to report.
    void this.#parts.listed().then(() => {
      this.#isListed = true;
      this.#isLivenessDue = true;
      this.#untold.push({ type: 'runs', runs: this.#parts.views() });
      this.#pump();
    });
  }

  #take(message: PageMessage): void {
    switch (message.type) {
      case 'watch':
      case 'unwatch':
        this.#endWatch();
        this.#endWatch = () => undefined;
        this.#watch = null;
        if (message.type === 'watch') this.#begin(message.runId, message.fromSeq);
        return;
      case 'tail':
        this.#tail = message.isOn ? { runId: message.runId, taskId: message.taskId, mark: '', isDue: true } : null;
        return;
      default:
        this.#asked.push(message);
    }
  }

  #begin(runId: string, fromSeq: number): void {
    const { place, taskFiles, viewOf, favour } = this.#parts;
    const { reader: files, end } = taskFiles.use(runId);
    const endFavour = favour(runId);
    this.#endWatch = () => {
      end();
      endFavour();
    };
    this.#problem = null;
    this.#watch = new RunWatch({ place, runId, fromSeq, view: () => viewOf(runId), files });
  }

  /** What no journal tells: registers and output of tasks. */
  #lookAtFiles(): void {
    const { place } = this.#parts;
    const tail = this.#tail;
    try {
      if (tail !== null && !tail.isDue) tail.isDue = outputMark(place, tail.runId, tail.taskId) !== tail.mark;
      this.#watch?.lookAtFiles();
      this.#problem = null;
    } catch (error) {
      const problem = this.#problemOf(error);
      if (problem !== null && this.#untold.length < HUB_BOUNDS.openRequests) this.#untold.push(problem);
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
      const message = await this.#next();
      if (message !== null) await this.#parts.socket.send(message);
      else if (this.#watch?.hasMoreRecords !== true && this.#asked.length === 0) return;
      // What one page is told holds up no other one.
      await yieldToOthers();
    }
    this.#isMoreDue = false;
  }

  /** What is told next: records before answers, then where runs stand, then files and output. */
  async #next(): Promise<Next> {
    try {
      return (
        this.#untold.shift() ??
        this.#watch?.nextRecords() ??
        this.#nextAnswer() ??
        this.#nextView() ??
        this.#nextLiveness() ??
        this.#nextProjects() ??
        (await this.#nextFiles()) ??
        this.#nextOutput()
      );
    } catch (error) {
      // Of one file that cannot be read now: the page is told, and the rest continues.
      return this.#problemOf(error);
    }
  }

  /** Null, too, while the journal has to be read on before there is an answer. */
  #nextAnswer(): Next {
    const { place, proofPaths } = this.#parts;
    const [request] = this.#asked;
    if (request === undefined) return null;
    if (request.type === 'proof') {
      this.#asked.shift();
      return { type: 'proof', document: proofDocument(place, proofPaths) };
    }
    const { runId, path } = request;
    if (this.#artifacts?.runId !== runId) this.#artifacts = new ArtifactIndex(place, runId);
    if (!this.#artifacts.advance()) return null;
    this.#asked.shift();
    return { type: 'artifact', runId, path, ...artifactDocument(place, runId, this.#artifacts.get(path)) };
  }

  /** Nothing of a run that the page has left meanwhile. */
  async #nextFiles(): Promise<Next> {
    const watch = this.#watch;
    const message = (await watch?.nextFiles()) ?? null;
    return watch === this.#watch ? message : null;
  }

  #nextView(): Next {
    for (const [runId, run] of this.#changed) {
      this.#changed.delete(runId);
      return run === null ? { type: 'runGone', runId } : { type: 'run', run };
    }
    return null;
  }

  #nextLiveness(): Next {
    if (!this.#isLivenessDue || !this.#isListed) return null;
    this.#isLivenessDue = false;
    return this.#parts.liveness();
  }

  #nextProjects(): Next {
    if (!this.#areProjectsDue) return null;
    this.#areProjectsDue = false;
    return this.#parts.projects();
  }

  #nextOutput(): Next {
    const tail = this.#tail;
    if (tail === null || !tail.isDue) return null;
    const { runId, taskId } = tail;
    tail.isDue = false;
    tail.mark = outputMark(this.#parts.place, runId, taskId);
    return { type: 'output', runId, taskId, text: outputTail(this.#parts.place, runId, taskId) };
  }

  /** What a page is told of a file that cannot be read; null when it was told that last. */
  #problemOf(error: unknown): Next {
    const message = messageOf(error);
    if (message === this.#problem) return null;
    this.#problem = message;
    return { type: 'problem', message };
  }
}
