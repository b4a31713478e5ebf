/**
 * Where in a JSON text each value stands, so that one of them can be changed and every other byte stays as it is.
 *
 * Owns: that reading, and putting changes into the text (pure). Does not own: what is changed (core/packets-editing).
 *
 * Invariant: the text is valid JSON: whoever calls has parsed it before. Anything else is our bug.
 */

/** A value and where it stands: from its first character to behind its last. */
export type JsonSpan =
  | { readonly kind: 'object'; readonly start: number; readonly end: number; readonly members: readonly JsonMember[] }
  | { readonly kind: 'array'; readonly start: number; readonly end: number; readonly items: readonly JsonSpan[] }
  | { readonly kind: 'scalar'; readonly start: number; readonly end: number };

/** A member of an object. */
export interface JsonMember {
  readonly name: string;
  readonly nameStart: number;
  readonly value: JsonSpan;
}

/** An object in a text. */
export type JsonObjectSpan = Extract<JsonSpan, { kind: 'object' }>;

/** A part of the text that becomes another. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** The text with the changes in it, which do not overlap. */
export function changedText(text: string, changes: readonly TextChange[]): string {
  let result = text;
  for (const change of changes.toSorted((a, b) => b.start - a.start || b.end - a.end))
    result = result.slice(0, change.start) + change.text + result.slice(change.end);
  return result;
}

/** The member of that name that counts: of several the last, as JSON.parse has it. */
export function memberOf(object: JsonObjectSpan, name: string): JsonMember | undefined {
  return object.members.findLast((member) => member.name === name);
}

/** The value that the whole text is. */
export function jsonSpans(text: string): JsonSpan {
  return new Reader(text).document();
}

const BLANK = /[\t\n\r \uFEFF]/;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonSpan {
    const value = this.#value();
    this.#blanks();
    if (this.#at !== this.#text.length) throw this.#wrong();
    return value;
  }

  #value(): JsonSpan {
    this.#blanks();
    const start = this.#at;
    const first = this.#text.charAt(start);
    if (first === '{') return this.#object(start);
    if (first === '[') return this.#array(start);
    if (first === '"') this.#string();
    else while (/[-+.0-9A-Za-z]/.test(this.#text.charAt(this.#at))) this.#at += 1;
    if (this.#at === start) throw this.#wrong();
    return { kind: 'scalar', start, end: this.#at };
  }

  #object(start: number): JsonSpan {
    const members: JsonMember[] = [];
    this.#at += 1;
    while (!this.#isAt('}')) {
      if (members.length > 0) this.#expect(',');
      this.#blanks();
      const nameStart = this.#at;
      const name: unknown = JSON.parse(this.#string());
      this.#expect(':');
      members.push({ name: String(name), nameStart, value: this.#value() });
    }
    this.#expect('}');
    return { kind: 'object', start, end: this.#at, members };
  }

  #array(start: number): JsonSpan {
    const items: JsonSpan[] = [];
    this.#at += 1;
    while (!this.#isAt(']')) {
      if (items.length > 0) this.#expect(',');
      items.push(this.#value());
    }
    this.#expect(']');
    return { kind: 'array', start, end: this.#at, items };
  }

  #string(): string {
    const start = this.#at;
    let at = start + 1;
    while (at < this.#text.length && this.#text.charAt(at) !== '"') at += this.#text.charAt(at) === '\\' ? 2 : 1;
    if (this.#text.charAt(start) !== '"' || at >= this.#text.length) throw this.#wrong();
    this.#at = at + 1;
    return this.#text.slice(start, this.#at);
  }

  #isAt(char: string): boolean {
    this.#blanks();
    return this.#text.charAt(this.#at) === char;
  }

  #expect(char: string): void {
    if (!this.#isAt(char)) throw this.#wrong();
    this.#at += 1;
  }

  #blanks(): void {
    while (this.#at < this.#text.length && BLANK.test(this.#text.charAt(this.#at))) this.#at += 1;
  }

  #wrong(): Error {
    return new Error(`bug: no JSON at ${this.#at}`);
  }
}
