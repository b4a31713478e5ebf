/**
 * One task of one real run in a folder, a host and a worker that are entries of a table, and notes of what the runner does with them.
 *
 * Owns: bringing a run to its first task, playing the host's part. Does not own: noting (protocol-recorder), what is checked.
 */
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import type { Life, ProcessIdentity } from '../../src/base/process-identity.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { LiveRun } from '../../src/engine/live-run.ts';
import type { KeyedEffect, KeyedEffectOf } from '../../src/model/effect.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { TASK_FILES, type TaskRequest } from '../../src/model/request.ts';
import type { ProcessesPort } from '../../src/ports/processes.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { packetReceived, settlementOf } from '../../src/prove/model/settlements.ts';
import { fileStore } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { linkRegister } from '../../src/store/register.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { encodeAgentRecord, encodeClaim, encodeOutcome, encodeRequest } from '../../src/turn/task-files.ts';
import type { OpenedTask } from '../../src/worker/task-folder.ts';
import { FakeClock, identityOf } from '../host/fake-processes.ts';
import { plainRequest } from '../host/plain-request.ts';
import { type Recording, recordingFs, recordingProcesses, stepsOfA } from './protocol-recorder.ts';
import { SimMachine } from './sim-machine.ts';

const RUN = 'run_x';
const HOST = 50;
const WORKER = 60;
const NONCE = 'host-nonce';

/** Time jumps to whatever is waited for, and every nonce is another one. */
class BenchClock extends FakeClock {
  #nonces = 0;
  override nonce(): string {
    this.#nonces += 1;
    return sha256(`nonce ${this.#nonces}`).slice(0, 32);
  }
}

type Actor = 'host' | 'worker';

/** The task, and everything that a test does to it. */
export class ProtocolBench {
  readonly files: Files;
  readonly processes: ProcessesPort;
  run!: LiveRun;
  folder = '';
  request: TaskRequest = plainRequest;
  requestHash = '';
  effect!: KeyedEffectOf<'startHost'>;
  task!: OpenedTask;
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-protocol-')));
  readonly #clock = new BenchClock();
  /** The host's own hands: nothing of what they do is noted. */
  readonly #unseen = new Files(nodeFs, this.#clock);
  readonly #recording: Recording = { steps: [], isHost: ({ pid }) => pid === HOST, before: null };
  readonly #lives: Record<Actor, Life> = { host: 'alive', worker: 'dead' };
  readonly #immortals = new Set<Actor>();
  #end: Extract<JournalEvent, { type: 'workerEnded' }> | null = null;

