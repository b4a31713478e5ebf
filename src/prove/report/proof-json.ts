/**
 * A proof as JSON.
 *
 * Owns: the text of `proof.json`. Does not own: its schema (proof-schema), where it is written (cli).
 */
import type { Proof } from '../proof.ts';
import { proofSchema } from './proof-schema.ts';

/** The text of `proof.json`. Throws for a proof that no reader would take. */
export function proofJson(proof: Proof): string {
  return `${JSON.stringify(proofSchema.parse(proof), null, 2)}\n`;
}
