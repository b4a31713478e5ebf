/**
 * Commands that a person can paste: every argument quoted for a shell.
 *
 * Owns: the one quoting of arguments that everything shown uses. Does not own: which commands are shown (run/next-actions), splitting
 * the commands of packets (packets/allow-list).
 *
 * Invariants: 1. A POSIX shell executes of a pasted line nothing but its first word, whatever the arguments hold. 2. A line holds no
 * character that a terminal obeys and none that cannot be seen. 3. sh, bash, zsh, ksh and busybox read exactly `argv` back. One exception: a
 * shell without `$'…'` (dash) reads such a word literally; it executes nothing of it.
 */
import { hasHidden } from './visible.ts';

/** Words that no shell reads as anything but themselves; a leading `=` means something to zsh. */
const PLAIN = /^[A-Za-z0-9_./:@%+,-][A-Za-z0-9_./:@%+,=-]*$/;

/** `argv` as one line for a POSIX shell. */
export function shellCommand(argv: readonly string[]): string {
  return argv.map(shellWord).join(' ');
}

/** `word` as one argument for a POSIX shell; a plain word stays as it is. */
export function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  return hasHidden(word) ? ansiQuoted(word) : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Characters with a meaning inside of `$'…'`, or that cannot be seen. No quote is left in it, so that it ends where it seems to in every shell. */
function ansiQuoted(word: string): string {
  const text = Array.from(word, (character) => (mustEscape(character) ? octal(character) : character)).join('');
  return `$'${text}'`;
}

function mustEscape(character: string): boolean {
  return character === "'" || character === '\\' || hasHidden(character);
}

/** The UTF-8 bytes of the character as three octal digits each, so that no digit after it is taken for one of them. */
function octal(character: string): string {
  return Array.from(new TextEncoder().encode(character), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
