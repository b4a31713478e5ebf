/**
 * Runs that turn out to contradict themselves while they are driven: set aside one after another.
 *
 * Owns: distinguishing such a failure from others, the queue of those that are being set aside. Does not own: setting one aside (engine/recovery/set-aside), what becomes of its
 * place among the others (engine/driver).
 */
import { surfacesToLease } from '../../../machines/run/surfaces.ts';
import { SerialQueue } from '../../base/serial-queue.ts';
import { PawlError } from '../../model/error.ts';
import { ERROR_CODES, EXIT } from '../../model/error-codes.ts';
import type { LiveRun } from '../live-run.ts';
import type { World } from '../world.ts';
import type { Finding } from './rehydrate.ts';
import { setAside } from './set-aside.ts';

/** Sets aside runs of one driver. */
export class Asides {
  readonly #world: World;
  /** The run is set aside, and has been stopped. */
  readonly #onAside: (runId: string) => void;
  readonly #onBug: (error: unknown) => void;
  readonly #queue = new SerialQueue();

  constructor(world: World, onAside: (runId: string) => void, onBug: (error: unknown) => void) {
    this.#world = world;
    this.#onAside = onAside;
    this.#onBug = onBug;
  }

  /** What was found, where the failure means that the run is to be set aside, which has begun; null where it means something else. */
  begin(run: LiveRun, error: unknown): Finding | null {
    if (!(error instanceof PawlError) || ERROR_CODES[error.code] !== EXIT.quarantined) return null;
    const { code, message: detail } = error;
    const { packetTaskId } = run.state.root.context;
    const surfaces = surfacesToLease(run.state.root.context);
    const finding: Finding = { class: 'ambiguous', detail, action: 'the run is set aside as it is' };
    this.#queue
      .add(async () => {
        await run.stop();
        await this.#world.inbox.file(run.runId);
        await setAside(this.#world, run.runId, { code, detail, surfaces, taskId: packetTaskId }, [finding]);
        this.#onAside(run.runId);
      })
      .catch((cause: unknown) => this.#onBug(cause));
    return finding;
  }

  /** Resolves when nothing is being set aside any more. */
  settled(): Promise<void> {
    return this.#queue.settled();
  }
}
