/**
 * A type of plain JSON of which nothing is ever changed.
 *
 * Owns: that type. Does not own: freezing anything.
 */

/** `T` with everything in it read-only. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
