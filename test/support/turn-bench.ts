/**
 * A bench for turns: the real host in this process, real fixture agents behind its gate, and nothing left of them afterwards.
 *
 * Owns: requests with a turn, running them, the witness of what the agents did. Does not own: the agents (fixture-agent), whole runs (turn-scenario).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adapterOf } from '../../src/adapters/agents/adapters.ts';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { type HostParts, runHost } from '../../src/host/host.ts';
import { type Outcome, TASK_FILES, type TaskRequest } from '../../src/model/request.ts';
import type { TurnRequest } from '../../src/model/turn.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import type { TreeHandle } from '../../src/ports/processes.ts';
import { Files } from '../../src/store/files.ts';
import { encodeRequest, parseAgentRecord, parseOutcome } from '../../src/turn/task-files.ts';
import { endTree } from '../../src/worker/ending.ts';
import { treeHandle } from '../../src/worker/observe.ts';
import type { Plan, Spoken } from './fixture-lines.ts';
import { type Told, toldOutcome } from './told-ends.ts';

/** The program of the fixture agents. */
export const FIXTURE_AGENT = join(import.meta.dirname, 'fixture-agent.mjs');

/** True where unprivileged PID namespaces are allowed. */
export const hasNamespaces =
  spawnSync('unshare', ['--user', '--map-current-user', '--pid', '--fork', '--mount-proc', 'true']).status === 0;

/** Something that a fixture agent has told in its witness. */
export interface Witnessed {
  readonly what: string;
  readonly task: string;
  readonly run: string;
  readonly kind?: string;
  readonly session?: string;
  readonly args?: readonly string[];
}

/** What fixture agents have told so far, whole lines only. */
export function witnessedIn(file: string): Witnessed[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Witnessed);
}

/** What a test wants to be different from a plain turn. */
export type TurnOverrides = Partial<Omit<TaskRequest, 'limits' | 'turn'>> & {
  readonly kind?: Spoken;
  readonly limits?: Partial<TaskRequest['limits']>;
  readonly turn?: Partial<TurnRequest>;
};

/** A turn on the bench, its request on disk. */
export interface BenchTurn {
  readonly request: TaskRequest;
  readonly requestHash: string;
  readonly taskFolder: string;
  readonly witness: string;
}

/** What is different of the host of one turn. */
export interface HostChanges extends Partial<Pick<HostParts, 'adapterOf' | 'processes' | 'stopped' | 'worktrees'>> {
  readonly fs?: FsPort;
}

/** A folder with turns, and all that they have started. */
export class TurnBench {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-turn-')));
  readonly processes = systemProcesses();
  readonly logs: string[] = [];
  readonly #turns: BenchTurn[] = [];

  /** A turn of a fixture agent that plays `plan`, its request on disk. */
  turn(plan: Plan | Plan[string], overrides: TurnOverrides = {}): BenchTurn {
    const id = `turn-${this.#turns.length}`;
    const path = (name: string): string => join(this.folder, `${id}-${name}`);
    const taskFolder = path('task');
    for (const folder of [taskFolder, path('worktree')]) mkdirSync(folder, { mode: 0o700 });
    const { kind = 'claude', turn, limits, ...rest } = overrides;
    writeFileSync(path('plan'), JSON.stringify(Array.isArray(plan) ? { any: plan } : plan));
    const request: TaskRequest = {
      v: 1,
      runId: 'run_bench',
      taskId: id,
      purpose: 'implementation',
      epoch: 0,
      attempt: 1,
      nonce: id,
      key: `run_bench/1.0:startHost`,
      agent: 'fixture',
      argv: [process.execPath, FIXTURE_AGENT, kind, path('plan'), path('witness'), '--session-id', 's-1'],
      cwd: path('worktree'),
      envNames: [],
      env: {},
      mark: path('mark'),
      completionFile: join(path('worktree'), '.pawl-task', 'completion.json'),
      completion: 'file',
      isolation: 'none',
      hasTreeLock: true,
      recordsTree: true,
      task: { goal: 'bench' },
      ...rest,
      limits: { deadlineMs: 120_000, stallMs: 120_000, graceMs: 300, outputBytesMax: 1024 * 1024, ...limits },
      turn: turnOf(kind, turn),
    };
    const bytes = encodeRequest(request);
    writeFileSync(join(taskFolder, TASK_FILES.request), bytes);
    const made = { request, requestHash: sha256(bytes), taskFolder, witness: path('witness') };
    this.#turns.push(made);
    return made;
  }

