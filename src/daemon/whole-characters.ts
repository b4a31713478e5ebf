/**
 * Bytes that come in pieces, as text.
 *
 * Owns: cutting between characters, where each piece of text begins and ends in bytes. Does not own: where the bytes come from, how text is sent.
 *
 * Invariant: a piece of text ends at a whole character unless the output itself does not.
 */

/** Bytes as text, cut between characters. */
export class WholeCharacters {
  #held = new Uint8Array();
  #at = 0;

  take(from: number, bytes: Uint8Array): { readonly at: number; readonly text: string; readonly next: number } {
    if (this.#held.length === 0) this.#at = from;
    const all = Buffer.concat([this.#held, bytes]);
    const cut = all.length - openBytes(all);
    const at = this.#at;
    this.#held = new Uint8Array(all.subarray(cut));
    this.#at = at + cut;
    return { at, text: new TextDecoder().decode(all.subarray(0, cut)), next: at + cut };
  }

  /** What is left at the end, whole or not. */
  rest(): { readonly at: number; readonly text: string; readonly next: number } {
    const held = this.#held;
    this.#held = new Uint8Array();
    return { at: this.#at, text: new TextDecoder().decode(held), next: this.#at + held.length };
  }
}

/** The bytes at the end that begin a character which is not whole yet: 0 to 3. */
function openBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}
