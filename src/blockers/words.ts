/**
 * What an entry of the catalogue of blockers is, and the turns of phrase that its entries share.
 *
 * Owns: those. Does not own: any code's words (blockers/place-words, agent-words, task-words).
 */

import { elapsed } from '../base/elapsed.ts';
import { listed } from '../base/listed.ts';
import { unreachable } from '../base/unreachable.ts';
import type { BlockerCode, BlockerParams, Ended, Obstacle, SomeNames } from '../model/blocker.ts';
import { budgetWords } from '../turn/ledger.ts';

/** What is said of a blocker. */
export interface Words {
  readonly message: string;
  /** What to do where these facts tell more than the code's own hint. */
  readonly hint?: string;
}

/** A code's place in the catalogue. */
export interface Entry<Params> {
  /** What to do, whatever the facts are; without a command. */
  readonly hint: string;
  readonly words: (params: Params) => Words;
}

/** The entries of those codes. */
export type Entries<Code extends BlockerCode> = { readonly [Each in Code]: Entry<BlockerParams[Each]> };

/** What somebody said, after a sentence of ours; nothing where nothing was said. */
export function itSaid(said: string): string {
  return said === '' ? '' : ` It said: ${said}`;
}

/** The instant as everybody writes it. */
export function instantOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** `a, b and 3 more`. */
export function someOf({ names, count }: SomeNames): string {
  return listed(names, names.length, count);
}

/** Of an end that was forced: `sentence`, why in more words, and the answer that there was already. */
export function endWords(sentence: string, { obstacle, answered }: Ended): Words {
  const why = obstacle === null ? '' : ` Reason: ${obstacleWords(obstacle)}.`;
  const answer = answered === null ? '' : ` It had already written an answer: ${answered}.`;
  return { message: `${sentence}${why}${answer}` };
}

function obstacleWords(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case 'said':
      return obstacle.words;
    case 'silent':
      return obstacle.hasSigns
        ? `it has produced no output for ${elapsed(obstacle.ms)}, although it gave other signs of life (limits.silenceMaxMs)`
        : `for ${elapsed(obstacle.ms)} it produced no output, used no processor time, started no process and changed no file (limits.stallMs)`;
    case 'used':
      return `this turn has used ${budgetWords({ ...obstacle.spent, isEstimate: false }, obstacle.budget)} that were left`;
    default:
      return unreachable(obstacle);
  }
}
