/**
 * A disk whose syncs end in an order that somebody else chooses: what two systems do at once comes in every order, drawn by a seed.
 *
 * Owns: holding syncs back, choosing the next one. Does not own: the disk (memory/memory-fs).
 */
import type { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { random } from '../../src/prove/memory/memory-nodes.ts';

/** Turns of the event loop for which a sync is kept from ending, at most, while others come to wait beside it. */
const PATIENCE = 4;

/** `body` with every sync of the disk held back until it is drawn. */
export async function withAdversary<T>(disk: MemoryFs, seed: number, body: () => Promise<T>): Promise<T> {
  const draw = random(seed);
  const waiting: (() => void)[] = [];
  let isOver = false;
  disk.onSync = () => new Promise<void>((resolve) => void waiting.push(resolve));
  const letOneGo = (): void => {
    const [chosen] = waiting.splice(Math.floor(draw() * waiting.length), 1);
    chosen?.();
  };
  const choose = async (): Promise<void> => {
    while (!isOver) {
      for (let turns = Math.floor(draw() * PATIENCE); turns >= 0; turns -= 1)
        await new Promise<void>((resolve) => setImmediate(resolve));
      letOneGo();
    }
    disk.onSync = null;
    for (const resolve of waiting) resolve();
  };
  const choosing = choose();
  try {
    return await body();
  } finally {
    isOver = true;
    await choosing;
  }
}
