/**
 * The one shape of a refusal by git's side.
 *
 * Owns: that its evidence is safe to show. Does not own: what the codes mean (docs/errors.md), their words (blockers/catalogue).
 */
import type { Blocker } from '../../model/error.ts';
import { shown } from './git-environment.ts';

const EVIDENCE_MAX = 20;

/** A refusal with at most 20 references. Names and words among the blocker's facts are `shown` by whoever makes it. */
export function refusal(blocker: Blocker): { readonly kind: 'refused'; readonly blocker: Blocker } {
  const evidence = blocker.evidence.slice(0, EVIDENCE_MAX).map((entry) => shown(entry));
  return { kind: 'refused', blocker: { ...blocker, evidence } };
}
