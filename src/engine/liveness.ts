/**
 * The signs of life of tasks, read from their folders and the process table; nothing is locked, synced or written.
 *
 * Owns: reading them, each register once. Does not own: what they mean (run/liveness), the closer check of a start (worker/observe).
 * Free of zod and xstate: `status` starts with it.
 *
 * Invariants: 1. A process is judged by its recorded identity, never by its pid alone. 2. A file that cannot be read says nothing, and
 * ends nothing.
 */
import { join } from 'node:path';
import { PawlError } from '../model/error.ts';
import type { Parsed } from '../model/fields.ts';
import { BOUNDS } from '../model/limits.ts';
import { type AgentRecord, type Claim, TASK_FILES } from '../model/request.ts';
import type { ProcessesPort } from '../ports/processes.ts';
import { type Liveness, livenessOf, type TaskSigns } from '../run/liveness.ts';
import type { DriverFacts } from '../run/next-actions.ts';
import type { RecoveryFinding } from '../run/recovery-findings.ts';
import type { RunView } from '../run/run-view.ts';
import { parseAgentRecord, parseClaim, parseRequest } from '../turn/task-files.ts';
import type { Place } from './run-look.ts';

/** Where signs of life are read. */
export interface WidePlace extends Place {
  readonly processes: Pick<ProcessesPort, 'life'>;
}

interface Registers {
  readonly claim: Claim | null;
  readonly agent: AgentRecord | null;
  readonly deadlineMs: number | null;
}

/** Reads signs of life repeatedly; what cannot change is read once. */
export class SignsReader {
  readonly #place: WidePlace;
  readonly #known = new Map<string, Registers>();

  constructor(place: WidePlace) {
    this.#place = place;
  }

  /** The liveness of a run that can move; null for any other. `inFiles`: what a start would find in its journal and snapshot. */
  of(view: RunView, driver: DriverFacts, inFiles: readonly RecoveryFinding[] = []): Liveness | null {
    if (view.kind !== 'active') return null;
    const { task } = view;
    const isOpen = task !== null && !task.state.startsWith('settled');
    return livenessOf({
      driver,
      task: isOpen ? this.task(view.runId, task.taskId) : null,
      updatedAtMs: view.updatedAtMs,
      leaseExpiresAtMs: view.lease?.expiresAtMs ?? null,
      inFiles,
      nowMs: this.#place.files.clock.nowMs(),
    });
  }

  /** The signs of life of one task. */
  task(runId: string, taskId: string): TaskSigns {
    const { files, paths, processes } = this.#place;
    const folder = paths.task(runId, taskId);
    const stat = (name: string) => files.fs.stat(join(folder, name));
    const { claim, agent, deadlineMs } = this.#registers(folder);
    const host = claim?.kind === 'host' ? claim.host : null;
    const outputs = [stat(TASK_FILES.output), stat(TASK_FILES.stderr)].filter((each) => (each?.size ?? 0) > 0);
    const startedAtMs = agent?.startedAtMs ?? null;
    // A host is judged before its worker: what a dead one has started is complete.
    const hostLife = host === null ? 'none' : processes.life(host);
    return {
      taskId,
      claim: claim?.kind ?? 'none',
      host: hostLife,
      hostPid: host?.pid ?? null,
      worker: agent === null ? 'none' : processes.life(agent.worker),
      workerPid: agent?.worker.pid ?? null,
      hasOutcome: files.exists(join(folder, TASK_FILES.outcome)),
      startedAtMs,
      deadlineAtMs: startedAtMs === null || deadlineMs === null ? null : startedAtMs + deadlineMs,
      heartbeatAtMs: stat(TASK_FILES.heartbeat)?.mtimeMs ?? null,
      outputAtMs: outputs.length === 0 ? null : Math.max(...outputs.map((each) => each?.mtimeMs ?? 0)),
      outputBytes: outputs.reduce((sum, each) => sum + (each?.size ?? 0), 0),
    };
  }

  #registers(folder: string): Registers {
    const known = this.#known.get(folder);
    if (known !== undefined && known.claim !== null && known.agent !== null) return known;
    const found: Registers = {
      claim: known?.claim ?? this.#read(join(folder, TASK_FILES.claim), parseClaim),
      agent: known?.agent ?? this.#read(join(folder, TASK_FILES.agent), parseAgentRecord),
      deadlineMs:
        known?.deadlineMs ?? this.#read(join(folder, TASK_FILES.request), parseRequest)?.limits.deadlineMs ?? null,
    };
    this.#known.set(folder, found);
    return found;
  }

  #read<T>(path: string, parse: (bytes: Uint8Array) => Parsed<T>): T | null {
    try {
      const bytes = this.#place.files.readBytes(path, BOUNDS.registerBytes);
      const parsed = bytes === null ? null : parse(bytes);
      return parsed?.ok === true ? parsed.value : null;
    } catch (error) {
      // A start finds what is wrong with the file, and reports it.
      if (error instanceof PawlError) return null;
      throw error;
    }
  }
}
