/**
 * Bytes cut into lines of text, however they arrive.
 *
 * Owns: holding what is incomplete, be it a line or a character. Does not own: where the bytes come from (app/reading-output), what a line means.
 *
 * Invariants: 1. The lines are the same however the bytes were divided, except that a line over the bound is given in pieces of that size. 2. No piece ends within a
 * character of UTF-8; what is no UTF-8 becomes U+FFFD. 3. At most one line is held.
 */
import { BOUNDS } from '../model/limits.ts';

const LINE_FEED = 10;

/** The longest that a character of UTF-8 can be, in bytes. */
const CHARACTER_BYTES_MAX = 4;

/** Cuts lines out of the bytes that it is given. */
export class OutputLines {
  #held: Uint8Array = new Uint8Array();

  /** The lines that `bytes` completes, without their line feeds. */
  take(bytes: Uint8Array): readonly string[] {
    const lines: string[] = [];
    let rest = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    for (let end = rest.indexOf(LINE_FEED); end !== -1; end = rest.indexOf(LINE_FEED)) {
      lines.push(textOf(rest.subarray(0, end)));
      rest = rest.subarray(end + 1);
    }
    while (rest.length > BOUNDS.lineBytes) {
      const whole = lengthOfWhole(rest.subarray(0, BOUNDS.lineBytes));
      lines.push(textOf(rest.subarray(0, whole)));
      rest = rest.subarray(whole);
    }
    // A copy: what is held must not keep all that it was cut from.
    this.#held = new Uint8Array(rest);
    return lines;
  }

  /** What is left when nothing more will come: one line, or none. */
  rest(): readonly string[] {
    const rest = this.#held;
    this.#held = new Uint8Array();
    return rest.length === 0 ? [] : [textOf(rest)];
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** So many of the bytes make whole characters: the last one may have been cut. */
function lengthOfWhole(bytes: Uint8Array): number {
  for (let back = 1; back < CHARACTER_BYTES_MAX; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    const isContinuation = (byte & 0b1100_0000) === 0b1000_0000;
    if (!isContinuation) return byte >= 0b1100_0000 ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
