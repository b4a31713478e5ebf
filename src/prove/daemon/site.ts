/**
 * A state folder and a repository of its own in which daemons are killed one after another.
 *
 * Owns: making and removing it, starting a daemon there, what its workers have left outside the registry. Does not own: what is asked of the daemon
 * (daemon/commander), who follows it (daemon/follower).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtPath } from '../../adapters/built-path.ts';
import { nodeFs } from '../../adapters/node-fs.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Address } from '../../client/transport.ts';
import { TASK_FILES } from '../../model/request.ts';
import { Files } from '../../store/files.ts';
import { readDaemonFile } from '../../store/home/daemon-file.ts';
import { HomePaths } from '../../store/home/home-paths.ts';
import { readToken } from '../../store/home/token-file.ts';
import { RegistryPaths } from '../../store/registry-paths.ts';
import { PLAN_VARIABLE, type Plan } from '../real/plan.ts';
import { createSandboxRepo, type SandboxRepo } from '../real/sandbox-repo.ts';
import { endAll, noteOpen, processesOf } from '../real/site.ts';
import { type Packet, packetOf, scriptsOf, VERIFICATION, verificationScript } from './packets.ts';

const PRELOAD = pathToFileURL(builtPath('prove/preload/kill-point.js')).href;
const PARALLEL_RUNS = 4;
const SAID_CHARS = 20_000;

/** A worker that is on record, and has no outcome yet. */
export interface LivingWorker {
  readonly runId: string;
  readonly task: string;
  readonly pid: number;
}

/** A daemon that was started. */
export interface DaemonProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves with its exit code; null where a signal has ended it. */
  readonly ended: Promise<number | null>;
  /** The last of what it has said. */
  said(): string;
}

/** One state folder with one repository. */
export class DaemonSite {
  readonly repo: SandboxRepo = createSandboxRepo();
  readonly files = new Files(nodeFs, systemClock);
  readonly home = new HomePaths(join(this.repo.root, 'state'));
  readonly paths = new RegistryPaths(join(this.repo.path, '.pawl'));
  readonly #forget: () => void;

  /** `packets`: how many packets there can be. */
  constructor(packets: number) {
    this.#forget = noteOpen(this);
    const steps = scriptsOf(this.#witness, packets);
    const config = {
      agents: { worker: { kind: 'scripted', steps } },
      verification: { allow: [VERIFICATION] },
      limits: { attemptsMax: 1, graceMs: 500, parallelRunsMax: PARALLEL_RUNS },
    };
    this.repo.write('pawl.config.json', JSON.stringify(config));
    this.repo.write('verify.sh', verificationScript(this.#witness));
    this.repo.git(['add', '-A']);
    this.repo.git(['commit', '--quiet', '-m', 'Configuration']);
  }

  packet(number: number): Packet {
    return packetOf(number);
  }

  get socket(): Address {
    return { kind: 'socket', path: join(this.home.root, 'sock') };
  }

  /** The loopback address of the daemon that was started last; one that nobody listens on before that. */
  get tcp(): Address {
    const { port = 1 } = readDaemonFile(this.files, this.home) ?? {};
    return { kind: 'tcp', port, token: readToken(this.files, this.home) ?? '' };
  }

  /** Starts `pawl serve`, or the daemon whose change feed has small files. */
  start(plan: Plan | null, hasSmallFiles: boolean): DaemonProcess {
    const program = hasSmallFiles ? [builtPath('prove/daemon/small-files.js')] : [builtPath('cli/main.js'), 'serve'];
    const preload = plan === null ? [] : ['--import', PRELOAD];
    const carried = plan === null ? {} : { [PLAN_VARIABLE]: JSON.stringify({ root: this.repo.root, ...plan }) };
    const child = spawn(process.execPath, [...preload, ...program], {
      cwd: this.repo.root,
      env: { ...this.repo.environment, PAWL_HOME: this.home.root, ...carried },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const { pid } = child;
    if (pid === undefined) throw new Error('the daemon could not be started');
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-SAID_CHARS);
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { child, pid, ended, said: () => said };
  }

  /** `<run> <task>` of every worker that has really started, in order; one that started twice stands twice. */
  witnessed(): readonly string[] {
    if (!existsSync(this.#witness)) return [];
    const lines = readFileSync(this.#witness, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => line.split(' ').slice(0, 2).join(' '));
  }

  runIds(): readonly string[] {
    return existsSync(this.paths.runs) ? readdirSync(this.paths.runs) : [];
  }

  /** Workers that are on record and have no outcome. */
  workers(): readonly LivingWorker[] {
    return this.runIds().flatMap((runId) => {
      const tasks = this.paths.tasks(runId);
      if (!existsSync(tasks)) return [];
      return readdirSync(tasks).flatMap((task): LivingWorker[] => {
        const record = join(tasks, task, TASK_FILES.agent);
        if (!existsSync(record) || this.hasOutcome(runId, task)) return [];
        const { worker } = JSON.parse(readFileSync(record, 'utf8')) as { readonly worker: { readonly pid: number } };
        return [{ runId, task, pid: worker.pid }];
      });
    });
  }

  hasOutcome(runId: string, task: string): boolean {
    return existsSync(join(this.paths.task(runId, task), TASK_FILES.outcome));
  }

  /** Everything of the site is ended and removed. */
  close(): void {
    this.#forget();
    endAll(() => processesOf(this.repo.root));
    this.repo.remove();
  }

  get #witness(): string {
    return join(this.repo.root, 'witness');
  }
}
