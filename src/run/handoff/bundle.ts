/**
 * The evidence bundle of a passed run, as JSON and as a page for people.
 *
 * Owns: making both from one document. Does not own: its content (run/handoff/document), the page (run/handoff/page).
 *
 * Invariant: the page holds what the JSON holds, and nothing else: it is made from the document alone.
 */
import { canonicalJson } from '../../base/canonical-json.ts';
import { type HandoffInput, handoffDocument } from './document.ts';
import { handoffPage } from './page.ts';

/** The bundle as canonical JSON text and as Markdown. */
export function handoffBundle(input: HandoffInput): { readonly json: string; readonly markdown: string } {
  const document = handoffDocument(input);
  return { json: canonicalJson(document), markdown: handoffPage(document) };
}
