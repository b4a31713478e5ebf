/**
 * What a branch may be called, and when two branches are in each other's way.
 *
 * Owns: the rules of git-check-ref-format(1) with `--branch`, the length that git can lock, equality and collision of two names; all pure.
 * Does not own: whether a branch exists, which one is the repository's default (adapters/git).
 *
 * Invariants: 1. Stricter than git in one point: `@{-n}`, which means another branch, is no name. 2. A name that passes `branchProblem`
 * can be created and locked in any repository whose own path leaves room for it.
 */
import { unreachable } from '../base/unreachable.ts';
import { BOUNDS } from '../model/limits.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids exactly these
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\p{Surrogate}/u;

/** True when git accepts `name` as the name of a branch (git-check-ref-format(1), `--branch`). */
export function isBranchName(name: string): boolean {
  if (name === '' || name === '@' || name === 'HEAD') return false;
  if (name.startsWith('-') || name.startsWith('/') || name.endsWith('/') || name.endsWith('.')) return false;
  if (FORBIDDEN.test(name)) return false;
  return name.split('/').every((part) => !part.startsWith('.') && !part.endsWith('.lock'));
}

/** Why no run can use a branch. */
export type BranchFault =
  | { readonly reason: 'notAccepted' | 'fullName' }
  | { readonly reason: 'longBranch' | 'longPart'; readonly bytesMax: number };

/** Why no run can use a branch of that name; null when one can. */
export function branchFault(name: string): BranchFault | null {
  if (!isBranchName(name)) return { reason: 'notAccepted' };
  if (name.startsWith('refs/')) return { reason: 'fullName' };
  if (bytesOf(name) > BOUNDS.branchBytes) return { reason: 'longBranch', bytesMax: BOUNDS.branchBytes };
  if (name.split('/').some((part) => bytesOf(part) > BOUNDS.branchPartBytes)) {
    return { reason: 'longPart', bytesMax: BOUNDS.branchPartBytes };
  }
  return null;
}

/** The fault as the end of a sentence about the branch. */
export function branchFaultWords(fault: BranchFault): string {
  switch (fault.reason) {
    case 'notAccepted':
      return 'is not a branch name that git accepts';
    case 'fullName':
      return 'is the full name of a ref: give the short name of the branch';
    case 'longBranch':
      return `is longer than ${fault.bytesMax} bytes`;
    case 'longPart':
      return `has a part of more than ${fault.bytesMax} bytes, which git cannot lock`;
    default:
      return unreachable(fault);
  }
}

/** Why no run can use a branch of that name, as the end of a sentence about it; null when one can. */
export function branchProblem(name: string): string | null {
  const fault = branchFault(name);
  return fault === null ? null : branchFaultWords(fault);
}

/** True when both names mean one branch to some file system that a clone may lie on: letter case and composition do not count. */
export function areSameBranch(a: string, b: string): boolean {
  return a.normalize('NFC').toLowerCase() === b.normalize('NFC').toLowerCase();
}

/** True when git cannot keep both branches, or both are one: it keeps them as files, so `a` and `a/b` exclude each other. */
export function doBranchesCollide(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}
