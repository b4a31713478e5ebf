/**
 * The mark of a service file that Pawl has written: whose it is, and whether somebody has edited it since.
 *
 * Owns: the mark, what it says of a text, the differences of two texts. Does not own: the texts (unit-text, plist-text), what follows (service).
 *
 * Invariants: 1. The mark is one line, a comment, with the version of its form and a hash of all other lines. 2. Differences show no value of a
 * variable that Pawl would not write.
 */
import { sha256 } from '../../base/sha256.ts';

const VERSION = 1;
const HASH_DIGITS = 16;
const MARK = /^(?:# |<!-- )pawl service (?<version>\d+) (?<hash>[0-9a-f]{16})(?: -->)?\n/m;

/** Whose a service file is. `edited`: ours, with other lines than we wrote. */
export type Ownership = 'foreign' | 'edited' | 'ours';

/** The lines with their mark, which `comment` turns into a comment of their language, behind the first `after` lines. */
export function marked(lines: readonly string[], comment: (mark: string) => string, after = 0): string {
  const mark = comment(`pawl service ${VERSION} ${hashOf(`${lines.join('\n')}\n`)}`);
  return `${[...lines.slice(0, after), mark, ...lines.slice(after)].join('\n')}\n`;
}

/** Whose the text is. A mark of a later version is that of an edited file: this Pawl cannot tell. */
export function ownershipOf(text: string): Ownership {
  const found = MARK.exec(text);
  if (found === null) return 'foreign';
  const isAsWritten = found.groups?.hash === hashOf(text.replace(MARK, ''));
  return Number(found.groups?.version) === VERSION && isAsWritten ? 'ours' : 'edited';
}

/** The lines that only one of the two has, in order: `- ` only `present`, `+ ` only `wanted`; marks do not count. */
export function differencesOf(present: string, wanted: string): string[] {
  const [has, wants] = [linesOf(present), linesOf(wanted)];
  return [
    ...without(has, wants).map((line) => `- ${withoutValue(line)}`),
    ...without(wants, has).map((line) => `+ ${line}`),
  ];
}

function linesOf(text: string): string[] {
  return text
    .replace(MARK, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** A unit's variable without its value; a property list's strings without theirs. */
function withoutValue(line: string): string {
  return line
    .replace(/^(\s*Environment\s*=\s*["']?[A-Za-z_][A-Za-z0-9_]*=).*/, '$1…')
    .replace(/<string>.*?<\/string>/g, '<string>…</string>');
}

function hashOf(text: string): string {
  return sha256(text).slice(0, HASH_DIGITS);
}
