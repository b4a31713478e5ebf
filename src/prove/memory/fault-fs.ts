/**
 * A file system that fails on cue.
 *
 * Owns: counting calls over any FsPort and failing the k-th of the chosen ones. Does not own: crashes (memory/memory-fs).
 */
import type { Fd, FileStat, FsPort } from '../../ports/fs.ts';
import type { FsOp } from './memory-fs.ts';

/** A system error by its code; `short` takes half of a write, `none` takes none of it. */
export type Fault = { readonly code: string } | 'short' | 'none';

/** Which calls fail, and how. */
export interface FaultPlan {
  /** Operations that count; all when left out. */
  readonly ops?: readonly FsOp[];
  /** The first counted call that fails, from 1. */
  readonly at: number;
  readonly fault: Fault;
  /** True when every counted call from then on fails too. */
  readonly isLasting?: boolean;
}

/** Any file system, with one fault at a time. */
export class FaultFs implements FsPort {
  readonly #inner: FsPort;
  plan: FaultPlan | null;
  /** Counted calls so far. */
  count = 0;
  /** The operation that failed, null while none has. */
  firedOp: FsOp | null = null;
  /** Every call, by its operation. */
  readonly calls: FsOp[] = [];

  constructor(inner: FsPort, plan: FaultPlan | null = null) {
    this.#inner = inner;
    this.plan = plan;
  }

  open(path: string, mode: 'r' | 'r+' | 'a+' | 'wx+'): Fd {
    this.#meet('open', path);
    return this.#inner.open(path, mode);
  }
  close(fd: Fd): void {
    // A failing close has given the descriptor back all the same.
    this.#meet('close', '', () => this.#inner.close(fd));
    this.#inner.close(fd);
  }
  read(fd: Fd, position: number, length: number): Uint8Array {
    this.#meet('read', '');
    return this.#inner.read(fd, position, length);
  }
  write(fd: Fd, bytes: Uint8Array, position: number | null): number {
    const fault = this.#meet('write', '');
    if (fault === 'none') return 0;
    const taken = fault === 'short' ? Math.max(1, Math.floor(bytes.length / 2)) : bytes.length;
    return this.#inner.write(fd, bytes.subarray(0, taken), position);
  }
  size(fd: Fd): number {
    this.#meet('size', '');
    return this.#inner.size(fd);
  }
  truncate(fd: Fd, size: number): void {
    this.#meet('truncate', '');
    this.#inner.truncate(fd, size);
  }
  sync(fd: Fd): void {
    this.#meet('sync', '');
    this.#inner.sync(fd);
  }
  dataSync(fd: Fd): void {
    this.#meet('dataSync', '');
    this.#inner.dataSync(fd);
  }
  link(existing: string, path: string): void {
    this.#meet('link', path);
    this.#inner.link(existing, path);
  }
  rename(from: string, to: string): void {
    this.#meet('rename', to);
    this.#inner.rename(from, to);
  }
  unlink(path: string): void {
    this.#meet('unlink', path);
    this.#inner.unlink(path);
  }
  makeFolder(path: string): void {
    this.#meet('makeFolder', path);
    this.#inner.makeFolder(path);
  }
  list(path: string): string[] {
    this.#meet('list', path);
    return this.#inner.list(path);
  }
  stat(path: string): FileStat | null {
    this.#meet('stat', path);
    return this.#inner.stat(path);
  }
  touch(path: string): void {
    this.#meet('touch', path);
    this.#inner.touch(path);
  }
  watch(folder: string, onChange: () => void): () => void {
    return this.#inner.watch(folder, onChange);
  }

  /** True once a call has failed. */
  get hasFired(): boolean {
    return this.firedOp !== null;
  }

  /** How many of the calls so far were one of `ops`. */
  countOf(...ops: readonly FsOp[]): number {
    return this.calls.filter((op) => ops.includes(op)).length;
  }

  #meet(op: FsOp, path: string, beforeThrowing?: () => void): 'short' | 'none' | null {
    this.calls.push(op);
    const { plan } = this;
    if (plan === null || (plan.ops !== undefined && !plan.ops.includes(op))) return null;
    this.count += 1;
    if (this.count < plan.at || (this.count > plan.at && plan.isLasting !== true)) return null;
    if (typeof plan.fault === 'string') {
      if (op !== 'write') return null;
      this.firedOp = op;
      return plan.fault;
    }
    this.firedOp = op;
    beforeThrowing?.();
    const { code } = plan.fault;
    throw Object.assign(new Error(`${code}: injected into ${op} '${path}'`), { code, syscall: op, path });
  }
}
