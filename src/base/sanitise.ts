/**
 * Makes text of a worker or a user safe to keep and to print: no control codes, bidi marks written out, no likely secrets, bounded.
 *
 * Owns: what is stripped, what is masked, how a cut is marked. Does not own: where the text goes.
 *
 * Invariants: 1. The result never exceeds its bound and is well-formed Unicode, so that it has a canonical JSON form. 2. Time is
 * linear in the bound, whatever the input: it looks only at both ends of a long text. 3. Masking is a net, not a proof: docs say so.
 */

import { visible } from './visible.ts';

const MASK = '[secret]';

/** Read at one end beyond the bound, so that what is stripped and masked does not shorten the result. */
const WINDOW_FACTOR = 4;
const WINDOW_CHARS_MIN = 8_192;

/** How far into a cut text its first, broken word may reach. */
const BROKEN_WORD_CHARS_MAX = 2_048;

const QUOTE_CHARS_MAX = 100;

/** `text` without control codes and likely secrets, at most `charsMax` characters; a longer one is cut in its middle. */
export function sanitise(text: string, charsMax: number): string {
  const window = windowChars(charsMax);
  if (text.length <= 2 * window) {
    const clean = cleaned(text);
    return clean.length <= charsMax ? clean : cutMiddle(clean, clean, 0, charsMax);
  }
  const head = cleaned(text.slice(0, window));
  const tail = cleaned(withoutBrokenWord(text.slice(-window)));
  return cutMiddle(head, tail, text.length - 2 * window, charsMax);
}

/**
 * `text` without control codes and likely secrets: its last `charsMax` characters, with a mark where it was cut. `isCut`: it is itself
 * the end of a longer one, so that its first word may be the rest of a secret.
 */
export function sanitiseTail(text: string, charsMax: number, isCut = false): string {
  const window = windowChars(charsMax);
  const isLong = isCut || text.length > window;
  const clean = cleaned(isLong ? withoutBrokenWord(text.slice(-window)) : text);
  if (!isLong && clean.length <= charsMax) return clean;
  const mark = '[…]\n';
  if (charsMax <= mark.length) return '';
  return mark + lastChars(clean, charsMax - mark.length);
}

/** `text` without control codes and invisible characters, and nothing else of it changed: for what a person is going to read and edit. */
export function legible(text: string): string {
  return stripped(wellFormed(text));
}

/** `text` in quotes for a message: one line, control codes visible, short. */
export function quote(text: string): string {
  const short = text.length > QUOTE_CHARS_MAX ? `${firstChars(text, QUOTE_CHARS_MAX)}…` : text;
  return JSON.stringify(masked(wellFormed(short).replace(INVISIBLE, '').replace(DIRECTIONS, visible)));
}

function windowChars(charsMax: number): number {
  return Math.max(WINDOW_CHARS_MIN, charsMax * WINDOW_FACTOR);
}

function cleaned(text: string): string {
  return masked(stripped(wellFormed(text)));
}

function cutMiddle(head: string, tail: string, skippedChars: number, charsMax: number): string {
  const whole = head === tail ? head.length : head.length + tail.length + skippedChars;
  const mark = `\n[… ${whole} characters, cut …]\n`;
  const kept = charsMax - mark.length;
  if (kept <= 0) return firstChars(head, charsMax);
  const headChars = Math.ceil(kept / 2);
  return firstChars(head, headChars) + mark + lastChars(tail, kept - headChars);
}

/** Never ends within a surrogate pair. */
function firstChars(text: string, chars: number): string {
  const cut = text.slice(0, Math.max(0, chars));
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut;
}

/** Never begins within a surrogate pair. */
function lastChars(text: string, chars: number): string {
  const cut = chars <= 0 ? '' : text.slice(-chars);
  return /^[\uDC00-\uDFFF]/.test(cut) ? cut.slice(1) : cut;
}

/** A text cut at its front begins with a part of a word, which may be a part of a secret. */
function withoutBrokenWord(text: string): string {
  const space = text.slice(0, BROKEN_WORD_CHARS_MAX).search(/\s/);
  return space === -1 ? text.slice(BROKEN_WORD_CHARS_MAX) : text.slice(space + 1);
}

function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD');
}

/** Marks that turn the reading direction: they are written out, because what they stand in was made to be misread. */
const DIRECTIONS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** Marks that take no place: they are taken out, so that none can split a secret in two. */
const INVISIBLE = /[\u200B\u2060\uFEFF]/g;

