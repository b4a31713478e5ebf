/**
 * A long text of a worker made safe line by line: what base/sanitise makes of a text as a whole, without having it as a whole.
 *
 * Owns: private keys that span lines. Does not own: what is stripped and masked within one (base/sanitise).
 *
 * Invariant: a line that hides is one that a key can consist of, so that a mere mention of a key hides nothing that follows it.
 */
import { sanitise } from '../base/sanitise.ts';

const KEY_BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----/;
const KEY_END = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,20}-----/;
/** What a PEM file holds between its two borders (RFC 7468), and the headers of older ones. */
const KEY_BODY = /^\s*(?:[A-Za-z0-9+/=]{0,128}|(?:Proc-Type|DEK-Info): .{0,100})\s*$/;

/** Makes the lines of one stream safe, one after another. */
export class SafeLines {
  #isInKey = false;

  /** What is shown for the line: none for the body of a private key, several where it holds carriage returns. */
  take(line: string): readonly string[] {
    if (this.#isInKey) {
      const ends = KEY_END.test(line);
      this.#isInKey = !ends && KEY_BODY.test(line);
      if (this.#isInKey || ends) return [];
    }
    const begin = line.search(KEY_BEGIN);
    this.#isInKey = begin !== -1 && line.slice(begin).search(KEY_END) === -1;
    return sanitise(line.replace(/\r+$/, ''), Number.MAX_SAFE_INTEGER).split('\n');
  }
}
