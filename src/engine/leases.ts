/**
 * Which run holds which surfaces: an index derived from the journals, rebuilt at every start.
 *
 * Owns: the table of holders, conflicts over it. Does not own: the lease itself (an event in the run's journal), waking (engine/changes).
 *
 * Invariant: two runs never hold overlapping surfaces; who asks first is answered first.
 */
import { locally, overlapping } from '../packets/surfaces.ts';
import { Changes } from './changes.ts';

/** What one run holds, and until when. */
export interface Hold {
  readonly runId: string;
  readonly surfaces: readonly string[];
  readonly expiresAtMs: number;
}

/** The run that is in the way, and where. */
export interface Conflict {
  readonly holder: Hold;
  /** What was asked for and overlaps. */
  readonly surfaces: readonly string[];
  /** What the holder has of it. */
  readonly held: readonly string[];
}

/** Which run holds which surfaces. */
export class LeaseTable {
  readonly #holds = new Map<string, Hold>();
  readonly #changes = new Changes();

  /** The run's hold is what its journal says; null: it holds nothing. Waiters look again. */
  set(runId: string, hold: Omit<Hold, 'runId'> | null): void {
    const before = this.#holds.get(runId);
    if (hold === null) this.#holds.delete(runId);
    else this.#holds.set(runId, { runId, ...hold });
    if (before !== undefined && hold === null) this.wake();
  }

  /** The first hold of another run that overlaps, or null. */
  conflict(runId: string, surfaces: readonly string[]): Conflict | null {
    return this.conflicts(runId, surfaces)[0] ?? null;
  }

  /** Every hold of another run that overlaps, with those of `surfaces` that do. */
  conflicts(runId: string, surfaces: readonly string[]): readonly Conflict[] {
    const whole = [...surfaces, ...(this.#holds.get(runId)?.surfaces ?? [])];
    const asked = locally(surfaces, whole);
    return [...this.#holds.values()]
      .filter((holder) => holder.runId !== runId)
      .map((holder) => {
        const held = locally(holder.surfaces);
        return { holder, surfaces: overlapping(asked, held), held: overlapping(held, asked) };
      })
      .filter((conflict) => conflict.surfaces.length > 0);
  }

  /** Everyone who waits looks again, in the order of waiting. */
  wake(): void {
    this.#changes.announce();
  }

  /** Resolves at the next change, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#changes.next(signal);
  }
}
