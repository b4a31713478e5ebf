/**
 * A simulated machine on which every worker host does its whole work at once, and where nothing is ever due.
 *
 * Owns: what workers answer and leave behind, starting drivers. Does not own: the machine (memory/memory-machine), hosts, repository and world of a
 * driver (prove/sim), what is done on it (sim-run, sim-runs).
 *
 * Model: a host claims, records its worker, answers and concludes inside the call that starts it, all of it synced, so that a runner that was stopped
 * finds a task untouched or finished, and a run that was stopped must end exactly like one that was not.
 */
import { basename } from 'node:path';
import type { ProcessIdentity } from '../../src/base/process-identity.ts';
import type { World } from '../../src/engine/world.ts';
import type { Config } from '../../src/model/config.ts';
import type { GitSettings, VerdictStatus } from '../../src/model/request.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import type { HostStart } from '../../src/ports/processes.ts';
import { MemoryClock } from '../../src/prove/memory/memory-clock.ts';
import { Halted, isChange, type MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SimHosts } from '../../src/prove/sim/hosts.ts';
import { freshSite } from '../../src/prove/sim/outside.ts';
import { CONFIGS, SIM_AGENTS } from '../../src/prove/sim/ports.ts';
import { simWorld } from '../../src/prove/sim/sim-world.ts';

/** What every gate says, by task id; PASS where nothing is said. */
export type Verdicts = Readonly<Record<string, VerdictStatus>>;

/** What the work on a branch has changed since its base, by branch; nothing that counts where nothing is said. */
export type ChangedPaths = Readonly<Record<string, readonly string[]>>;

/** One machine: what survives its processes, and how often each worker was started on it. */
export class SimMachine {
  /** By task id, what the worker of a task makes of git's settings. */
  readonly settingsAfter = new Map<string, GitSettings>();
  changed: ChangedPaths = {};
  /** What the user's config says of work beyond its surface. */
  surface: Config['surface'] = 'lease';
  readonly #site = freshSite();
  readonly #hosts = new SimHosts(this.#site.outside, this.#site.machine);
  readonly #verdicts: Verdicts;
  readonly #config: Config;

  constructor(disk: MemoryFs, verdicts: Verdicts, config: Config = CONFIGS.plain) {
    this.#site.machine.disk = disk;
    this.#verdicts = verdicts;
    this.#config = config;
  }

  get disk(): MemoryFs {
    return this.#site.machine.disk;
  }

  /** The settings of git. */
  get settings(): GitSettings {
    return this.#site.outside.repository.settings;
  }

  set settings(settings: GitSettings) {
    this.#site.outside.repository.settings = settings;
  }

  /** How many workers were started, by task id: of all runs together. */
  get starts(): ReadonlyMap<string, number> {
    const starts = new Map<string, number>();
    for (const [folder, count] of this.#site.outside.starts) {
      const taskId = basename(folder);
      starts.set(taskId, (starts.get(taskId) ?? 0) + count);
    }
    return starts;
  }

  /** The runner's process is gone; with a power cut everything is, and the disk keeps what `disk` kept. */
  reboot(disk: MemoryFs, isPowerCut: boolean): void {
    const { machine } = this.#site;
    machine.disk = disk;
    if (isPowerCut) machine.cutPower();
    else machine.endAll();
  }

  /** Whatever process changes the disk for the n-th time from now on is killed before it does. Returns what counts the changes. */
  killBefore(change: number): () => number {
    const { disk } = this;
    let changes = 0;
    disk.onCall = (op) => {
      // What is opened to be changed is changed next.
      if (!isChange(op) || op === 'open') return;
      changes += 1;
      if (changes !== change) return;
      disk.halt();
      throw new Halted('killed');
    };
    return () => changes;
  }

  /** So much time passes. */
  pass(ms: number): void {
    this.#site.machine.nowMs += ms;
  }

  /** The world of a new runner process, registry opened and lock taken; `fs`: what it reaches the disk through, as its hosts do not. */
  boot(fs: FsPort = this.disk): Promise<World> {
    const { machine, outside } = this.#site;
    return simWorld({
      fs,
      clock: new MemoryClock(machine, 1),
      processes: { ...machine.processes(machine.begin()), startHost: (start) => this.#runHost(start) },
      git: outside.repository.git((branch) => this.changed[branch] ?? []),
      agents: SIM_AGENTS,
      config: { ...this.#config, surface: this.surface },
      repository: outside.repository,
      makeDurable: () => undefined,
    });
  }

  /** The host's whole life, unless the claim is taken. */
  #runHost({ taskFolder, requestHash }: HostStart): ProcessIdentity {
    const { disk } = this;
    const { onCall } = disk;
    disk.onCall = null;
    try {
      const host = this.#hosts.start(taskFolder, requestHash);
      this.#hosts.bring(taskFolder, { stage: 'spawned' });
      if (host.stage === 'spawned') this.#work(taskFolder);
      return host.identity;
    } finally {
      disk.onCall = onCall;
    }
  }

  #work(taskFolder: string): void {
    const { taskId } = this.#hosts.request(taskFolder);
    this.settings = this.settingsAfter.get(taskId) ?? this.settings;
    this.#hosts.bring(taskFolder, {
      stage: 'ended',
      result: 'completed',
      verdict: this.#verdicts[taskId] ?? 'PASS',
      gitSettings: this.settings,
    });
  }
}
