/**
 * What happens where two processes meet on one disk.
 *
 * Owns: the loop over all meetings of two, one of which acts at once. Does not own: the file system (memory/memory-fs), what is checked.
 *
 * What waits for the disk is asynchronous, and nothing can run to its end in the middle of another one's call. So the second process
 * acts on a copy of the disk as the first one has made it up to there; then the first one starts again, from the same nonces, and in its way
 * the calls of the second are made in one go, each with the result that it had.
 */
import { expect } from 'vitest';
import { systemCode } from '../../src/model/error.ts';
import type { Fd } from '../../src/ports/fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { haltBefore, isHalting, nonces } from './store-kit.ts';

/** One call of the second process, to be made again. */
type Step = (fs: MemoryFs) => void;

/** Runs `first`, with all of `second` happening before the 1st, 2nd, … call of it. Returns the number of ways they met. */
export async function forEachMeeting<A, B>(
  prepare: (fs: MemoryFs) => unknown,
  first: (fs: MemoryFs) => Promise<A>,
  second: (fs: MemoryFs) => Promise<B>,
  check: (fs: MemoryFs, first: A, second: B) => unknown,
): Promise<number> {
  for (let at = 1; at < 1_000; at += 1) {
    const given = nonces.given;
    const halted = new MemoryFs();
    await prepare(halted);
    haltBefore(halted, at);
    if (!(await isHalting(() => first(halted)))) return at - 1;
    const met = nonces.given;
    const steps: Step[] = [];
    const secondResult = await second(recording(halted.fork(), steps));
    const after = nonces.given;

    nonces.given = given;
    const fs = new MemoryFs();
    await prepare(fs);
    let count = 0;
    fs.onCall = () => {
      count += 1;
      if (count !== at) return;
      fs.onCall = null;
      expect(nonces.given).toBe(met);
      nonces.given = after;
      for (const step of steps) step(fs);
    };
    const firstResult = await first(fs);
    fs.onCall = null;
    await check(fs, firstResult, secondResult);
  }
  throw new Error('the loop has no end');
}

/** The same file system; every call made through it is kept in `steps`. */
function recording(fs: MemoryFs, steps: Step[]): MemoryFs {
  const opened = new Map<unknown, Fd>();
  return new Proxy(fs, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const outcome = outcomeOf(target, name, args);
        steps.push((again) => {
          const repeated = repeat(again, name, args, opened);
          if (name === 'open' && 'value' in outcome) opened.set(outcome.value, Number(repeated.value));
          else expect([name, ...args, told(repeated)]).toEqual([name, ...args, told(outcome)]);
        });
        if ('error' in outcome) throw outcome.error;
        return outcome.value;
      };
    },
  });
}

interface Outcome {
  readonly value?: unknown;
  readonly error?: unknown;
}

/** The call again, its descriptor that of the file which it opened this time. A sync is over at once. */
function repeat(fs: MemoryFs, name: string | symbol, args: unknown[], opened: ReadonlyMap<unknown, Fd>): Outcome {
  const [first, ...others] = args;
  const mapped = typeof first === 'number' ? [opened.get(first), ...others] : args;
  return outcomeOf(fs, name, mapped);
}

function outcomeOf(fs: MemoryFs, name: string | symbol, args: unknown[]): Outcome {
  try {
    return { value: Reflect.apply(Reflect.get(fs, name, fs), fs, args) };
  } catch (error) {
    return { error };
  }
}

/** What the process sees of it; not the time of a change, nor the promise of a sync. */
function told({ value, error }: Outcome): unknown {
  if (error !== undefined) return { failed: systemCode(error) ?? String(error) };
  if (value instanceof Promise) return 'promised';
  return value instanceof Object && 'mtimeMs' in value ? { ...value, mtimeMs: 0 } : value;
}
