/**
 * Releases the branches of ended runs to the user.
 *
 * Owns: releasing them at a run's end, and at a start if the end was cut off before that. Does not own: git (adapters), which runs have
 * ended (engine/driver).
 *
 * Invariant: a refusal by git holds nothing up: the next start, or the run that needs the branch, tries again.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SerialQueue } from '../../base/serial-queue.ts';
import { PawlError } from '../../model/error.ts';
import type { LiveRun } from '../live-run.ts';
import type { World } from '../world.ts';

/** Releases the branches of ended runs, one after another. */
export class BranchReleases {
  readonly #world: World;
  readonly #onBug: (error: unknown) => void;
  readonly #queue = new SerialQueue();

  constructor(world: World, onBug: (error: unknown) => void) {
    this.#world = world;
    this.#onBug = onBug;
  }

  /** The run has ended: once its own short work is over, its worktree releases the branch. */
  ofRun(run: LiveRun): void {
    const { files, paths } = this.#world;
    const worktree = paths.worktree(run.runId);
    void this.#queue.add(async () => {
      // Whoever has ended it is answered first.
      await nextTurn();
      await run.quietly(async () => undefined);
      // One that was never prepared holds none.
      if (run.state.root.context.headCommit === null && !files.exists(worktree)) return;
      await this.ofWorktrees([worktree]);
    });
  }

  /** These worktrees hold no branch any more, or the log says why one does. */
  async ofWorktrees(worktrees: readonly string[]): Promise<void> {
    if (worktrees.length === 0) return;
    try {
      await this.#world.git.releaseEnded(worktrees);
    } catch (error) {
      if (error instanceof PawlError) this.#world.log(`an ended run still holds its branch: ${error.message}`);
      else this.#onBug(error);
    }
  }

  /** Resolves when every requested release is over. */
  settled(): Promise<void> {
    return this.#queue.settled();
  }
}
