/**
 * Names that would do something if a shell or a terminal obeyed them.
 *
 * Owns: the list. Does not own: where such names can come in.
 */

/** Ids, branches and paths as somebody hostile would choose them. */
export const HOSTILE: readonly string[] = [
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's, not ours
  'work/x;touch${IFS}PWNED',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's, not ours
  'work/$(touch${IFS}PWNED)',
  'work/`touch\tPWNED`',
  "work/'; touch PWNED; '",
  'work/"; touch PWNED; "',
  "'$(touch PWNED)'",
  'a && touch PWNED',
  'a | touch PWNED',
  'a\ntouch PWNED\n',
  'a\r\ntouch PWNED\r\n',
  '> PWNED',
  'a\u0003touch PWNED\n',
  'a\u001b[201~touch PWNED\n',
  "a\u202e'; touch PWNED; '",
  '\u2066work\u2069/\u200bx',
  'a\\',
  "a\\'",
  '!!',
  '~root',
  '*',
  '{a,b}',
  '$HOME',
  '#comment',
  '=ls',
  '-rf',
  '',
  ' ',
  'grüße/😀',
  'a\u00a0b',
  'a\u0085b',
];
