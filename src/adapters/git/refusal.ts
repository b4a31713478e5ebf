/**
 * The one shape of a refusal by git's side.
 *
 * Owns: building the blocker, with its evidence made safe to show. Does not own: what the codes mean (docs/errors.md).
 */
import type { Blocker } from '../../model/error.ts';
import { shown } from './git-environment.ts';

const EVIDENCE_MAX = 20;

/** A refusal that names what happened, what to do, and at most 20 references. */
export function refusal(
  code: Blocker['code'],
  message: string,
  hint: string,
  evidence: readonly string[],
): { readonly kind: 'refused'; readonly blocker: Blocker } {
  const shownEvidence = evidence.slice(0, EVIDENCE_MAX).map((entry) => shown(entry));
  return { kind: 'refused', blocker: { code, message: shown(message), hint, evidence: shownEvidence } };
}
