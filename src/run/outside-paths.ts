/**
 * What a change touches beyond the surfaces that its run leases, as surfaces to be leased.
 *
 * Owns: collecting those paths, leasing their folders instead if there are too many. Does not own: the form of a surface
 * (packets/surfaces), listing what a change touches (adapters/git), what is done about it (engine/effects/surface-check).
 *
 * Invariants: 1. Every path that was added is covered by what was leased before or by a surface that is returned. 2. At most `max` surfaces
 * are returned and as many are held in memory, however large the change is (L9). 3. A path is covered only exactly as it is spelled.
 */
import { BOUNDS } from '../model/limits.ts';
import { leasedSegments, literalSegment, pathSurface } from '../packets/surfaces.ts';

/** The paths of a change that lie outside what its run leases. */
export class OutsidePaths {
  readonly #repo: string;
  readonly #leased: ReadonlySet<string>;
  readonly #max: number;
  readonly #found = new Set<string>();

  /** `leased`: what the run leases already; `max`: the most surfaces that may be returned, at least one. */
  constructor(repo: string, leased: readonly string[], max: number) {
    this.#repo = repo;
    this.#leased = new Set(leased.map((surface) => keyOf(leasedSegments(surface))).filter((key) => key !== ''));
    this.#max = Math.max(1, max);
  }

  /** A path that the change touches, relative to the repository's top. */
  add(path: string): void {
    const segments = path.split('/').map(literalSegment);
    if (this.#isLeased(segments)) return;
    this.#found.add(keyOf(short(segments)));
    while (this.#found.size > this.#max) this.#coarsen();
  }

  /** The surfaces to lease, sorted; empty when everything is inside. */
  surfaces(): readonly string[] {
    const found = [...this.#found].filter((key) => !foldersOf(segmentsIn(key)).some((above) => this.#found.has(above)));
    return found.map((key) => pathSurface(this.#repo, segmentsIn(key))).sort();
  }

  #isLeased(segments: readonly string[]): boolean {
    const whole = [...this.#repo.split('/').filter((segment) => segment !== ''), ...segments];
    return this.#leased.has(keyOf(whole)) || foldersOf(whole).some((folder) => this.#leased.has(folder));
  }

  /** The deepest paths are replaced by their folders. */
  #coarsen(): void {
    const paths = [...this.#found].map(segmentsIn);
    const depth = Math.max(...paths.map((segments) => segments.length)) - 1;
    this.#found.clear();
    for (const segments of paths) this.#found.add(keyOf(segments.slice(0, depth)));
  }
}

/** The path, or the deepest folder above it whose name is not too long for a record. */
function short(segments: readonly string[]): readonly string[] {
  let chars = 0;
  const end = segments.findIndex((segment) => {
    chars += segment.length + 1;
    return chars > BOUNDS.packetLineChars;
  });
  return end === -1 ? segments : segments.slice(0, end);
}

/** The keys of the folders above a path, the repository's top among them. */
function foldersOf(segments: readonly string[]): readonly string[] {
  return segments.map((_, depth) => keyOf(segments.slice(0, depth)));
}

function keyOf(segments: readonly string[]): string {
  return segments.join('/');
}

function segmentsIn(key: string): readonly string[] {
  return key === '' ? [] : key.split('/');
}
