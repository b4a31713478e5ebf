/**
 * Texts as wide as a terminal shows them: a letter of Chinese takes two columns, an accent none.
 *
 * Owns: measuring, cutting and padding by columns. Does not own: what is hidden in a text (base/visible), colours: texts here have none.
 */
import stringWidth from 'string-width';

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** The columns that a terminal needs for `text`. */
export function columnsOf(text: string): number {
  return stringWidth(text);
}

/** `text` in at most so many columns; cut, it ends with `…`. */
export function cutColumns(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  for (const { segment } of GRAPHEMES.segment(text)) {
    if (columnsOf(kept) + columnsOf(segment) + 1 > columns) break;
    kept += segment;
  }
  return columns < 1 ? '' : `${kept}…`;
}

/** `text` with blanks behind it, so many columns wide. */
export function padColumns(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}