  private constructor() {
    this.files = new Files(recordingFs(nodeFs, this.#recording), this.#clock);
    this.processes = recordingProcesses(this.#table(), this.#recording);
  }

  /** A task whose host is to be started. */
  static async open(): Promise<ProtocolBench> {
    const bench = new ProtocolBench();
    await bench.#prepare();
    return bench;
  }

  async #prepare(): Promise<void> {
    const paths = new RegistryPaths(this.#root);
    await this.#unseen.ensureFolders([paths.run(RUN)]);
    const { files, processes } = this;
    const world = {
      ...(await new SimMachine(new MemoryFs(), {}).boot()),
      ...fileStore(files, paths, () => undefined),
      files,
      processes,
      paths,
      clock: this.#clock,
      log: () => undefined,
    };
    this.run = await LiveRun.open(
      world,
      { runId: RUN, state: null, sum: '', journalEnd: 0, snapshotSeq: 0, order: { atMs: 0, index: 0 } },
      {
        onCommit: (_run, { event }) => {
          if (event.type !== 'workerEnded') return;
          this.#end = event;
          this.#recording.steps.push('journals workerEnded');
        },
        onFailure: () => undefined,
        onRest: () => undefined,
      },
    );
    await this.run.commit(RUN_ACTOR, packetReceived());
    const prepare = await this.#bringTo('prepareTask');
    this.folder = paths.task(RUN, prepare.taskId);
    await this.#unseen.ensureFolders([this.folder]);
    this.request = { ...plainRequest, runId: RUN, taskId: prepare.taskId, cwd: this.#root, hasTreeLock: false };
    const bytes = encodeRequest(this.request);
    await linkRegister(this.#unseen, join(this.folder, TASK_FILES.request), bytes);
    this.requestHash = sha256(bytes);
    const { requestHash } = this;
    const { key, taskId } = prepare;
    await this.run.settle(prepare, { type: 'taskRequested', key, taskId, requestHash, agent: 'x', rescueRef: null });
    this.effect = await this.#bringTo('startHost');
    this.task = { folder: this.folder, request: this.request, requestHash };
    this.#recording.steps.length = 0;
  }

  /** What the runner has done so far, in the names of the model. */
  steps(): readonly string[] {
    return stepsOfA(this.#recording);
  }

  /** `body` runs once, just before the runner does `step`. */
  before(step: string, body: () => void): void {
    this.#recording.before = (name) => {
      if (name !== step) return;
      this.#recording.before = null;
      body();
    };
  }

  /** The host has claimed the task. */
  claims(): void {
    const { requestHash } = this;
    const host = identityOf(HOST);
    this.#link(TASK_FILES.claim, encodeClaim({ v: 1, kind: 'host', requestHash, nonce: NONCE, host, atMs: 1 }));
  }

  /** The host has recorded its worker, which runs. */
  records(): void {
    const { requestHash, request } = this;
    const worker = identityOf(WORKER);
    const record = { v: 1, requestHash, nonce: NONCE, worker, isNamespaced: false, mark: request.mark } as const;
    this.#link(TASK_FILES.agent, encodeAgentRecord({ ...record, sessionId: null, startedAtMs: 1_000 }));
    this.#lives.worker = 'alive';
  }

  /** The host has linked its outcome. */
  concludes(): void {
    const { requestHash } = this;
    const whole = {
      v: 2,
      requestHash,
      nonce: NONCE,
      by: 'host',
      result: 'completed',
      cause: null,
      summary: '',
    } as const;
    const nothing = { exitCode: 0, signal: null, completion: null, output: null, stderr: null, head: null, tree: null };
    const outcome = { ...whole, ...nothing, survivors: 0 as const, startedAtMs: 1_000, endedAtMs: 1_001 };
    this.#link(TASK_FILES.outcome, encodeOutcome(outcome));
  }

  dies(actor: Actor): void {
    this.#lives[actor] = 'dead';
  }

  /** From now on nobody can tell whether it lives. */
  isUntold(actor: Actor): void {
    this.#lives[actor] = 'unknown';
  }

  /** Nobody can tell whether the tree's lock is held. */
  isLockUntold = false;

  /** No signal ends it. */
  makeImmortal(actor: Actor): void {
    this.#immortals.add(actor);
  }

  /** The end that was journaled, null when none was. */
  end(): Extract<JournalEvent, { type: 'workerEnded' }> | null {
    return this.#end;
  }

  /** True when the task waits for a person. */
  isDoubtful(): boolean {
    return JSON.stringify(this.run.state.children[this.effect.taskId]?.value).includes('doubtful');
  }

  async remove(): Promise<void> {
    await this.run.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Whole at once, unless somebody was first. */
  #link(name: string, bytes: Uint8Array): void {
    const path = join(this.folder, name);
    if (!existsSync(path)) writeFileSync(path, bytes, { flag: 'wx' });
  }

  /** Settles what is owed until an effect of that kind is. */
  async #bringTo<Kind extends KeyedEffect['kind']>(kind: Kind): Promise<KeyedEffectOf<Kind>> {
    for (let round = 0; round < 20; round += 1) {
      const { owed } = this.run.state;
      const sought = owed.find((effect): effect is KeyedEffectOf<Kind> => effect.kind === kind);
      if (sought !== undefined) return sought;
      const next = owed.find((effect) => settlementOf(effect) !== null);
      const event = next === undefined ? null : settlementOf(next);
      if (next === undefined || event === null) break;
      await this.run.settle(next, event);
    }
    throw new Error(`the run never owes ${kind}`);
  }

  #table(): ProcessesPort {
    const actorOf = ({ pid }: ProcessIdentity): Actor => (pid === HOST ? 'host' : 'worker');
    return {
      self: () => identityOf(1),
      life: (identity) => this.#lives[actorOf(identity)],
      signal: (identity) => {
        const actor = actorOf(identity);
        if (this.#lives[actor] !== 'alive') return false;
        if (!this.#immortals.has(actor)) this.#lives[actor] = 'dead';
        return true;
      },
      tree: () => {
        const members = this.#lives.worker === 'alive' ? [identityOf(WORKER)] : [];
        const unknown = this.#lives.worker === 'unknown' ? [WORKER] : [];
        return { members, unknown, isLocked: this.isLockUntold ? null : false };
      },
      work: () => [],
      startHost: () => null,
    };
  }
}
