/**
 * Whether git takes a name for a branch.
 *
 * Owns: the rules of git-check-ref-format(1) with `--branch`, as a pure check. Does not own: whether such a branch exists.
 *
 * Invariant: 1. Stricter than git in one point: `@{-n}`, which means another branch, is no name.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids exactly these
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\p{Surrogate}/u;

/** True when git accepts `name` as the name of a branch (git-check-ref-format(1), `--branch`). */
export function isBranchName(name: string): boolean {
  if (name === '' || name === '@' || name === 'HEAD') return false;
  if (name.startsWith('-') || name.startsWith('/') || name.endsWith('/') || name.endsWith('.')) return false;
  if (FORBIDDEN.test(name)) return false;
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}
