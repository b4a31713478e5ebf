/**
 * The nodes of the file system in memory: each with a live and a durable side, and what is pending between them.
 *
 * Owns: changes, settling them, and what a crash leaves. Does not own: the calls (memory/memory-fs).
 */

/** `everything`: the process died, the system did not. `nothing`: power cut, nothing unsynced survives. A seed: a part of it. */
export type CrashChoice = 'everything' | 'nothing' | { readonly seed: number };

/** Bytes that are put somewhere, or a cut. */
export type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly size: number };
type Entries = Map<string, Node>;
/** Names that appear (a node) or go (null), all at once. */
export type EntryChange = ReadonlyMap<string, Node | null>;

/** One file, under however many names. */
export interface FileNode {
  readonly kind: 'file';
  live: Uint8Array;
  durable: Uint8Array;
  pending: Change[];
  mtimeMs: number;
}
/** One folder. */
export interface FolderNode {
  readonly kind: 'folder';
  live: Entries;
  durable: Entries;
  pending: EntryChange[];
  mtimeMs: number;
}
/** What a name stands for. */
export type Node = FileNode | FolderNode;

/** A small generator of numbers in [0, 1), the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** An empty folder, durable. */
export function newFolder(mtimeMs = 0): FolderNode {
  return { kind: 'folder', live: new Map(), durable: new Map(), pending: [], mtimeMs };
}

/** The content after the change; the given one stays as it is. */
export function apply(content: Uint8Array, change: Change): Uint8Array {
  if ('size' in change) {
    const cut = new Uint8Array(change.size);
    cut.set(content.subarray(0, change.size));
    return cut;
  }
  const grown = new Uint8Array(Math.max(content.length, change.at + change.bytes.length));
  grown.set(content);
  grown.set(change.bytes, change.at);
  return grown;
}

/** The entries are changed. */
export function applyEntries(entries: Entries, change: EntryChange): void {
  for (const [name, node] of change) {
    if (node === null) entries.delete(name);
    else entries.set(name, node);
  }
}

/** What the node holds is durable. */
export function settle(node: Node): void {
  if (node.kind === 'file') node.durable = node.live;
  else node.durable = new Map(node.live);
  node.pending = [];
}

/** A copy of what a crash leaves of the node and all below it; a file with two names stays one. */
export function survive(node: Node, keep: 'everything' | 'nothing' | (() => number), done: Map<Node, Node>): Node {
  const known = done.get(node);
  if (known !== undefined) return known;
  if (node.kind === 'file') {
    const content = survivingContent(node, keep);
    const file: FileNode = { kind: 'file', live: content, durable: content, pending: [], mtimeMs: node.mtimeMs };
    done.set(node, file);
    return file;
  }
  const folder = newFolder(node.mtimeMs);
  done.set(node, folder);
  const entries = new Map(keep === 'everything' ? node.live : node.durable);
  if (typeof keep === 'function') {
    for (const change of node.pending) if (keep() < 0.5) applyEntries(entries, change);
  }
  for (const [name, child] of entries) folder.live.set(name, survive(child, keep, done));
  folder.durable = new Map(folder.live);
  return folder;
}

/** A copy of the node and all below it, with what is pending: what another process on the same system finds. */
export function copyNode(node: Node, done: Map<Node, Node>): Node {
  const known = done.get(node);
  if (known !== undefined) return known;
  if (node.kind === 'file') {
    const file: FileNode = { ...node, pending: [...node.pending] };
    done.set(node, file);
    return file;
  }
  const folder = newFolder(node.mtimeMs);
  done.set(node, folder);
  for (const [name, child] of node.live) folder.live.set(name, copyNode(child, done));
  for (const [name, child] of node.durable) folder.durable.set(name, copyNode(child, done));
  folder.pending = node.pending.map(
    (change) => new Map([...change].map(([name, child]) => [name, child === null ? null : copyNode(child, done)])),
  );
  return folder;
}

function survivingContent(file: FileNode, keep: 'everything' | 'nothing' | (() => number)): Uint8Array {
  if (keep === 'everything') return file.live;
  if (keep === 'nothing') return file.durable;
  let content = file.durable;
  for (const change of file.pending) {
    const chance = keep();
    if (chance < 0.4) content = apply(content, change);
    else if (chance < 0.7 && 'bytes' in change) {
      content = apply(content, {
        at: change.at,
        bytes: change.bytes.subarray(0, Math.floor(keep() * change.bytes.length)),
      });
    }
  }
  return content;
}
