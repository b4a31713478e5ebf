/**
 * Parts of a modelled state: plain, interned, and named by one letter each.
 *
 * Owns: interning, the letter of a part, changing a part. Does not own: which parts there are (protocol-state).
 *
 * Invariants: 1. Equal parts are the same object, and its key, one letter, names it for as long as this process lives. 2. A value that no
 * field lists is a mistake of the model and throws.
 */
/** What a field of a part may hold. */
export type Value = string | number | boolean;
/** Keys are printable as long as there are few parts. */
const FIRST_LETTER = 48;

type Fields<T> = { readonly [Name in keyof T]: readonly T[Name][] };

/** An interned part of a state: `key` is its letter, `text` has a letter for each of its fields. */
export type Part<T> = Readonly<T> & { readonly key: string; readonly text: string };

/** All parts of one kind: which fields it has, and which values they take. */
export class Kind<T extends { [Name in keyof T]: Value }> {
  readonly #codes: readonly (readonly [keyof T, ReadonlyMap<Value, string>])[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #parts = new Map<string, Part<T>>();
  readonly #list: Part<T>[] = [];

  constructor(fields: Fields<T>) {
    const names = Object.keys(fields) as (keyof T & string)[];
    this.#places = new Map(names.map((name, index) => [name, index]));
    this.#codes = names.map((name) => [name, new Map(fields[name].map((value, index) => [value, letter(index)]))]);
  }

  /** The one part with these values. */
  of(values: Readonly<T>): Part<T> {
    const text = this.#codes.map(([name], index) => this.#code(index, values[name])).join('');
    const known = this.#parts.get(text);
    if (known !== undefined) return known;
    const part = { ...values, key: letter(this.#list.length), text };
    this.#parts.set(text, part);
    this.#list.push(part);
    return part;
  }

  /** The part that differs from `part` in `changes` only. */
  change(part: Part<T>, changes: Partial<T>): Part<T> {
    let { text } = part;
    for (const name in changes) {
      const place = this.#places.get(name);
      const value = changes[name];
      if (place === undefined || value === undefined) throw new Error(`the model changes ${name}, which is no field`);
      text = text.slice(0, place) + this.#code(place, value) + text.slice(place + 1);
    }
    return text === part.text ? part : (this.#parts.get(text) ?? this.of({ ...part, ...changes }));
  }

  #code(place: number, value: Value): string {
    const entry = this.#codes[place];
    const code = entry?.[1].get(value);
    if (code === undefined) throw new Error(`the model gives ${String(entry?.[0])} the value ${String(value)}`);
    return code;
  }

  /** The part whose key is the letter at `index` of `key`. */
  at(key: string, index: number): Part<T> {
    const part = this.#list[key.charCodeAt(index) - FIRST_LETTER];
    if (part === undefined) throw new Error(`no part of the model has the letter ${index} of ${key}`);
    return part;
  }
}

function letter(index: number): string {
  return String.fromCharCode(FIRST_LETTER + index);
}
