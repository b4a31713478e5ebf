/**
 * A whole machine in memory for the driver: disk, clock, processes, git, workers; it can be stopped at any file operation.
 *
 * Owns: the fakes behind the engine's ports, and starting drivers on them. Does not own: the disk's model (memory/memory-fs), what is
 * compared (matrix tests).
 *
 * Model: a worker host does its whole work inside the call that starts it (claim, agent record, answer, outcome, all synced), so that a
 * stopped runner finds a task untouched or finished, and a run that was stopped must end exactly like one that was not.
 */

import { adapterOf } from '../../adapters/agents/adapters.ts';
import { localScm } from '../../adapters/scm/local.ts';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import { sha256 } from '../../base/sha256.ts';
import type { World } from '../../engine/world.ts';
import { definitionHash } from '../../kernel/image.ts';
import type { Config } from '../../model/config.ts';
import type { Answer, GitSettings, TaskRequest, VerdictStatus } from '../../model/request.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { FsPort } from '../../ports/fs.ts';
import type { GitPort } from '../../ports/git.ts';
import type { HostStart, ProcessesPort } from '../../ports/processes.ts';
import { runSystem } from '../../run/system.ts';
import { fileStore } from '../../store/file-store.ts';
import { Files } from '../../store/files.ts';
import { openRegistry } from '../../store/registry.ts';
import { takeLock } from '../../store/registry-lock.ts';
import { RegistryPaths } from '../../store/registry-paths.ts';
import { encode, encodeAgentRecord, encodeClaim, encodeOutcome, parseRequest } from '../../turn/task-files.ts';
import type { MemoryFs } from '../memory/memory-fs.ts';
import { bytesAt, linkAtOnce, writeAtOnce } from '../memory/other-process.ts';
import { CONFIGS, SIM_PLACE, simTree } from './ports.ts';

const ROOT = '/registry';
/** The same for every machine, and not cheap. */
const DEFINITION = definitionHash(runSystem, sha256);
const BASE = 'b'.repeat(40);

/** What every gate says, by task id; PASS where nothing is said. */
export type Verdicts = Readonly<Record<string, VerdictStatus>>;

/** What the work on a branch has changed since its base, by branch; nothing that counts where nothing is said. */
export type ChangedPaths = Readonly<Record<string, readonly string[]>>;

/** One machine: what survives its processes, and how often each worker was started on it. */
export class SimMachine {
  disk: MemoryFs;
  readonly starts = new Map<string, number>();
  /** The settings of git, and by task id what the worker of a task makes of them. */
  settings: GitSettings = {};
  readonly settingsAfter = new Map<string, GitSettings>();
  changed: ChangedPaths = {};
  /** What the user's config says of work beyond its surface. */
  surface: Config['surface'] = 'lease';
  readonly #verdicts: Verdicts;
  readonly #config: Config;
  readonly #commits = new Map<string, string>();
  /** Commits by branch, and branches by worktree. */
  readonly #heads = new Map<string, string>();
  readonly #branches = new Map<string, string>();
  #pid = 100;
  #nowMs = 1_000_000;
  #nonces = 0;
  #boot = 1;
  #alive = new Set<number>();

  constructor(disk: MemoryFs, verdicts: Verdicts, config: Config = CONFIGS.plain) {
    this.disk = disk;
    this.#verdicts = verdicts;
    this.#config = config;
  }

  /** The runner's process is gone; with a power cut everything is, and the disk keeps what `disk` kept. */
  reboot(disk: MemoryFs, isPowerCut: boolean): void {
    this.disk = disk;
    this.#alive = new Set();
    if (isPowerCut) this.#boot += 1;
  }

