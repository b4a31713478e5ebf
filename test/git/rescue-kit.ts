/**
 * What tests of rescues have in common: the ref of the first rescue, harms, and what a worktree is like that is back in place.
 *
 * Owns: these. Does not own: the fixture (git-fixture).
 */
import { expect } from 'vitest';
import { BRANCH, type Fixture, RUN_ID } from './git-fixture.ts';

/** The ref under which the first rescue of the fixture's run keeps what it found. */
export const RESCUE_REF = `refs/pawl/rescue/${RUN_ID}/attempt-1`;

/** Damages a worktree, or what git knows of it. */
export type Harm = (fix: Fixture) => void;

/** One harm after another. */
export function all(...harms: readonly Harm[]): Harm {
  return (fix) => {
    for (const harm of harms) harm(fix);
  };
}

/** The worktree is on its branch, at the recorded commit, and clean. */
export function expectInPlace(fix: Fixture, commit = fix.base): void {
  expect(fix.inside(['symbolic-ref', 'HEAD'])).toBe(`refs/heads/${BRANCH}`);
  expect(fix.inside(['rev-parse', 'HEAD'])).toBe(commit);
  expect(fix.inside(['status', '--porcelain'])).toBe('');
}

/** It is, git knows it where it stands, and finds no fault in the repository. */
export function expectWhole(fix: Fixture, commit = fix.base): void {
  expectInPlace(fix, commit);
  expect(fix.repo.git(['worktree', 'list', '--porcelain'])).toContain(`worktree ${fix.worktree}\n`);
  expect(fix.repo.git(['fsck', '--no-dangling'])).toBe('');
}
