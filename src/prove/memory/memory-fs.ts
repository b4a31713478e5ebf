/**
 * A file system in memory that knows what a power cut would leave.
 *
 * Owns: FsPort over nodes with a live and a durable side; crashes; a hook before every call. Does not own: injected errors
 * (memory/fault-fs).
 *
 * Model: content of a file is durable after `sync` or `dataSync` of it; an entry of a folder after `sync` of that folder; nothing
 * else ever (no ordering between them is promised, and a file's sync says nothing of its name). A rename is one change.
 */
import { posix } from 'node:path';
import type { Fd, FileStat, FsPort, OpenMode } from '../../ports/fs.ts';
import { Changes } from './memory-changes.ts';
import {
  apply,
  applyEntries,
  type Change,
  type CrashChoice,
  copyNode,
  type EntryChange,
  type FileNode,
  type FolderNode,
  type Node,
  newFolder,
  random,
  survive,
} from './memory-nodes.ts';
import { segments, systemError } from './memory-paths.ts';

/** The calls that can be counted, hooked and failed. */
export type FsOp = Exclude<keyof FsPort, 'watch'>;

/** Whether the call may change something that outlives the process: what is there, or what a power cut leaves of it. */
export function isChange(op: FsOp): boolean {
  return CHANGES.has(op);
}

const CHANGES: ReadonlySet<FsOp> = new Set([
  'open',
  'write',
  'truncate',
  'sync',
  'dataSync',
  'link',
  'rename',
  'unlink',
  'removeFolder',
  'makeFolder',
  'touch',
]);

interface OpenFile {
  readonly node: Node;
  readonly path: string;
  readonly isAppending: boolean;
  readonly isWritable: boolean;
  position: number;
}

/** Thrown by every call after `halt`: the process is dead. Carries no system code on purpose. */
export class Halted extends Error {
  override name = 'Halted';
}

const EMPTY = new Uint8Array(0);

/** One file system, shared by all who hold it. */
export class MemoryFs implements FsPort {
  /** Asked before every call; it may throw, halt, or run other work on this file system. `isHalfDone`: in the middle of a write. */
  onCall: ((op: FsOp, path: string, isHalfDone: boolean) => void) | null = null;
  /** Every sync takes until what this returns has settled: a scheduler that decides which one ends first. */
  onSync: (() => Promise<void>) | null = null;
  /** Writes are done in two halves, and `onCall` is asked between them. */
  isHalving = false;
  /** What has changed, and what of it a power cut would lose. */
  readonly changes = new Changes();
  readonly #root: FolderNode;
  readonly #open = new Map<Fd, OpenFile>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #nextFd = 10;
  #nowMs = 1_000;
  #isHalted = false;

  constructor(root: FolderNode = newFolder()) {
    this.#root = root;
  }

  /** From now on every call throws. */
  halt(): void {
    this.#isHalted = true;
  }

