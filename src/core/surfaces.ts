/**
 * The surfaces that a run leases, and when two of them overlap.
 *
 * Owns: the form of a surface and the overlap rule. Does not own: who holds which surface (core/leases), waiting (runtime).
 *
 * Invariants: 1. Overlap is symmetric, and every surface overlaps itself. 2. A path overlaps what lies below it, by whole segments, and so
 * does a branch: git keeps branches as files. 3. A pattern counts as the folder before its first wildcard: rather too much is leased than too little.
 */
import type { Packet } from '../model/packet.ts';
import { doBranchesCollide } from './branch-name.ts';

const PATH_PREFIX = 'path:';
const BRANCH_PREFIX = 'branch:';
const EVERYTHING = '**';

/** True when `path` is a relative path that stays inside its repository; a backslash, a drive, `~` or a control character never does. */
export function isInsideRepository(path: string): boolean {
  return segmentsOf(path) !== null;
}

/** The surfaces of a packet that works in `worktree` (its run id, or the path below the registry), without doubles. */
export function surfacesOf(packet: Packet, worktree: string): readonly string[] {
  const { repo, provider, intendedBranch, issueNumber } = packet.scm;
  const surfaces = [`workspace:${worktree}`];
  if (repo !== null) {
    if (intendedBranch !== null) surfaces.push(`${BRANCH_PREFIX}${repo}#${intendedBranch}`);
    if (issueNumber !== null) surfaces.push(`scm:${provider}/${repo}#${issueNumber}`);
    for (const path of packet.conflictSurface) {
      const segments = segmentsOf(path) ?? [];
      surfaces.push(`${PATH_PREFIX}${repo}/${segments.length === 0 ? EVERYTHING : segments.join('/')}`);
    }
  }
  return [...new Set(surfaces)];
}

/** True when the surfaces `a` and `b` cannot be held by two runs at once. */
export function doOverlap(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.startsWith(BRANCH_PREFIX) && b.startsWith(BRANCH_PREFIX)) return doBranchesCollide(a, b);
  if (!a.startsWith(PATH_PREFIX) || !b.startsWith(PATH_PREFIX)) return false;
  return isPrefix(leasedSegments(a), leasedSegments(b));
}

/** The surfaces of `listA` that overlap any of `listB`. */
export function overlaps(listA: readonly string[], listB: readonly string[]): readonly string[] {
  return listA.filter((a) => listB.some((b) => doOverlap(a, b)));
}

/** The whole segments of a declared path up to its first wildcard, none for everything; null when it leaves the repository. */
function segmentsOf(path: string): readonly string[] | null {
  if (/[\\\p{Cc}\p{Surrogate}]/u.test(path)) return null;
  if (path.startsWith('/') || path.startsWith('~') || /^[A-Za-z]:/.test(path)) return null;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') {
      segments.push(segment);
      continue;
    }
    const left = segments.pop();
    if (left === undefined || isWildcard(left)) return null;
  }
  return beforeWildcard(segments);
}

function leasedSegments(surface: string): readonly string[] {
  const segments = surface.slice(PATH_PREFIX.length).split('/');
  return beforeWildcard(segments.filter((segment) => segment !== '' && segment !== '.'));
}

function beforeWildcard(segments: readonly string[]): readonly string[] {
  const wildcard = segments.findIndex(isWildcard);
  return wildcard === -1 ? segments : segments.slice(0, wildcard);
}

function isWildcard(segment: string): boolean {
  return /[*?{[]/.test(segment);
}

/** True when the shorter list is the beginning of the longer one. */
function isPrefix(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((segment, index) => segment === b[index]);
}
