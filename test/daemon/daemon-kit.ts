/**
 * A real daemon in a process of its own, with a state folder of its own, and somebody who follows its change feed.
 *
 * Owns: starting, killing and stopping it, waiting until it is ready, counting what a follower sees. Does not own: what is asked of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { Client } from '../../src/client/client.ts';
import type { Change } from '../../src/model/change.ts';
import { Files } from '../../src/store/files.ts';
import { readDaemonFile } from '../../src/store/home/daemon-file.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';
import { type CliCall, startPawl } from '../support/pawl-cli.ts';

const WAIT_MS = 60_000;
const LOOK_MS = 20;

/** A state folder, and the daemons that are started on it one after another. */
export class DaemonPlace {
  readonly root = mkdtempSync(join(tmpdir(), 'pawl-daemon-'));
  readonly home = new HomePaths(join(this.root, 'home'));
  readonly files = new Files(nodeFs, systemClock);
  readonly #environment: NodeJS.ProcessEnv;
  #call: CliCall | null = null;

  constructor(environment: NodeJS.ProcessEnv = {}) {
    this.#environment = environment;
  }

  /** What a program needs to find this daemon. */
  get environment(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, HOME: this.root, PAWL_HOME: this.home.root, ...this.#environment };
  }

  get socket(): string {
    return join(this.home.root, 'sock');
  }

  /** A client that finds the daemon anew at every request. */
  get client(): Client {
    return new Client({ kind: 'socket', path: this.socket });
  }

  /** The process that serves. */
  get pid(): number {
    if (this.#call === null) throw new Error('no daemon was started');
    return this.#call.pid;
  }

  /** What it has said on stderr. */
  get said(): string {
    return this.#call?.stderr() ?? '';
  }

  /** A daemon is started, and is ready. */
  async start(...args: readonly string[]): Promise<void> {
    await this.#begin(startPawl(this.root, this.environment, ['serve', ...args]));
  }

  /** The same with another build of the program. */
  async startProgram(program: string): Promise<void> {
    await this.#begin(startPawl(this.root, this.environment, ['serve'], undefined, program));
  }

  async #begin(call: CliCall): Promise<void> {
    this.#call = call;
    const { pid } = this.#call;
    await this.until('the daemon to be ready', async () => {
      if (readDaemonFile(this.files, this.home)?.pid !== pid) return false;
      // 503 while it recovers: that is an error of the API.
      return this.client.call('getReadiness').then(
        ({ state }) => state === 'ready',
        () => false,
      );
    });
  }

  /** The daemon is killed, and gone. Throws when it has told of a defect of ours. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.#call === null) return null;
    this.#call.child.kill(signal);
    const { code } = await this.#call.ended;
    const defect = /.*\bbug: .*/.exec(this.said);
    if (defect !== null) throw new Error(defect[0]);
    this.#call = null;
    return code;
  }

  /** The exit code of the daemon, once it has ended by itself. */
  async ended(): Promise<number | null> {
    return this.#call === null ? null : (await this.#call.ended).code;
  }

  /** Everything of it is gone. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Resolves when it is met. */
  async until(what: string, isMet: () => Promise<boolean> | boolean): Promise<void> {
    const endMs = performance.now() + WAIT_MS;
    while (!(await isMet())) {
      if (performance.now() > endMs) throw new Error(`waited in vain for ${what}\n${this.said}`);
      await pause(LOOK_MS);
    }
  }
}

/** Follows the change feed over any number of daemons, and keeps what it sees. */
export class Follower {
  readonly changes: Change[] = [];
  readonly resyncs: string[] = [];
  readonly #over = new AbortController();
  readonly #work: Promise<void>;

  constructor(client: Client, after = 0) {
    this.#work = this.#follow(client, after);
  }

  /** Places in the feed that were skipped or seen twice. */
  get faults(): readonly string[] {
    return this.changes.flatMap(({ seq }, index) => {
      const before = this.changes[index - 1]?.seq;
      return before === undefined || seq === before + 1 ? [] : [`${seq} after ${before}`];
    });
  }

  /** Nothing more is followed. */
  async end(): Promise<void> {
    this.#over.abort();
    await this.#work;
  }

  async #follow(client: Client, after: number): Promise<void> {
    const { signal } = this.#over;
    for await (const followed of client.follow({ after, signal, onLost: () => undefined })) {
      if (followed.kind === 'change') this.changes.push(followed.change);
      else this.resyncs.push(followed.reason);
    }
  }
}