  /** What a new process finds after a crash at this moment. This file system stays as it is. */
  crash(choice: CrashChoice): MemoryFs {
    const keep = choice === 'everything' || choice === 'nothing' ? choice : random(choice.seed);
    const survivors = new Map<Node, Node>();
    const root = survive(this.#root, keep, survivors);
    return new MemoryFs(root.kind === 'folder' ? root : newFolder());
  }

  /** What another process finds after this one has died: all of it, and what was not synced is still not. This file system stays as it is. */
  fork(): MemoryFs {
    const copies = new Map<Node, Node>();
    const root = copyNode(this.#root, copies);
    const fork = new MemoryFs(root.kind === 'folder' ? root : newFolder());
    this.changes.copyTo(fork.changes, copies);
    return fork;
  }

  open(path: string, mode: OpenMode): Fd {
    this.#before('open', path);
    const [parent, name] = this.#parentOf(path);
    let node = name === '' ? parent : parent.live.get(name);
    if (node !== undefined && mode === 'wx+') throw systemError('EEXIST', 'open', path);
    if (node === undefined) {
      if (isReading(mode) || mode === 'r+') throw systemError('ENOENT', 'open', path);
      node = { kind: 'file', live: EMPTY, durable: EMPTY, pending: [], mtimeMs: this.#tick() };
      this.#change(parent, path, new Map([[name, node]]));
    }
    if (node.kind === 'folder' && !isReading(mode)) throw systemError('EISDIR', 'open', path);
    const fd = this.#nextFd++;
    this.#open.set(fd, { node, path, isAppending: mode === 'a+', isWritable: !isReading(mode), position: 0 });
    return fd;
  }

  close(fd: Fd): void {
    this.#before('close', this.#open.get(fd)?.path ?? '');
    if (!this.#open.delete(fd)) throw systemError('EBADF', 'close', '');
  }

  read(fd: Fd, position: number, length: number): Uint8Array {
    return this.#file('read', fd).live.slice(position, position + length);
  }

  write(fd: Fd, bytes: Uint8Array, position: number | null): number {
    const file = this.#file('write', fd);
    const opened = this.#opened('write', fd);
    if (!opened.isWritable) throw systemError('EBADF', 'write', opened.path);
    const at = opened.isAppending ? file.live.length : (position ?? opened.position);
    const change = { at, bytes: bytes.slice() };
    if (this.isHalving && bytes.length > 1) {
      const half = { at, bytes: bytes.slice(0, bytes.length >> 1) };
      this.#put(file, half, opened.path);
      this.#before('write', opened.path, true);
      // To a power cut it stays one write.
      file.pending.splice(file.pending.indexOf(half), 1);
    }
    this.#put(file, change, opened.path);
    if (position === null) opened.position = at + bytes.length;
    this.#changed(posix.dirname(opened.path));
    return bytes.length;
  }

  size(fd: Fd): number {
    this.#before('size', this.#open.get(fd)?.path ?? '');
    const { node } = this.#opened('size', fd);
    return node.kind === 'file' ? node.live.length : 0;
  }

  kindOf(fd: Fd): FileStat['kind'] {
    this.#before('kindOf', this.#open.get(fd)?.path ?? '');
    return this.#opened('kindOf', fd).node.kind;
  }

  truncate(fd: Fd, size: number): void {
    const file = this.#file('truncate', fd);
    const opened = this.#opened('truncate', fd);
    if (!opened.isWritable) throw systemError('EINVAL', 'truncate', '');
    this.#put(file, { size }, opened.path);
  }

  async sync(fd: Fd): Promise<void> {
    this.#before('sync', this.#open.get(fd)?.path ?? '');
    this.settle(fd);
    await this.onSync?.();
  }

  async dataSync(fd: Fd): Promise<void> {
    this.#before('dataSync', this.#open.get(fd)?.path ?? '');
    this.settle(fd);
    await this.onSync?.();
  }

  /** What is open is durable as it is now. */
  settle(fd: Fd): void {
    this.changes.settle(this.#opened('sync', fd));
  }

  link(existing: string, path: string): void {
    this.#before('link', path);
    const [from, fromName] = this.#parentOf(existing);
    const node = from.live.get(fromName);
    if (node === undefined) throw systemError('ENOENT', 'link', existing);
    if (node.kind === 'folder') throw systemError('EPERM', 'link', existing);
    const [to, toName] = this.#parentOf(path);
    if (to.live.has(toName)) throw systemError('EEXIST', 'link', path);
    this.#change(to, path, new Map([[toName, node]]));
  }

  rename(from: string, to: string): void {
    this.#before('rename', to);
    const [fromParent, fromName] = this.#parentOf(from);
    const [toParent, toName] = this.#parentOf(to);
    const node = fromParent.live.get(fromName);
    if (node === undefined) throw systemError('ENOENT', 'rename', from);
    if (fromParent !== toParent) throw new Error('MemoryFs renames within one folder only');
    const replaced = toParent.live.get(toName);
    if (replaced?.kind === 'folder') throw systemError('EISDIR', 'rename', to);
    if (replaced === node) return;
    this.#change(
      toParent,
      to,
      new Map<string, Node | null>([
        [fromName, null],
        [toName, node],
      ]),
    );
  }

  unlink(path: string): void {
    this.#before('unlink', path);
    const [parent, name] = this.#parentOf(path);
    const node = parent.live.get(name);
    if (node === undefined) throw systemError('ENOENT', 'unlink', path);
    if (node.kind === 'folder') throw systemError('EISDIR', 'unlink', path);
    this.#change(parent, path, new Map([[name, null]]));
  }

  removeFolder(path: string): void {
    this.#before('removeFolder', path);
    const [parent, name] = this.#parentOf(path);
    const node = parent.live.get(name);
    if (node === undefined) throw systemError('ENOENT', 'rmdir', path);
    if (node.kind !== 'folder') throw systemError('ENOTDIR', 'rmdir', path);
    if (node.live.size > 0) throw systemError('ENOTEMPTY', 'rmdir', path);
    this.#change(parent, path, new Map([[name, null]]));
  }

  makeFolder(path: string): void {
    this.#before('makeFolder', path);
    const [parent, name] = this.#parentOf(path);
    if (name === '' || parent.live.has(name)) throw systemError('EEXIST', 'mkdir', path);
    this.#change(parent, path, new Map([[name, newFolder(this.#tick())]]));
  }

  list(path: string): string[] {
    this.#before('list', path);
    const node = this.#find(path, 'scandir');
    if (node === null) throw systemError('ENOENT', 'scandir', path);
    if (node.kind !== 'folder') throw systemError('ENOTDIR', 'scandir', path);
    return [...node.live.keys()].sort();
  }

  stat(path: string): FileStat | null {
    this.#before('stat', path);
    const node = this.#find(path, 'lstat');
    if (node === null) return null;
    return { kind: node.kind, size: node.kind === 'file' ? node.live.length : 0, mtimeMs: node.mtimeMs };
  }

  touch(path: string): void {
    this.#before('touch', path);
    const node = this.#find(path, 'utime');
    if (node === null) throw systemError('ENOENT', 'utime', path);
    node.mtimeMs = this.#tick();
  }

  watch(folder: string, onChange: () => void): () => void {
    if (this.#find(folder, 'watch') === null) throw systemError('ENOENT', 'watch', folder);
    const watchers = this.#watchers.get(folder) ?? new Set();
    this.#watchers.set(folder, watchers.add(onChange));
    return () => {
      watchers.delete(onChange);
    };
  }

  /** Number of descriptors that were not closed. */
  get openCount(): number {
    return this.#open.size;
  }

  #put(file: FileNode, change: Change, path: string): void {
    file.live = apply(file.live, change);
    file.pending.push(change);
    file.mtimeMs = this.#tick();
    this.changes.note(file, [posix.basename(path)]);
  }

  #before(op: FsOp, path: string, isHalfDone = false): void {
    if (!this.#isHalted) this.onCall?.(op, path, isHalfDone);
    if (this.#isHalted) throw new Halted(`the process is dead: ${op} ${path}`);
  }

  #opened(op: FsOp, fd: Fd): OpenFile {
    const opened = this.#open.get(fd);
    if (opened === undefined) throw systemError('EBADF', op, '');
    return opened;
  }

  #file(op: FsOp, fd: Fd): FileNode {
    this.#before(op, this.#open.get(fd)?.path ?? '');
    const { node, path } = this.#opened(op, fd);
    if (node.kind === 'folder') throw systemError('EISDIR', op, path);
    return node;
  }

  #find(path: string, call: string): Node | null {
    let node: Node | undefined = this.#root;
    for (const name of segments(path)) {
      if (node.kind !== 'folder') throw systemError('ENOTDIR', call, path);
      node = node.live.get(name);
      if (node === undefined) return null;
    }
    return node;
  }

  #parentOf(path: string): [FolderNode, string] {
    const name = segments(path).at(-1) ?? '';
    const parent = this.#find(posix.dirname(path), 'open');
    if (parent === null) throw systemError('ENOENT', 'open', path);
    if (parent.kind !== 'folder') throw systemError('ENOTDIR', 'open', path);
    return [parent, name];
  }

  #change(folder: FolderNode, path: string, change: EntryChange): void {
    applyEntries(folder.live, change);
    folder.pending.push(change);
    folder.mtimeMs = this.#tick();
    this.changes.note(folder, [...change.keys()]);
    this.#changed(posix.dirname(path));
  }

  #changed(folder: string): void {
    for (const onChange of this.#watchers.get(folder) ?? []) queueMicrotask(onChange);
  }

  #tick(): number {
    this.#nowMs += 1;
    return this.#nowMs;
  }
}

/** Nothing in memory is a symbolic link. */
function isReading(mode: OpenMode): boolean {
  return mode === 'r' || mode === 'rNoFollow';
}
