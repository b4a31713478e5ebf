/**
 * A registry with runs that a test writes record by record, as a runner would, and clients that look at it through a hub.
 *
 * Owns: those, and removing them. Does not own: the hub.
 */

import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { newToken, type TokenSource } from '../../src/inspector/hub/access.ts';
import { createHub, type Hub, type HubOptions } from '../../src/inspector/hub/hub.ts';
import type { PageMessage } from '../../src/inspector/wire/page-api.ts';
import { snapshotOf } from '../../src/kernel/image.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { runSystem } from '../../src/run/system.ts';
import { Files } from '../../src/store/files.ts';
import { jsonBytes } from '../../src/store/json-file.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { type Folded, goodRun } from './good-run.ts';

const WAIT_MS = 5_000;

/** A token of its own that stays what it is. */
export function ownToken(): TokenSource {
  const token = newToken();
  return { read: () => token };
}

/** A run whose journal the test writes. */
export class WrittenRun {
  readonly runId: string;
  readonly journal: string;
  readonly #paths: RegistryPaths;
  readonly #steps: Generator<Folded>;
  last: Folded | null = null;

  constructor(root: string, runId: string) {
    this.#paths = new RegistryPaths(root);
    this.runId = runId;
    this.journal = this.#paths.journal(runId);
    mkdirSync(this.#paths.run(runId), { recursive: true });
    this.#steps = goodRun(runId);
  }

  /** The next records, in the journal; fewer where the run ends. */
  append(count: number): readonly JournalRecord[] {
    const records: JournalRecord[] = [];
    while (records.length < count) {
      const step = this.#steps.next();
      if (step.done === true) break;
      // As a runner does it: a task that the journal knows has its folder.
      for (const taskId of Object.keys(step.value.state.children))
        mkdirSync(this.#paths.task(this.runId, taskId), { recursive: true });
      appendFileSync(this.journal, step.value.line);
      this.last = step.value;
      records.push(step.value.record);
    }
    return records;
  }

  /** The snapshot is stored, as it is when a run goes idle. */
  snapshot(): void {
    if (this.last === null) throw new Error('no record yet');
    writeFileSync(
      this.#paths.snapshot(this.runId),
      jsonBytes(snapshotOf(runSystem, this.last.state, this.last.record.sum, 'd'.repeat(64))),
    );
  }

  /** A file of a task's folder. Returns its path. */
  taskFile(taskId: string, name: string, text: string): string {
    mkdirSync(this.#paths.task(this.runId, taskId), { recursive: true });
    const path = join(this.#paths.task(this.runId, taskId), name);
    writeFileSync(path, text);
    return path;
  }
}

/** A temporary registry, hubs on it and their clients. Close it. */
export class InspectorBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'pawl-inspector-'));
  readonly registry = join(this.folder, 'registry');
  readonly page = join(this.folder, 'page');
  readonly #hubs: Hub[] = [];
  readonly #clients: HubClient[] = [];

  constructor() {
    mkdirSync(join(this.registry, 'runs'), { recursive: true });
    mkdirSync(this.page);
    writeFileSync(join(this.page, 'index.html'), '<!doctype html><title>page</title>');
    writeFileSync(join(this.folder, 'outside.js'), 'secret');
  }

  /** A run with its first records and a snapshot at the last of them. */
  run(runId: string, records: number): WrittenRun {
    const run = new WrittenRun(this.registry, runId);
    run.append(records);
    run.snapshot();
    return run;
  }

  async hub(options: Partial<HubOptions> = {}, fs: FsPort = nodeFs): Promise<Hub> {
    const place = { files: new Files(fs, systemClock), paths: new RegistryPaths(this.registry) };
    const hub = await createHub({
      place,
      pageFolder: this.page,
      pawlVersion: '0.0.0',
      token: ownToken(),
      ...options,
    });
    this.#hubs.push(hub);
    return hub;
  }

  /** A client of the hub's socket at `path`. */
  async client(hub: Hub, path = '/ws', query = ''): Promise<HubClient> {
    const client = new HubClient(`ws://127.0.0.1:${hub.port}${path}?token=${hub.token}${query}`);
    this.#clients.push(client);
    await client.opened;
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.socket.terminate();
    await Promise.all(this.#hubs.map((hub) => hub.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a client was told: any message, by its type. */
export interface Told {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** A WebSocket client that keeps what it is told. */
export class HubClient {
  readonly socket: WebSocket;
  readonly told: Told[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<number>;
  readonly #waiting = new Set<() => void>();

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', () => resolve());
      this.socket.once('error', reject);
    });
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('message', (data) => {
      this.told.push(JSON.parse(String(data)));
      for (const look of this.#waiting) look();
    });
  }

  say(message: PageMessage): void {
    this.socket.send(JSON.stringify(message));
  }

  /** The first message that fits, told already or still to come. */
  async until(fits: (message: Told) => boolean, what = 'a message'): Promise<Told> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${what} did not come; told: ${this.told.map(({ type }) => type).join()}`));
      }, WAIT_MS);
      const look = (): void => {
        const found = this.told.find(fits);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The records of a run, in the order in which they were told. */
  records(runId: string): readonly JournalRecord[] {
    return this.told
      .filter((message) => message.type === 'records' && message.runId === runId)
      .flatMap(({ records }) => records as JournalRecord[]);
  }
}
