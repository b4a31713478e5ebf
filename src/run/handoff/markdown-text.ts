/**
 * Text from outside in Markdown: it stays plain text, whatever it holds.
 *
 * Owns: the two places for such text: a line, and a code span. Does not own: the page around it (run/handoff/bundle).
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

/** A name (a branch, a path, a command) as a code span: complete, with invisible characters written out. */
export function markdownName(name: string): string {
  return codeSpan(visible(name));
}

/** Between more backticks than stand together anywhere inside: no text ends its own span (CommonMark 6.1). */
function codeSpan(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  // Readers strip one space from both ends.
  const pad = longest > 0 || text === '' || /^ .* $/.test(text) ? ' ' : '';
  return `${fence}${pad}${text}${pad}${fence}`;
}

function plain(text: string): string {
  return visible(text.replaceAll(/\s+/g, ' ')).trim();
}
