/**
 * The surfaces that a run leases, and when two of them overlap.
 *
 * Owns: the form of a surface and the overlap rule. Does not own: who holds which surface (engine/leases), waiting (engine), what a
 * change touches beyond its lease (run/outside-paths).
 *
 * Invariants: 1. Overlap is symmetric, and every surface overlaps itself. 2. A path overlaps what lies below it, by whole segments, and so
 * does a branch: git keeps branches as files. 3. A pattern counts as the folder before its first wildcard: rather too much is leased than too
 * little. 4. Paths that differ only in case or in their Unicode form overlap: on some file systems they are one file. 5. All runs of a registry work
 * in one repository: by which word a packet names it makes no difference to an overlap.
 */
import type { Packet } from '../model/packet.ts';
import { doBranchesCollide } from './branch-name.ts';
import { repositoryKey } from './forge-repository.ts';

const PATH_PREFIX = 'path:';
const BRANCH_PREFIX = 'branch:';
const EVERYTHING = '**';
/** What a declared path uses for patterns, and the escape itself. */
const SPECIAL = /[\\*?{[]/g;

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
      surfaces.push(pathSurface(repo, segmentsOf(path) ?? []));
    }
  }
  return [...new Set(surfaces)];
}

/** The surface of the file or folder at `segments`, in which no wildcard is left that is meant as one; of no segments: everything. */
export function pathSurface(repo: string, segments: readonly string[]): string {
  return `${PATH_PREFIX}${repo}/${segments.length === 0 ? EVERYTHING : segments.join('/')}`;
}

/** A segment of a path that exists, as a surface spells it: what would be a wildcard is escaped. */
export function literalSegment(segment: string): string {
  return segment.replace(SPECIAL, '\\$&');
}

/** The path that a surface of `repo` leases, as it is on the disk; other surfaces as they are. */
export function shownSurface(surface: string, repo: string): string {
  const prefix = `${PATH_PREFIX}${repo}/`;
  return surface.startsWith(prefix) ? surface.slice(prefix.length).replace(/\\(.)/gsu, '$1') : surface;
}

/** True when whoever leases the path surface `above` leases all of `below`, exactly as both are spelled. */
export function covers(above: string, below: string): boolean {
  const leased = leasedSegments(above);
  const segments = leasedSegments(below);
  return above === below || (leased.length > 0 && leased.length <= segments.length && isPrefix(leased, segments));
}

/** True when the surfaces `a` and `b` cannot be held by two runs at once. */
export function doOverlap(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.startsWith(BRANCH_PREFIX) && b.startsWith(BRANCH_PREFIX)) return doBranchesCollide(a, b);
  if (!a.startsWith(PATH_PREFIX) || !b.startsWith(PATH_PREFIX)) return false;
  return isPrefix(folded(leasedSegments(a)), folded(leasedSegments(b)));
}

/** A surface of a run, as its packet spells it and as every packet of the registry would. */
export interface LocalSurface {
  readonly surface: string;
  readonly local: string;
}

/** The surfaces of `ours` that overlap any of `theirs`, as their packet spells them. */
export function overlapping(ours: readonly LocalSurface[], theirs: readonly LocalSurface[]): readonly string[] {
  return ours
    .filter(({ local }) => theirs.some((their) => doOverlap(local, their.local)))
    .map(({ surface }) => surface);
}

/**
 * The surfaces of one run, to be compared with those of another. `whole`: all of the run's, where they are a part of them; the branch among them
 * tells by which word they name the repository.
 */
export function locally(surfaces: readonly string[], whole = surfaces): readonly LocalSurface[] {
  const repo = repositoryIn(whole);
  return surfaces.map((surface) => ({ surface, local: repo === null ? surface : withoutRepository(surface, repo) }));
}

/** The word for the repository in the surfaces of one run; null where it leases no branch. */
function repositoryIn(surfaces: readonly string[]): string | null {
  const branch = surfaces.find((surface) => surface.startsWith(BRANCH_PREFIX));
  return branch === undefined ? null : branch.slice(BRANCH_PREFIX.length, branch.indexOf('#'));
}

function withoutRepository(surface: string, repo: string): string {
  const path = `${PATH_PREFIX}${repo}/`;
  if (surface.startsWith(path)) return `${PATH_PREFIX}${surface.slice(path.length)}`;
  const branch = `${BRANCH_PREFIX}${repo}#`;
  if (surface.startsWith(branch)) return `${BRANCH_PREFIX}#${surface.slice(branch.length)}`;
  return surface.startsWith('scm:') ? surface.replace(`/${repo}#`, () => `/${repositoryKey(repo)}#`) : surface;
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

/** The segments of a path surface, its repository's first, up to its first wildcard; none for a surface of another kind. */
export function leasedSegments(surface: string): readonly string[] {
  if (!surface.startsWith(PATH_PREFIX)) return [];
  const segments = surface.slice(PATH_PREFIX.length).split('/');
  return beforeWildcard(segments.filter((segment) => segment !== '' && segment !== '.'));
}

function beforeWildcard(segments: readonly string[]): readonly string[] {
  const wildcard = segments.findIndex(isWildcard);
  return wildcard === -1 ? segments : segments.slice(0, wildcard);
}

function isWildcard(segment: string): boolean {
  return /[*?{[]/.test(segment.replace(/\\./gsu, ''));
}

function folded(segments: readonly string[]): readonly string[] {
  return segments.map((segment) => segment.normalize('NFC').toLowerCase());
}

/** True when the shorter list is the beginning of the longer one. */
function isPrefix(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  return a.slice(0, length).every((segment, index) => segment === b[index]);
}
