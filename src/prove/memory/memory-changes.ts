/**
 * What has changed on the file system in memory: versions for those who ask whether anything did, and what is not durable yet.
 *
 * Owns: counting changes, which of them nobody can see. Does not own: the changes themselves (memory-nodes), the calls (memory-fs).
 */
import { posix } from 'node:path';
import { copyNode, type Node, settle } from './memory-nodes.ts';

/** The changes of one file system. */
export class Changes {
  /** Raised by every change that somebody can see. */
  live = 0;
  /** Raised whenever such a change became durable. */
  durable = 0;
  /** Names that nobody ever looks for: what happens to them raises nothing. */
  isUnseen: (name: string) => boolean = () => false;
  readonly #unsettled = new Set<Node>();

  /** True when a power cut would lose nothing. */
  get isSettled(): boolean {
    return this.#unsettled.size === 0;
  }

  /** The node has changed; `names`: the file's own, or those of the entries that changed in a folder. */
  note(node: Node, names: readonly string[]): void {
    this.#unsettled.add(node);
    if (this.#isSeen(names)) this.live += 1;
  }

  /** What is pending of the node, opened under `path`, is durable. */
  settle({ node, path }: { readonly node: Node; readonly path: string }): void {
    const names = node.kind === 'file' ? [posix.basename(path)] : node.pending.flatMap((change) => [...change.keys()]);
    if (node.pending.length > 0 && this.#isSeen(names)) this.durable += 1;
    this.#unsettled.delete(node);
    settle(node);
  }

  /** What is not durable here is not durable there: `copies` holds the nodes' copies. */
  copyTo(other: Changes, copies: Map<Node, Node>): void {
    for (const node of this.#unsettled) other.#unsettled.add(copyNode(node, copies));
  }

  #isSeen(names: readonly string[]): boolean {
    return names.some((name) => !this.isUnseen(name));
  }
}
