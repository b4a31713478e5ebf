/**
 * Blockers as plain types: why a run is halted, as facts.
 *
 * Owns: the type of each code's blocker, and making one. Does not own: the parameters (model/blocker-shapes), words (blockers/catalogue).
 * Free of zod: machines, hosts and views load this file.
 */
import type { z } from 'zod';
import type { BLOCKER_SHAPES } from './blocker-shapes.ts';

type Shape = z.infer<(typeof BLOCKER_SHAPES)[number]>;

/** The codes that a blocker can have. */
export type BlockerCode = Shape['code'];

/** The facts that the words of each code are made of. */
export type BlockerParams = { readonly [Each in Shape as Each['code']]: Each['params'] };

/** What happened, as facts: a blocker without its evidence. */
export type CauseOf<Code extends BlockerCode> = {
  readonly [Each in Code]: { readonly code: Each; readonly params: BlockerParams[Each] };
}[Code];

/** What happened, as facts, of any code. */
export type Cause = CauseOf<BlockerCode>;

/** A blocker of that code. */
export type BlockerOf<Code extends BlockerCode> = {
  readonly [Each in Code]: {
    readonly code: Each;
    readonly params: BlockerParams[Each];
    /** References to what shows it: artifact paths, task ids, commits, surfaces. Never contents. */
    readonly evidence: readonly string[];
  };
}[Code];

/** What was in the way of a worker, or why it was ended, in more words than the end itself has. */
export type Obstacle = NonNullable<BlockerParams['PAWL_WORKER_STALLED']['obstacle']>;

/** What somebody said of it. */
export function said(words: string): Obstacle {
  return { kind: 'said', words };
}

/** Why a gate's verdict does not count. */
export type Overruled = NonNullable<BlockerParams['PAWL_GATE_FAILED']['overruled']>;

/** The first few of many names, and how many there are. */
export type SomeNames = BlockerParams['PAWL_SURFACE_CONFLICT']['paths'];

/** What a worker that was ended is told with: why, in more words, and the answer that it had already written. */
export type Ended = BlockerParams['PAWL_WORKER_STALLED'];

/** A blocker with those facts. */
export function blocker<Code extends BlockerCode>(
  code: Code,
  params: BlockerParams[Code],
  evidence: readonly string[],
): BlockerOf<Code> {
  return { code, params, evidence };
}

/** The first `max` of these names. */
export function firstOf(names: readonly string[], max: number): SomeNames {
  return { names: names.slice(0, max), count: names.length };
}
