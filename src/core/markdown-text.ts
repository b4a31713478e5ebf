/**
 * Text from outside inside of Markdown: nothing but text, whatever it holds.
 *
 * Owns: the two places that such text may stand in: a line, and a code span. Does not own: the page around it (core/handoff).
 */
import { visible } from '../base/visible.ts';
import { BOUNDS } from '../model/limits.ts';
import { sanitise } from './sanitise.ts';

/** One line that is nothing but text: no markup, no HTML, no way out of its line or table cell. */
export function markdownLine(text: string): string {
  return plain(sanitise(text, BOUNDS.outputTailChars))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\|[\]*_]/g, '\\$&');
}

/** One line for the inside of a code span, where only a backtick means anything: words of a worker. */
export function markdownCode(text: string): string {
  return plain(sanitise(text, BOUNDS.outputTailChars));
}

/** A name (a branch, a path) for the inside of a code span: whole, with what cannot be seen written out. */
export function markdownName(name: string): string {
  return visible(name).replaceAll('`', "'");
}

function plain(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ')).replaceAll('`', "'").trim();
}
