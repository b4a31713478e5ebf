/**
 * Whether a run may lease what its work touches beyond its lease.
 *
 * Owns: that decision, and the blocker where it may not. Does not own: finding out what the work touches (run/outside-paths), who holds
 * what (engine/leases), recording it (machines).
 *
 * Invariant: what another run holds is never leased, whatever the config says and whatever a person has accepted.
 */
import { visible } from '../base/visible.ts';
import { blocker, firstOf, type SomeNames } from '../model/blocker.ts';
import type { Blocker } from '../model/error.ts';
import { covers, shownSurface } from '../packets/surfaces.ts';

/** What is known once the work is a commit. */
export interface SurfaceQuestion {
  /** What the work touches beyond the lease. */
  readonly beyond: readonly string[];
  /** The part of it that other live runs hold. */
  readonly held: readonly { readonly holder: string; readonly surfaces: readonly string[] }[];
  /** The config says that a person decides on everything beyond the packet's surfaces. */
  readonly isStrict: boolean;
  /** What a person has accepted. */
  readonly accepted: readonly string[];
}

/** The part of it that is leased from now on, and the part that is not. */
export interface SurfaceVerdict {
  readonly added: readonly string[];
  readonly refused: readonly string[];
  /** The first run that holds some of it; null when a person must accept it. */
  readonly holder: string | null;
}

const PATHS_SHOWN = 5;
const PATH_CHARS = 200;
const EVIDENCE_MAX = 20;
/** As many of these are shown as a message has room for. */
const HOLDERS_MAX = 5;

/** What the run leases beyond its lease, and what it may not. */
export function surfaceVerdict({ beyond, held, isStrict, accepted }: SurfaceQuestion): SurfaceVerdict {
  const isHeld = (surface: string): boolean => held.some(({ surfaces }) => surfaces.includes(surface));
  const isOpen = (surface: string): boolean => isStrict && !accepted.some((each) => covers(each, surface));
  const refused = beyond.filter((surface) => isHeld(surface) || isOpen(surface));
  return {
    added: beyond.filter((surface) => !refused.includes(surface)),
    refused,
    holder: held[0]?.holder ?? null,
  };
}

/** The blocker of work that touches what it may not lease. */
export function surfaceBlocker(
  { held, isStrict }: SurfaceQuestion,
  { refused, holder }: SurfaceVerdict,
  { repo, commit }: { readonly repo: string; readonly commit: string },
): Blocker {
  const holders = held
    .slice(0, HOLDERS_MAX)
    .map((each) => ({ holder: each.holder, paths: pathsOf(each.surfaces, repo) }));
  return blocker('PAWL_SURFACE_CONFLICT', { commit, paths: pathsOf(refused, repo), isStrict, holders }, [
    ...(holder === null ? [] : [holder]),
    commit,
    ...refused.slice(0, EVIDENCE_MAX),
  ]);
}

function pathsOf(surfaces: readonly string[], repo: string): SomeNames {
  const shown = surfaces.map((surface) => visible(shownSurface(surface, repo)).slice(0, PATH_CHARS));
  return firstOf(shown, PATHS_SHOWN);
}
