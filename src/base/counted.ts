/**
 * A number with its noun.
 *
 * Owns: the plural. Does not own: how numbers are grouped (inspector/page/words).
 */

/** `1 run`, `2 runs`; `many` for a noun whose plural has no bare s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
