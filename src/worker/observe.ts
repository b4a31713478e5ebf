/**
 * What a task's folder and the process table say, read in the one order that makes it conclusive.
 *
 * Owns: the order (design 5): claim, host, agent record, tree, outcome, each read after the last.
 * Does not own: what is done about it (run/recovery), making what was read durable (ports/registers).
 *
 * Invariants: 1. Nothing here writes, signals or settles. 2. The agent record is read after the host's life was judged, the outcome after
 * the tree was: what a dead one has left behind is complete. 3. A register that does not fit its request is named, never used; one that came
 * in the middle of a look is not a contradiction.
 */
import { join } from 'node:path';
import { sha256 } from '../base/sha256.ts';
import type { Parsed } from '../model/fields.ts';
import { type AgentRecord, type Claim, type Outcome, TASK_FILES, type TaskRequest } from '../model/request.ts';
import type { ProcessesPort, TreeHandle } from '../ports/processes.ts';
import type { Registers } from '../ports/registers.ts';
import { parseAgentRecord, parseClaim, parseOutcome } from '../turn/task-files.ts';

/** The value of a register and the hash of its bytes. */
export interface Registered<T> {
  readonly value: T;
  readonly hash: string;
}

/** What is known of the host that has claimed. */
export type HostState = 'none' | 'alive' | 'dead' | 'unknown';
/** What is known of the worker's tree. */
export type TreeState = 'none' | 'alive' | 'gone' | 'unknown';

/** All that the registers and the process table say about one task. */
export interface TaskObservation {
  readonly claim: Registered<Claim> | null;
  /** `none` when no host has claimed. */
  readonly host: HostState;
  readonly agent: Registered<AgentRecord> | null;
  /**
   * `none` when no worker was recorded and nothing carries its mark. Without an outcome, before a claim and while the host lives, it
   * is not searched for: `alive` once a worker is recorded.
   */
  readonly tree: TreeState;
  readonly outcome: Registered<Outcome> | null;
  /** When the host last gave a sign, null when it never did. */
  readonly heartbeatMs: number | null;
  /** What does not fit together, each a sentence; not empty means quarantine. */
  readonly contradictions: readonly string[];
}

/** What is known about the task now. */
export async function observeTask(
  registers: Registers,
  processes: ProcessesPort,
  taskFolder: string,
  request: TaskRequest,
  requestHash: string,
): Promise<TaskObservation> {
  const seen = await lookOnce(registers, processes, taskFolder, request, requestHash);
  // A host may claim and start its worker between the first read and the third: a second read sees an established claim.
  const isOvertaken = seen.claim === null && seen.agent !== null;
  return isOvertaken ? lookOnce(registers, processes, taskFolder, request, requestHash) : seen;
}

async function lookOnce(
  registers: Registers,
  processes: ProcessesPort,
  taskFolder: string,
  request: TaskRequest,
  requestHash: string,
): Promise<TaskObservation> {
  const contradictions: string[] = [];
  const read = async <T extends { readonly requestHash: string }>(
    name: string,
    parse: (bytes: Uint8Array) => Parsed<T>,
  ): Promise<Registered<T> | null> => {
    const bytes = await registers.read(join(taskFolder, name));
    if (bytes === null) return null;
    const parsed = parse(bytes);
    if (!parsed.ok) contradictions.push(`${name} cannot be read: ${parsed.reason}`);
    else if (parsed.value.requestHash !== requestHash) contradictions.push(`${name} belongs to another request`);
    else return { value: parsed.value, hash: sha256(bytes) };
    return null;
  };
  const claim = await read(TASK_FILES.claim, parseClaim);
  const host = claim === null || claim.value.kind === 'revoked' ? 'none' : processes.life(claim.value.host);
  const agent = await read(TASK_FILES.agent, parseAgentRecord);
  // Before a claim, and while the host lives, nobody decides by the tree unless an outcome stands: then nothing is searched for it.
  const isUndecided =
    (claim === null || host === 'alive') && !(await registers.has(join(taskFolder, TASK_FILES.outcome)));
  const recordedTree = agent === null ? 'none' : 'alive';
  const tree = isUndecided
    ? recordedTree
    : observeTree(processes, treeHandle(taskFolder, request, agent?.value ?? null));
  const outcome = isUndecided ? null : await read(TASK_FILES.outcome, parseOutcome);
  if (contradictions.length === 0) contradictions.push(...compare(claim, agent, request));
  const heartbeatMs = await registers.changedAtMs(join(taskFolder, TASK_FILES.heartbeat));
  return { claim, host, agent, tree, outcome, heartbeatMs, contradictions };
}

/** How to find the task's tree: by its mark, its lock and the worker recorded, if any. */
export function treeHandle(taskFolder: string, request: TaskRequest, agent: AgentRecord | null): TreeHandle {
  return {
    mark: request.mark,
    lockFile: request.hasTreeLock ? join(taskFolder, TASK_FILES.treeLock) : null,
    worker: agent?.worker ?? null,
    isNamespaced: agent?.isNamespaced ?? request.isolation === 'pidNamespace',
  };
}

function observeTree(processes: ProcessesPort, handle: TreeHandle): TreeState {
  const { members, unknown, isLocked } = processes.tree(handle);
  if (members.length > 0) return 'alive';
  // A lock that is held, and no sighting shows by whom, or of which nobody can tell.
  if (unknown.length > 0 || isLocked !== false) return 'unknown';
  return handle.worker === null ? 'none' : 'gone';
}

function compare(
  claim: Registered<Claim> | null,
  agent: Registered<AgentRecord> | null,
  request: TaskRequest,
): string[] {
  const found: string[] = [];
  if (agent === null) return found;
  if (claim === null) found.push('a worker is recorded, but no host has claimed the task');
  else if (claim.value.kind === 'revoked') found.push('a worker is recorded for a task that was given up');
  else if (claim.value.nonce !== agent.value.nonce) found.push('a worker is recorded by a host that did not claim');
  if (agent.value.mark !== request.mark) found.push('the recorded worker carries the mark of another task');
  return found;
}
