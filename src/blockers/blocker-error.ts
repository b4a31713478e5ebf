/**
 * A failure that can halt a run, as an error.
 *
 * Owns: that its words are those of the catalogue, and that it carries its facts. Does not own: what a run makes of it (engine/effects/perform).
 */
import { type Blocker, type ErrorDetails, PawlError } from '../model/error.ts';
import { wordsOf } from './catalogue.ts';

/** The blocker as an error about `subject`. */
export function blockerError(
  blocker: Blocker,
  facts: Pick<ErrorDetails, 'subject' | 'kind' | 'cause'> & { readonly code?: ErrorDetails['code'] },
): PawlError {
  return new PawlError({ code: blocker.code, ...wordsOf(blocker), ...facts, evidence: blocker.evidence, blocker });
}
