/**
 * How often each operation was asked.
 *
 * Owns: those counts, since the daemon began. Does not own: showing them (daemon/metrics).
 */
import type { OperationId } from './api/paths.ts';

/** Counts requests. */
export class RequestCounts {
  readonly #counts = new Map<OperationId, number>();

  /** The operation was asked once more. */
  count(id: OperationId): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
  }

  /** Of every operation that was asked, how often. */
  entries(): readonly (readonly [OperationId, number])[] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
