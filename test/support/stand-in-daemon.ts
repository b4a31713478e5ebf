/**
 * A state folder with a stand-in for the daemon.
 *
 * Owns: the folder, starting and ending the stand-in (fixtures/daemon/stand-in.mjs), waiting for how it stands. Does not own: what it does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { DaemonPlace } from '../../src/app/daemon/daemon-place.ts';
import { type DaemonState, type Standing, standingOf } from '../../src/app/daemon/standing.ts';
import type { DaemonProgram } from '../../src/app/daemon/starting.ts';
import { Files } from '../../src/store/files.ts';
import { readHomeHolder } from '../../src/store/home/home-lock.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';

const STAND_IN = resolve(import.meta.dirname, '../fixtures/daemon/stand-in.mjs');
const WAIT_MS = 20_000;

/** One state folder, removed with all that runs for it when the test has ended. */
export class DaemonHome {
  readonly place: DaemonPlace;
  readonly #children: ChildProcess[] = [];

  constructor() {
    const root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-daemon-')));
    const files = new Files(nodeFs, systemClock);
    this.place = { files, home: new HomePaths(root), clock: systemClock, processes: systemProcesses() };
    onTestFinished(() => {
      const { content } = readHomeHolder(files, this.place.home, this.place.processes);
      if (content !== null) this.place.processes.signal(content.holder, 'SIGKILL');
      for (const child of this.#children) child.kill('SIGKILL');
      rmSync(root, { recursive: true, force: true });
    });
  }

  get root(): string {
    return this.place.home.root;
  }

  /** The program of a stand-in that behaves so. */
  program(behaviour: string): DaemonProgram {
    return { path: process.execPath, args: [STAND_IN, this.root, behaviour] };
  }

  /** A stand-in runs, and the state folder stands so. */
  async run(
    behaviour: string,
    state: DaemonState,
  ): Promise<{ readonly child: ChildProcess; readonly standing: Standing }> {
    const child = spawn(process.execPath, [STAND_IN, this.root, behaviour], { stdio: 'ignore' });
    this.#children.push(child);
    return { child, standing: await this.becomes(state) };
  }

  /** How the folder stands as soon as it stands so. */
  async becomes(state: DaemonState): Promise<Standing> {
    const endMs = performance.now() + WAIT_MS;
    for (;;) {
      const standing = await standingOf(this.place);
      if (standing.state === state) return standing;
      if (performance.now() > endMs) throw new Error(`waited for ${state}, and it is ${JSON.stringify(standing)}`);
      await new Promise((next) => setTimeout(next, 20));
    }
  }

  /** A stand-in that recovers is ready from now on. */
  go(): void {
    writeFileSync(join(this.root, 'go'), '');
  }

  /** What stands in the log of stand-ins that were started in the background. */
  log(): string {
    const { logFile } = this.place.home;
    return existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
  }
}

/** Resolves when that child has ended. */
export function endOf(child: ChildProcess): Promise<void> {
  return new Promise((ended) => {
    if (child.exitCode !== null || child.signalCode !== null) ended();
    else child.once('exit', () => ended());
  });
}
