/**
 * Where the files that an agent is about to change really lie.
 *
 * Owns: following the links on the way. Does not own: what may be changed (tool-policy).
 *
 * Invariant: what cannot be followed is told as a path that no rule allows.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ToolUse } from './tool-policy.ts';

/** A path that leads nowhere that could be allowed. */
const NOWHERE = '..';

/** The use with the real places of its files beside the written ones; a relative path belongs to `worktree`. */
export function withRealPaths(use: ToolUse, worktree: string): ToolUse {
  if (use.paths.length === 0) return use;
  return { ...use, paths: [...use.paths, ...use.paths.map((path) => realPath(resolve(worktree, path)))] };
}

/** The real path of a file that may not be there yet: of its nearest folder that is, and the rest as written. */
function realPath(path: string): string {
  const rest: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    try {
      return join(realpathSync(at), ...rest);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing || dirname(at) === at) return NOWHERE;
      rest.unshift(basename(at));
    }
  }
}