/** ECMA-48: operating system commands and other strings, control sequences, short escapes; each ends where it must or at the next escape. */
const ESCAPES = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are made of them
  /(?:\u001B[\]PX^_]|[\u009D\u0090\u0098\u009E\u009F])[^\u0007\u001B\u009C\n]{0,4096}(?:\u0007|\u001B\\|\u009C)?/g,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are made of them
  /(?:\u001B\[|\u009B)[0-?]{0,256}[ -/]{0,16}[@-~]?/g,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are made of them
  /\u001B[ -/]{0,8}[0-~]?/g,
];

function stripped(text: string): string {
  let plain = text;
  for (const pattern of ESCAPES) plain = plain.replace(pattern, '');
  return plain
    .replace(/\r\n?/g, '\n')
    .replace(INVISIBLE, '')
    .replace(DIRECTIONS, visible)
    .replace(/(?![\n\t])\p{Cc}/gu, '');
}

const SECRET_WORD =
  '(?:secret|token|password|passwd|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|client[_-]?key)';

/** Each with what stays before and after the secret as `$1` and `$2`. Every repetition is bounded: neither time nor the engine's stack can run away. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(:\/\/)(?:[^\s/@:]{0,256}:[^\s/@]{1,512}|[^\s/@:]{12,512})(@)/g, `$1${MASK}$2`],
  [/((?:proxy-)?authorization\\?["']?\s{0,3}[:=]\s{0,3}\\?["']?)[^\n"']{1,4096}/gi, `$1${MASK}`],
  [/((?:set-)?cookie\s{0,3}:\s{0,3})[^\n]{1,4096}/gi, `$1${MASK}`],
  [/(\bbearer\s{1,3})[A-Za-z0-9._~+/=-]{6,16384}/gi, `$1${MASK}`],
  [
    new RegExp(`(${SECRET_WORD}[\\w-]{0,40}\\\\?["']?\\s{0,3}(?:[:=]|=>)\\s{0,3})("[^"\\n]{1,4096}"?)`, 'gi'),
    `$1"${MASK}"`,
  ],
  [
    new RegExp(`(${SECRET_WORD}[\\w-]{0,40}\\\\?["']?\\s{0,3}(?:[:=]|=>)\\s{0,3})('[^'\\n]{1,4096}'?)`, 'gi'),
    `$1'${MASK}'`,
  ],
  [
    new RegExp(
      `(${SECRET_WORD}[\\w-]{0,40}\\\\?["']?\\s{0,3}(?:[:=]|=>)\\s{0,3}\\\\?["']?)[^\\s"'\\\\,;&]{1,16384}`,
      'gi',
    ),
    `$1${MASK}`,
  ],
  [new RegExp(`(${SECRET_WORD}(?<=--[a-z0-9-]{1,60})\\s{1,3})[^\\s-][^\\s]{0,16384}`, 'gi'), `$1${MASK}`],
  [/(?<![A-Za-z0-9])(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,16384}/g, MASK],
  [
    /(?<![A-Za-z0-9])(?:gh[oprsu]_[A-Za-z0-9]{16,16384}|github_pat_\w{16,16384}|glpat-[\w-]{16,16384}|npm_[A-Za-z0-9]{20,16384})/g,
    MASK,
  ],
  [/(?<![A-Za-z0-9])(?:xox[a-z]|xapp)-[A-Za-z0-9-]{8,16384}/g, MASK],
  [/(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,16384}/g, MASK],
  [/(?<![A-Za-z0-9])AIza[\w-]{30,16384}/g, MASK],
  [/(?<![\w-])eyJ[\w-]{8,16384}\.[\w-]{8,16384}(?:\.[\w-]{0,16384})?/g, MASK],
];

function masked(text: string): string {
  let safe = withoutPrivateKeys(text);
  for (const [secret, replacement] of SECRETS) safe = safe.replace(secret, replacement);
  return safe;
}

const KEY_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----/g;
const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----/g;

/** Masks PEM private keys (RFC 7468), also those of which the text shows only the beginning or only the end. */
function withoutPrivateKeys(text: string): string {
  const marks = [
    ...Array.from(text.matchAll(KEY_BEGIN), (match) => ({ isBegin: true, start: match.index, end: match.index })),
    ...Array.from(text.matchAll(KEY_END), (match) => ({
      isBegin: false,
      start: match.index,
      end: match.index + match[0].length,
    })),
  ].sort((a, b) => a.start - b.start);
  const parts: string[] = [];
  let from = 0;
  let isInKey = false;
  for (const [index, mark] of marks.entries()) {
    if (mark.isBegin) {
      if (!isInKey) parts.push(text.slice(from, mark.start), MASK);
      isInKey = true;
    } else {
      if (!isInKey && index === 0) parts.push(MASK);
      isInKey = false;
      from = mark.end;
    }
  }
  return marks.length === 0 ? text : parts.join('') + (isInKey ? '' : text.slice(from));
}
