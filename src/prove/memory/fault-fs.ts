/**
 * A file system that fails on cue.
 *
 * Owns: counting calls over any FsPort and failing the k-th of the chosen ones. Does not own: crashes (memory/memory-fs).
 */
import type { Fd, FileStat, FsPort, OpenMode } from '../../ports/fs.ts';
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
  /** The operation that failed last, null while none has. */
  firedOp: FsOp | null = null;
  /** What the first failing call was about: its path, or that of its descriptor. */
  firedPath: string | null = null;
  readonly #paths = new Map<Fd, string>();
  /** Every call, by its operation. */
  readonly calls: FsOp[] = [];

  constructor(inner: FsPort, plan: FaultPlan | null = null) {
    this.#inner = inner;
    this.plan = plan;
  }

  open(path: string, mode: OpenMode): Fd {
    this.#meet('open', path);
    const fd = this.#inner.open(path, mode);
    this.#paths.set(fd, path);
    return fd;
  }
  close(fd: Fd): void {
    // A failing close has given the descriptor back all the same.
    this.#meet('close', this.#pathOf(fd), () => this.#inner.close(fd));
    this.#inner.close(fd);
  }
  read(fd: Fd, position: number, length: number): Uint8Array {
    this.#meet('read', this.#pathOf(fd));
    return this.#inner.read(fd, position, length);
  }
  write(fd: Fd, bytes: Uint8Array, position: number | null): number {
    const fault = this.#meet('write', this.#pathOf(fd));
    if (fault === 'none') return 0;
    const taken = fault === 'short' ? Math.max(1, Math.floor(bytes.length / 2)) : bytes.length;
    return this.#inner.write(fd, bytes.subarray(0, taken), position);
  }
  size(fd: Fd): number {
    this.#meet('size', this.#pathOf(fd));
    return this.#inner.size(fd);
  }
  kindOf(fd: Fd): FileStat['kind'] {
    this.#meet('kindOf', this.#pathOf(fd));
    return this.#inner.kindOf(fd);
  }
  truncate(fd: Fd, size: number): void {
    this.#meet('truncate', this.#pathOf(fd));
    this.#inner.truncate(fd, size);
  }
  async sync(fd: Fd): Promise<void> {
    this.#meet('sync', this.#pathOf(fd));
    await this.#inner.sync(fd);
  }
  async dataSync(fd: Fd): Promise<void> {
    this.#meet('dataSync', this.#pathOf(fd));
    await this.#inner.dataSync(fd);
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
  removeFolder(path: string): void {
    this.#meet('removeFolder', path);
    this.#inner.removeFolder(path);
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

  /** True when what failed last was a sync: what it was to make durable may be gone. */
  get isSyncLost(): boolean {
    return this.firedOp === 'sync' || this.firedOp === 'dataSync';
  }

  /** How many of the calls so far were one of `ops`. */
  countOf(...ops: readonly FsOp[]): number {
    return this.calls.filter((op) => ops.includes(op)).length;
  }

  #fired(op: FsOp, path: string): void {
    this.firedOp = op;
    this.firedPath ??= path;
  }

  #pathOf(fd: Fd): string {
    return this.#paths.get(fd) ?? '';
  }

  #meet(op: FsOp, path: string, beforeThrowing?: () => void): 'short' | 'none' | null {
    this.calls.push(op);
    const { plan } = this;
    if (plan === null || (plan.ops !== undefined && !plan.ops.includes(op))) return null;
    this.count += 1;
    if (this.count < plan.at || (this.count > plan.at && plan.isLasting !== true)) return null;
    if (typeof plan.fault === 'string') {
      if (op !== 'write') return null;
      this.#fired(op, path);
      return plan.fault;
    }
    this.#fired(op, path);
    beforeThrowing?.();
    const { code } = plan.fault;
    throw Object.assign(new Error(`${code}: injected into ${op} '${path}'`), { code, syscall: op, path });
  }
}
