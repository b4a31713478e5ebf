/**
 * HTML that is put together from text without ever taking text for HTML.
 *
 * Owns: escaping. Does not own: any page.
 *
 * Invariant: 1. What stands in a hole of the template is shown and never obeyed, in text and in attributes in double quotes, unless it is markup
 * made here.
 */
import { harmless } from './words.ts';

/** Markup that `html` has made. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a hole; null leaves nothing. */
export type Hole = string | number | Markup | null | readonly Hole[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** The template as markup, its holes filled. */
export function html(template: TemplateStringsArray, ...holes: readonly Hole[]): Markup {
  return new Markup(template.map((part, n) => `${part}${filled(holes[n] ?? null)}`).join(''));
}

function filled(hole: Hole): string {
  if (hole === null) return '';
  if (hole instanceof Markup) return hole.text;
  if (typeof hole === 'object') return hole.map(filled).join('');
  return harmless(String(hole)).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');
}