  /** So much time passes. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** The world of a new runner process, registry opened and lock taken; `fs`: what it reaches the disk through, as its hosts do not. */
  async boot(fs: FsPort = this.disk): Promise<World> {
    const pid = ++this.#pid;
    this.#alive.add(pid);
    const clock = this.#clock();
    const files = new Files(fs, clock);
    const paths = new RegistryPaths(ROOT);
    const processes = this.#processes(pid);
    await openRegistry(files, ROOT);
    const lock = await takeLock({ files, paths, clock, processes, helperLock: null });
    return {
      files,
      clock,
      processes,
      git: this.#git(),
      agents: {
        has: (name) => name === 'sim',
        names: () => ['sim'],
        forRole: () => null,
        installation: () => null,
        installed: () => [],
        problem: () => null,
        coding: () => null,
        instructionFiles: () => ['AGENTS.md'],
        command: () => ({ argv: ['sim'], envNames: [], env: {}, completion: 'file' }),
        turn: () => Promise.reject(new Error('bug: the simulated agent is no coding agent')),
      },
      adapterOf,
      scm: (runFolder) => localScm(files, runFolder),
      worktrees: {
        headOf: async () => null,
        settingsOf: async () => this.settings,
        recordTree: async () => ({ head: null, tree: null, reason: null }),
        makeDurable: async () => undefined,
        showBase: async () => null,
        restoreHead: async () => null,
      },
      config: { ...this.#config, surface: this.surface },
      paths,
      lock,
      helperFd: null,
      ...fileStore(files, paths, lock.assertHighest),
      isolation: 'none',
      hasTreeLock: false,
      verificationWorker: ['sim-verify'],
      definitionHash: DEFINITION,
      log: () => undefined,
      inspector: null,
    };
  }

  /** A clock on which nothing is ever due: every read is a millisecond later, timers never fire. */
  #clock(): ClockPort {
    return {
      nowMs: () => ++this.#nowMs,
      monotonicMs: () => this.#nowMs,
      timer: () => () => undefined,
      nonce: () => sha256(`nonce ${++this.#nonces}`).slice(0, 32),
    };
  }

