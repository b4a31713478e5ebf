/**
 * Everything that is shown of one registry: what is known of its runs, and the clients that look at it.
 *
 * Owns: noticing changes, the views, passing both on to its clients. Does not own: who may connect (hub/page-host), the conversations
 * (hub/page-session, hub/stately-session).
 *
 * Invariants: 1. It reads: no lock is taken, nothing is written. 2. After `close` nothing of it is watched, and none of its clients is
 * told anything more.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { systemProcesses } from '../../adapters/processes/system.ts';
import type { LookPlace, Place } from '../../engine/run-look.ts';
import type { CLOSE_CODES, HubMessage } from '../wire/page-api.ts';
import { countsOf, type RunCounts } from '../wire/run-kind.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';
import { PacedSocket } from './paced-socket.ts';
import { PageSession } from './page-session.ts';
import { Pulse } from './pulse.ts';
import { RegistryWatch } from './registry-watch.ts';
import { RunList } from './run-list.ts';
import { SharedTaskFiles } from './shared-task-files.ts';
import { safeForOutside } from './stately-page.ts';
import { StatelySession } from './stately-session.ts';

/** What a site is made from. */
export interface SiteParts {
  readonly place: Place;
  /** The first word to each page. */
  readonly hello: () => HubMessage;
  /** All that can be chosen from, as it is told. */
  readonly projects: () => HubMessage;
  /** Where a proof.json may be, the first one that is there counts. */
  readonly proofPaths: readonly string[];
}

interface Session {
  touched(runId: string): void;
  close(): void;
}

/** The site of one registry; `close` it. */
export class HubSite {
  readonly #parts: SiteParts;
  readonly #place: LookPlace;
  readonly #list: RunList;
  readonly #pulse: Pulse;
  readonly #taskFiles: SharedTaskFiles;
  readonly #watch: RegistryWatch;
  readonly #sessions = new Map<WebSocket, Session>();
  readonly #pages = new Set<PageSession>();
  readonly #counters = new Set<() => void>();
  #isListed = false;

  constructor(parts: SiteParts) {
    const { place } = parts;
    this.#parts = parts;
    this.#taskFiles = new SharedTaskFiles(place);
    this.#place = { ...place, processes: systemProcesses() };
    this.#list = new RunList(this.#place, (runId, view) => {
      for (const page of this.#pages) page.viewed(runId, view);
      this.#counted();
    });
    this.#pulse = new Pulse({
      list: this.#list,
      clock: place.files.clock,
      isAsked: () => this.#pages.size > 0 || this.#counters.size > 0,
      onChange: () => {
        for (const page of this.#pages) page.pulsed();
        this.#counted();
      },
    });
    this.#watch = new RegistryWatch(place, (runId, isThere) => {
      // Records first: they are told as soon as they are read, the view a moment later.
      for (const session of this.#sessions.values()) session.touched(runId);
      this.#list.changed(runId, isThere);
    });
    // The views come whole or the site is closed: neither fails.
    void this.#list.settled().then(() => {
      this.#isListed = true;
      this.#counted();
    });
  }

  /** How many runs are filed under each kind; null until every run was looked at once. */
  get counts(): RunCounts | null {
    return this.#isListed ? countsOf(this.#list.views) : null;
  }

  /** Calls `listener` when the counts may be other ones; returns how to end that. */
  onCounts(listener: () => void): () => void {
    this.#counters.add(listener);
    return () => this.#counters.delete(listener);
  }

  /** What can be chosen from has changed: every page is told. */
  projectsChanged(): void {
    for (const page of this.#pages) page.projectsChanged();
  }

  /** From now on this client is told of the registry as a page is. */
  openPage(client: WebSocket): void {
    const page = new PageSession({
      socket: new PacedSocket(client),
      place: this.#place,
      hello: this.#parts.hello(),
      projects: this.#parts.projects,
      proofPaths: this.#parts.proofPaths,
      // A run that takes long to look at holds the others back no longer than that: it comes when it is known.
      listed: () => Promise.race([this.#list.settled(), pause(HUB_BOUNDS.listMs, null, { ref: false })]),
      views: () => this.#list.views,
      viewOf: (runId) => this.#list.get(runId),
      liveness: () => this.#pulse.message(),
      taskFiles: this.#taskFiles,
      favour: (runId) => this.#watch.favour(runId),
    });
    this.#pages.add(page);
    client.on('message', (data) => page.heard(String(data)));
    client.on('close', () => this.#pages.delete(page));
    this.#keep(client, page);
  }

  /** From now on this client is told of one run, or of all, in the Stately inspection protocol. */
  openInspector(client: WebSocket, { runId, isForOutside }: { runId: string | null; isForOutside: boolean }): void {
    // Nothing that this client says is asked for; what it says is bounded, and dropped.
    client.on('message', () => undefined);
    if (runId !== null) client.on('close', this.#watch.favour(runId));
    const session = new StatelySession(
      {
        socket: new PacedSocket(client),
        place: this.#parts.place,
        runId,
        sanitise: isForOutside ? safeForOutside : (message) => message,
      },
      runId === null ? this.#watch.runIds : [runId],
    );
    this.#keep(client, session);
  }

  /** Its clients are let go with that code. */
  close(code: (typeof CLOSE_CODES)[keyof typeof CLOSE_CODES], reason: string): void {
    this.#pulse.close();
    this.#watch.close();
    this.#list.close();
    for (const [client, session] of this.#sessions) {
      session.close();
      client.close(code, reason);
    }
  }

  #counted(): void {
    for (const counter of this.#counters) counter();
  }

  #keep(client: WebSocket, session: Session): void {
    this.#sessions.set(client, session);
    client.on('close', () => {
      session.close();
      this.#sessions.delete(client);
    });
  }
}
