/**
 * A worker behind its gate: a process that exists, but is not allowed to run yet.
 *
 * Owns: what a host starts a worker with, and the handle that it then has on it. Does not own: how the gate is built (adapters/processes), when it opens
 * (host/host).
 *
 * Invariant: whoever opened the descriptors closes them: a gate takes copies.
 */
import type { Fd } from './fs.ts';

/** How a process exited: exactly one of the two is not null. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What a worker is started with. */
export interface GateStart {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** In a PID namespace of its own. */
  readonly isNamespaced: boolean;
  /** Null: nothing to read. */
  readonly stdin: Fd | null;
  readonly stdout: Fd;
  readonly stderr: Fd;
  /** The tree's lock, held: everything that the worker starts inherits it. */
  readonly lock: Fd | null;
}

/** A worker that waits behind its gate. */
export interface GatedWorker {
  readonly pid: number;
  /** Resolves when the process has exited; never rejects. */
  readonly exited: Promise<WorkerExit>;
  /** Lets the worker run. */
  open(): void;
  /** Ends the gate without running the worker, unless it was opened before. */
  abandon(): void;
}

/** The result of setting up a gate. */
export type GateResult =
  | { readonly kind: 'waiting'; readonly worker: GatedWorker }
  /** Nothing was executed and nothing can be. */
  | { readonly kind: 'failed'; readonly obstacle: string };