  #identity(pid: number, boot = this.#boot): ProcessIdentity {
    return {
      pid,
      startTime: String(pid),
      bootId: `boot-${boot}`,
      pidNamespace: 'pid:[1]',
      hostname: 'sim',
      machineId: 'machine',
    };
  }

  #processes(pid: number): ProcessesPort {
    return {
      self: () => this.#identity(pid),
      life: (identity) =>
        identity.bootId === `boot-${this.#boot}` && this.#alive.has(identity.pid) ? 'alive' : 'dead',
      signal: () => false,
      work: () => [],
      tree: () => ({ members: [], unknown: [], isLocked: false }),
      startHost: (start) => this.#runHost(start),
    };
  }

  /** The host's whole life, unless the claim is taken. */
  #runHost({ taskFolder, requestHash }: HostStart): ProcessIdentity {
    const host = this.#identity(++this.#pid);
    const hook = this.disk.onCall;
    this.disk.onCall = null;
    try {
      const bytes = bytesAt(this.disk, `${taskFolder}/request.json`);
      const parsed = parseRequest(bytes);
      if (!parsed.ok || sha256(bytes) !== requestHash) throw new Error('sim: a host was started for another request');
      const request = parsed.value;
      const nonce = `host-${host.pid}`;
      const claim = encodeClaim({ v: 1, kind: 'host', requestHash, nonce, host, atMs: 1 });
      if (linkAtOnce(this.disk, `${taskFolder}/claim`, claim).isWinner)
        this.#runWorker(taskFolder, requestHash, request, nonce);
    } finally {
      this.disk.onCall = hook;
    }
    return host;
  }

  #runWorker(taskFolder: string, requestHash: string, request: TaskRequest, nonce: string): void {
    const worker = this.#identity(++this.#pid);
    const agent = {
      v: 1,
      requestHash,
      nonce,
      worker,
      isNamespaced: false,
      mark: request.mark,
      sessionId: null,
      startedAtMs: 1,
    } as const;
    linkAtOnce(this.disk, `${taskFolder}/agent.json`, encodeAgentRecord(agent));
    this.starts.set(request.taskId, (this.starts.get(request.taskId) ?? 0) + 1);
    this.settings = this.settingsAfter.get(request.taskId) ?? this.settings;
    const answer = encode(this.#answer(request));
    writeAtOnce(this.disk, `${taskFolder}/completion.json`, answer);
    const outcome = {
      v: 2,
      requestHash,
      nonce,
      by: 'host',
      result: 'completed',
      cause: null,
      summary: '',
      exitCode: 0,
      signal: null,
      completion: { sha256: sha256(answer), bytes: answer.byteLength },
      output: null,
      stderr: null,
      head: null,
      tree: null,
      gitSettings: this.settings,
      survivors: 0,
      startedAtMs: 1,
      endedAtMs: 2,
    } as const;
    linkAtOnce(this.disk, `${taskFolder}/outcome`, encodeOutcome(outcome));
  }

  #answer(request: TaskRequest): Answer {
    const isGate = request.purpose === 'verification' || request.purpose === 'review';
    const status = this.#verdicts[request.taskId] ?? 'PASS';
    const verdict = isGate ? { status, findings: [], summary: `${status} by sim` } : null;
    return { status: 'completed', summary: 'done', filesChanged: [], verdict, problem: null, commands: [] };
  }

  /** A repository that never forgets: what git has done stays done. */
  #git(): GitPort {
    const headOf = (branch: string): string => this.#heads.get(branch) ?? BASE;
    const branchIn = (worktree: string): string => this.#branches.get(worktree) ?? '';
    return {
      facts: async () => ({ origin: null, defaultBranches: ['main'] }),
      workspaceProblem: async () => null,
      prepareWorkspace: async ({ worktree, branch }) => {
        this.#branches.set(worktree, branch);
        return { kind: 'ready', baseBranch: 'main', baseCommit: BASE, headCommit: headOf(branch) };
      },
      commitWork: async ({ key, branch, parentCommit, taskId }) => {
        // The same work is the same commit, whatever key it is asked for under.
        const commit = this.#commits.get(key) ?? sha256(`${branch} ${parentCommit} ${taskId}`).slice(0, 40);
        this.#commits.set(key, commit);
        this.#heads.set(branch, commit);
        return {
          kind: 'committed',
          commit,
          filesChanged: ['x'],
          fileCount: 1,
          patchHash: sha256(commit),
          leftOut: null,
        };
      },
      state: async (worktree) => {
        const branch = branchIn(worktree);
        const head = headOf(branch);
        return { head, branch, tree: simTree(head), trackedChanges: [], untracked: [] };
      },
      settings: async () => ({ ...SIM_PLACE, settings: this.settings }),
      treeOf: async (commit) => simTree(commit),
      storedContent: async (commit) => ({ kind: 'whole', tree: simTree(commit) }),
      branchHead: async (branch) => headOf(branch),
      removeUntracked: async () => undefined,
      rescueAndReset: async ({ branch, commit }) => {
        const isMoved = headOf(branch) !== commit;
        this.#heads.set(branch, commit);
        return isMoved ? `refs/pawl/rescue/${branch}` : null;
      },
      rescue: async () => null,
      releaseBranch: async () => undefined,
      releaseEnded: async () => undefined,
      commits: async (worktree) => [{ commit: headOf(branchIn(worktree)), subject: 'sim' }],
      filesChanged: async () => ({ files: ['x'], count: 1 }),
      diffStat: async () => ({
        files: [{ path: 'x', added: 1, deleted: 0, isBinary: false }],
        fileCount: 1,
        added: 1,
        deleted: 0,
      }),
      addedLines: async () => [],
      instructionChanges: async (_base, _head, patterns) => ({ patterns, paths: [], count: 0 }),
      eachPathChanged: async (_base, head, onPath) => {
        const branch = [...this.#heads].find(([, commit]) => commit === head)?.[0] ?? '';
        for (const path of this.changed[branch] ?? []) onPath(path);
      },
    };
  }
}
