/**
 * Names from outside, made visible: what a terminal or a page would obey, or not show, is written out instead.
 *
 * Owns: which characters are hidden, and how they are written out. Does not own: worker text (base/sanitise), shell words (base/shell-words).
 *
 * Invariants: 1. Two names that differ never look alike because of a character that takes no place. 2. Plain names come back as they are.
 */

/** Control and format characters (bidi among them), what takes no place, line separators, spaces that are not the common one. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Surrogate}]|(?! )\p{Zs}/gu;

/** `name` on one line, with everything in it that cannot be seen written out (`\n`, `\u{202e}`). */
export function visible(name: string): string {
  return name.replace(HIDDEN, written);
}

/** JSON text in which nothing is hidden: the same value, what cannot be seen as escapes (RFC 8259, section 7). */
export function visibleJson(json: string): string {
  return json.replace(HIDDEN, (character) =>
    // Line ends and indentation are not inside of a string: there they are escapes already.
    character === '\n' ? character : Array.from({ length: character.length }, (_, at) => unit(character, at)).join(''),
  );
}

function unit(character: string, at: number): string {
  return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
}

/** True when `name` holds a character that cannot be seen. */
export function hasHidden(name: string): boolean {
  return name.search(HIDDEN) !== -1;
}

function written(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default:
      return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  }
}
