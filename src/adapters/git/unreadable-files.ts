/**
 * What a worker can leave in its worktree that git can neither read nor remove: files and folders without permissions, pipes, sockets and devices.
 *
 * Owns: finding it, giving the owner's permissions back, moving aside what no commit can hold. Does not own: when that is done (rescue).
 *
 * Invariants: 1. Content is neither changed nor removed. 2. Links are not followed, and what belongs to somebody else stays as it is.
 */
import { chmodSync, type Dirent, lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { systemCode } from '../../model/error.ts';
import { moveAside } from './worktree.ts';

const FOLDER_RIGHTS = 0o700;
const FILE_RIGHTS = 0o600;

/**
 * Everything below `worktree` can be read and removed by its owner, as far as that can be had; what is neither file, folder nor link is in
 * `keptFolder`. Returns how much was changed.
 */
export function mendFiles(worktree: string, keptFolder: string): number {
  let changed = 0;
  const open = [worktree];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    changed += giveRights(folder, FOLDER_RIGHTS);
    for (const entry of entriesOf(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) open.push(path);
      else if (entry.isFile()) changed += giveRights(path, FILE_RIGHTS);
      else if (!entry.isSymbolicLink()) {
        moveAside(path, keptFolder, relative(worktree, path));
        changed += 1;
      }
    }
  }
  return changed;
}

/** 1 where the owner lacked some of the rights and has them now, else 0. */
function giveRights(path: string, rights: number): number {
  try {
    const { mode } = lstatSync(path);
    if ((mode & rights) === rights) return 0;
    chmodSync(path, (mode & 0o7777) | rights);
    return 1;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return 0; // somebody else's, or gone meanwhile: git says what it cannot do with it
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return []; // as above
  }
}
