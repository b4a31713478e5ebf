/**
 * Worker hosts of a simulated machine, moved on step by step: claim, worker, answer, outcome, each a register on the disk.
 *
 * Owns: what a host writes at each of its steps. Does not own: when it takes one (sim/director), the registers (store),
 * the table of them (sim/outside).
 *
 * Invariants: 1. A host writes as the real one does: register by register, each synced. 2. Every host that was started and lives tries to
 * claim; a worker is started by whoever holds the claim, and every start is counted.
 */
import { sha256 } from '../../base/sha256.ts';
import type { Answer, GitSettings, TaskRequest, TaskResult, VerdictStatus } from '../../model/request.ts';
import { encode, encodeAgentRecord, encodeClaim, encodeOutcome, parseRequest } from '../../turn/task-files.ts';
import type { MemoryMachine } from '../memory/memory-machine.ts';
import { bytesAt, linkAtOnce, writeAtOnce } from '../memory/other-process.ts';
import { blockerOf, type ModelledCode } from '../model/sample-blockers.ts';
import type { Outside, SimHost } from './outside.ts';

/** How far a host is to come, and what its worker says. */
export type HostGoal =
  | { readonly stage: 'claimed' | 'spawned' }
  | {
      readonly stage: 'ended';
      readonly result: TaskResult;
      readonly verdict: VerdictStatus;
      /** What the host finds of git's settings after its worker; left out: it does not look. */
      readonly gitSettings?: GitSettings;
    };

const CODES: Readonly<Record<TaskResult, ModelledCode | null>> = {
  completed: null,
  failed: 'PAWL_WORKER_FAILED',
  blocked: 'PAWL_WORKER_BLOCKED',
  cancelled: 'PAWL_WORKER_CANCELLED',
  timedOut: 'PAWL_WORKER_DEADLINE',
  interrupted: 'PAWL_WORKER_INTERRUPTED',
  lost: 'PAWL_WORKER_LOST',
  limited: 'PAWL_AGENT_LIMITED',
};

/** The worker hosts of one machine. */
export class SimHosts {
  readonly #outside: Outside;
  readonly #machine: MemoryMachine;

  constructor(outside: Outside, machine: MemoryMachine) {
    this.#outside = outside;
    this.#machine = machine;
  }

  /** A host was started for the task in `folder` and has done nothing yet. */
  start(folder: string, requestHash: string): SimHost {
    const identity = this.#machine.begin();
    const host: SimHost = { identity, requestHash, nonce: `host-${identity.pid}`, stage: 'started', worker: null };
    this.#outside.hosts.set(folder, [...(this.#outside.hosts.get(folder) ?? []), host]);
    return host;
  }

  /** The task's hosts have come so far, and one that claimed with its worker to the goal; `orDead`: a dead one had come so far before it died. */
  bring(folder: string, goal: HostGoal, orDead = false): void {
    for (const host of this.of(folder)) {
      if (host.stage === 'started' && this.#machine.life(host.identity) === 'alive') this.#claim(folder, host);
    }
    if (goal.stage === 'claimed') return;
    for (const host of this.of(folder)) {
      if (host.stage === 'claimed' && this.#machine.life(host.identity) !== 'dead') this.#spawn(folder, host);
      if (
        goal.stage === 'ended' &&
        host.stage === 'spawned' &&
        (orDead || this.#machine.life(host.identity) !== 'dead')
      )
        this.#end(folder, host, goal);
    }
  }

  of(folder: string): readonly SimHost[] {
    return this.#outside.hosts.get(folder) ?? [];
  }

  /** The request in the task's folder, which every host of it has checked. */
  request(folder: string): TaskRequest {
    const parsed = parseRequest(this.#requestBytes(folder));
    if (!parsed.ok) throw new Error(`sim: ${folder} holds no request`);
    return parsed.value;
  }

  #requestBytes(folder: string): Uint8Array {
    return bytesAt(this.#machine.disk, `${folder}/request.json`);
  }

  #claim(folder: string, host: SimHost): void {
    const { requestHash, nonce, identity } = host;
    const isMeant = sha256(this.#requestBytes(folder)) === requestHash;
    const claim = encodeClaim({ v: 1, kind: 'host', requestHash, nonce, host: identity, atMs: 1 });
    if (isMeant && linkAtOnce(this.#machine.disk, `${folder}/claim`, claim).isWinner) {
      host.stage = 'claimed';
      this.#machine.version += 1;
      return;
    }
    host.stage = 'ended';
    this.#machine.end(identity);
  }

  #spawn(folder: string, host: SimHost): void {
    const { requestHash, nonce } = host;
    const { mark } = this.request(folder);
    const worker = this.#machine.begin();
    const record = encodeAgentRecord({
      v: 1,
      requestHash,
      nonce,
      worker,
      isNamespaced: false,
      mark,
      sessionId: null,
      startedAtMs: this.#machine.nowMs,
    });
    linkAtOnce(this.#machine.disk, `${folder}/agent.json`, record);
    host.worker = worker;
    host.stage = 'spawned';
    this.#outside.starts.set(folder, (this.#outside.starts.get(folder) ?? 0) + 1);
  }

  #end(folder: string, host: SimHost, goal: Extract<HostGoal, { stage: 'ended' }>): void {
    const { requestHash, nonce } = host;
    const { result, verdict, gitSettings } = goal;
    const code = CODES[result];
    const found = code === null ? null : blockerOf(code);
    const hasAnswer = result === 'completed' || result === 'failed' || result === 'blocked';
    const answer = encode(answerOf(this.request(folder), result, verdict));
    if (hasAnswer) writeAtOnce(this.#machine.disk, `${folder}/completion.json`, answer);
    this.#machine.end(host.worker);
    const outcome = encodeOutcome({
      v: 2,
      requestHash,
      nonce,
      by: 'host',
      result,
      cause: found === null ? null : { code: found.code, params: found.params },
      summary: code === null ? '' : null,
      exitCode: 0,
      signal: null,
      completion: hasAnswer ? { sha256: sha256(answer), bytes: answer.byteLength } : null,
      output: null,
      stderr: null,
      head: null,
      tree: null,
      ...(gitSettings === undefined ? {} : { gitSettings }),
      survivors: 0,
      startedAtMs: 1,
      endedAtMs: 2,
    });
    linkAtOnce(this.#machine.disk, `${folder}/outcome`, outcome);
    host.stage = 'ended';
    this.#machine.end(host.identity);
  }
}

function answerOf({ purpose }: TaskRequest, result: TaskResult, status: VerdictStatus): Answer {
  const isGate = purpose === 'verification' || purpose === 'review';
  const isDone = result === 'completed';
  return {
    status: result === 'failed' || result === 'blocked' ? result : 'completed',
    summary: 'said in the simulation',
    filesChanged: [],
    verdict: isGate && isDone ? { status, findings: [], summary: `${status} in the simulation` } : null,
    problem: null,
    commands: [],
  };
}
