/**
 * Three runs whose workers wait for a gate, driven by a process that a service manager ends and starts again.
 *
 * Owns: the runs, what a driving process is called with, who works on them, how they end. Does not own: the manager (the tests).
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ProcessIdentity } from '../../src/base/process-identity.ts';
import { runOf, until } from './pawl-cli.ts';
import { answer, packetOf } from './scenario-packet.ts';
import { isAlive } from './scenario-processes.ts';
import { Scenario } from './scenario-repo.ts';

const DIST = resolve(import.meta.dirname, '../../dist/src');
const DRIVES = resolve(import.meta.dirname, '../fixtures/service/drives.mjs');
const PACKETS = ['A', 'B', 'C'];

/** Host and worker of one run's first task, as their registers say. */
export interface AtWork {
  readonly runId: string;
  readonly host: ProcessIdentity;
  readonly worker: ProcessIdentity;
}

/** Three such runs. */
export class ServedScenario {
  readonly scenario = new Scenario();
  readonly #gate = join(this.scenario.repo.root, 'go');
  readonly #packets: string;

  constructor() {
    const { repo, witness } = this.scenario;
    repo.write(join(repo.root, 'wait.sh'), `while [ ! -e ${this.#gate} ]; do sleep 0.05; done\n`);
    const work = `echo "$PAWL_RUN_ID $PAWL_TASK_ID $$ 0" >>${witness}; sh ${repo.root}/wait.sh; mkdir -p work-of; echo 1 >work-of/$PAWL_RUN_ID`;
    const slow = { kind: 'command', argv: ['sh', '-c', work], completion: 'exitCode' };
    const critic = { kind: 'scripted', steps: { review: [{ do: 'witness', file: witness }, answer()] } };
    this.scenario.config({
      agents: { slow, critic },
      roles: { implementer: 'slow', fixer: 'slow', reviewer: 'critic' },
      verification: { allow: ['true'] },
    });
    this.#packets = this.scenario.packets(...PACKETS.map((id) => packetOf(id)));
  }

  get root(): string {
    return this.scenario.repo.root;
  }

  /** The command of the driving process, to be started in the repository; `isFirst`: it records the packets. */
  command(ownCgroup: string, isFirst: boolean): string[] {
    return [process.execPath, DRIVES, DIST, ownCgroup, ...(isFirst ? [this.#packets] : [])];
  }

  /** Who works, as soon as all three are recorded. */
  async atWork(): Promise<AtWork[]> {
    const starts = await until('three workers', () => {
      const all = this.scenario.starts();
      return all.length >= PACKETS.length && all;
    });
    const runIds = starts.map(({ runId }) => runId);
    await until('them in the journals', () => runIds.every((runId) => this.#has(runId, 'workerSpawned')));
    return runIds.map((runId) => {
      const folder = this.scenario.runFile(runId, 'tasks/implementation-e0-a1');
      const { host } = JSON.parse(readFileSync(join(folder, 'claim'), 'utf8'));
      const { worker } = JSON.parse(readFileSync(join(folder, 'agent.json'), 'utf8'));
      return { runId, host, worker };
    });
  }

  /** A second driving process has found every run again. */
  async areFoundAgain(runIds: readonly string[]): Promise<void> {
    await until('the next driving process', () => runIds.every((runId) => this.#has(runId, 'runRehydrated')));
  }

  /** Lets the workers end, waits until the runs have, and returns their states. */
  async finish(runIds: readonly string[]): Promise<string[]> {
    this.scenario.repo.write(this.#gate, '');
    await until('the handoffs', () => runIds.every((runId) => this.#has(runId, 'handoffProjected')));
    const { document } = await this.scenario.json('status');
    return PACKETS.map((id) => runOf(document, id).state);
  }

  /** The tasks of the run whose worker has ended, in order; one that ended twice stands twice. */
  endsOf(runId: string): string[] {
    return this.scenario.journal(runId).flatMap(({ actor, event }) => (event.type === 'workerEnded' ? [actor] : []));
  }

  #has(runId: string, type: string): boolean {
    return this.scenario.journal(runId).some(({ event }) => event.type === type);
  }
}

/** Which of them live. */
export function alive(processes: readonly ProcessIdentity[]): number[] {
  return processes.map(({ pid }) => pid).filter(isAlive);
}
