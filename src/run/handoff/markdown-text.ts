/**
 * Text from outside inside Markdown: nothing but text, whatever it holds.
 *
 * Owns: the two places that such text may stand in: a line, and a code span. Does not own: the page around it (run/handoff/bundle).
 */
import { sanitise } from '../../base/sanitise.ts';
import { visible } from '../../base/visible.ts';
import { BOUNDS } from '../../model/limits.ts';

/** One line that is nothing but text: no markup, no HTML, no way out of its line or table cell. */
export function markdownLine(text: string): string {
  return plain(sanitise(text, BOUNDS.outputTailChars))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`|[\]*_]/g, '\\$&');
}

/** Words of a worker as a code span, on one line. */
export function markdownCode(text: string): string {
  return codeSpan(plain(sanitise(text, BOUNDS.outputTailChars)));
}

/** A name (a branch, a path, a command) as a code span: whole, with what cannot be seen written out. */
export function markdownName(name: string): string {
  return codeSpan(visible(name));
}

/** Between more backticks than stand together anywhere inside: no text ends its own span (CommonMark 6.1). */
function codeSpan(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // One space is taken off both ends by whoever reads it.
  const pad = longest > 0 || text === '' || /^ .* $/.test(text) ? ' ' : '';
  return `${fence}${pad}${text}${pad}${fence}`;
}

function plain(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ')).trim();
}