  /** Runs the turn to the end of its host. */
  async host(turn: BenchTurn, changes: HostChanges = {}): Promise<number> {
    const { fs = nodeFs, ...parts } = changes;
    const nothing = { head: null, tree: null, reason: null };
    return await runHost(
      {
        files: new Files(fs, systemClock),
        processes: this.processes,
        worktrees: {
          recordTree: async () => nothing,
          headOf: async () => null,
          showBase: async () => null,
          restoreHead: async () => null,
          settingsOf: async () => null,
          makeDurable: async () => undefined,
        },
        adapterOf,
        env: process.env,
        stopped: new Promise(() => undefined),
        log: (line) => void this.logs.push(line),
        ...parts,
      },
      turn,
    );
  }

  /** Runs the turn to its outcome. */
  async run(turn: BenchTurn, changes: HostChanges = {}): Promise<Outcome & Told> {
    await this.host(turn, changes);
    const outcome = this.outcome(turn);
    if (outcome === null) throw new Error(`no outcome: ${this.logs.join('\n')}`);
    return outcome;
  }

  outcome(turn: BenchTurn): (Outcome & Told) | null {
    const path = join(turn.taskFolder, TASK_FILES.outcome);
    if (!existsSync(path)) return null;
    const parsed = parseOutcome(readFileSync(path));
    if (!parsed.ok) throw new Error(parsed.reason);
    return toldOutcome(parsed.value);
  }

  handle({ taskFolder, request }: BenchTurn): TreeHandle {
    const path = join(taskFolder, TASK_FILES.agent);
    const parsed = existsSync(path) ? parseAgentRecord(readFileSync(path)) : null;
    return treeHandle(taskFolder, request, parsed?.ok === true ? parsed.value : null);
  }

  /** True when nothing of the turn's tree lives and nobody holds its lock. */
  isGone(turn: BenchTurn): boolean {
    const { members, unknown, isLocked } = this.processes.tree(this.handle(turn));
    return members.length === 0 && unknown.length === 0 && isLocked === false;
  }

  told(turn: BenchTurn): string[] {
    return witnessedIn(turn.witness).map(({ what }) => what);
  }

  /** How often an agent has started for the turn. */
  starts(turn: BenchTurn): number {
    return this.told(turn).filter((what) => what === 'start').length;
  }

  /** Nothing that was started is left, and the folder is gone. */
  async close(): Promise<void> {
    for (const turn of this.#turns) {
      const limits = { graceMs: 0, killMs: 10_000 };
      const end = await endTree(this.processes, systemClock, this.handle(turn), limits);
      if (!end.isGone) throw new Error(`left over by ${turn.taskFolder}: ${JSON.stringify(end)}`);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function turnOf(kind: Spoken, overrides: Partial<TurnRequest> = {}): TurnRequest {
  return {
    kind,
    program: { path: FIXTURE_AGENT, version: '1.0.0', sha256: sha256(new Uint8Array()) },
    session: { id: kind === 'claude' ? 's-1' : null, isResume: false },
    prompt: 'Do it.',
    stdin: 'prompt',
    answerSchema: null,
    budget: { tokens: null, usd: null },
    usedBefore: { tokens: 0, usd: 0 },
    firstEventMs: 15_000,
    expectedDenials: [],
    bypassesPermissions: false,
    ...overrides,
  };
}
