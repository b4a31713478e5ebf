/**
 * Where the files that an agent is about to change really lie.
 *
 * Owns: following the links on the way. Does not own: what may be changed (tool-policy).
 *
 * Invariant: what cannot be followed is told as a path that no rule allows.
 */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { editedFiles, redirectedFiles } from '../../turn/commands/editing.ts';
import { placedCommands } from '../../turn/commands/looking.ts';
import { placeOf, type ToolUse } from './tool-policy.ts';

/** A path that leads nowhere that could be allowed. */
const NOWHERE = '..';

/** The use with the real places of its files beside the written ones, and of those that its command would write; a relative path belongs to `worktree`. */
export function withRealPaths(use: ToolUse, worktree: string): ToolUse {
  const real = (path: string): string => realPath(resolve(worktree, path));
  const written = typeof use.command === 'string' ? writtenBy(use.command, worktree).map(real) : [];
  if (use.paths.length + written.length === 0) return use;
  return { ...use, paths: [...use.paths, ...use.paths.map(real)], ...(written.length === 0 ? {} : { written }) };
}

function writtenBy(command: string, worktree: string): readonly string[] {
  const place = placeOf({ roots: [worktree] });
  const commands = placedCommands(command, place) ?? [];
  return commands.flatMap((one) => editedFiles(one, place) ?? redirectedFiles(one, place) ?? []);
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
