/**
 * Long lists in one line.
 *
 * Owns: how many are left out, told. Does not own: how many are shown.
 */

/** `a, b and 3 more`: the first `max` of the items; of `total` in all where `items` are not all of them. */
export function listed(items: readonly string[], max: number, total: number = items.length): string {
  const shown = items.slice(0, max);
  const rest = total - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
