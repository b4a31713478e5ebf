/**
 * Objects whose files a power cut has left without content: git takes them for written, and never writes them again.
 *
 * Owns: removing them, so that the same content can be written anew. Does not own: refs and worktrees (damaged-refs, damaged-worktree).
 *
 * Invariant: only files without a byte go. Git gives an object its name once it has its content, so that none of them is being written.
 */
import { lstatSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './git-files.ts';

/** No loose object of the repository is an empty file. A worker's own git syncs none of those that it writes. */
export function removeEmptyObjects(commonDir: string): void {
  const objects = join(commonDir, 'objects');
  for (const part of namesIn(objects).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const name of namesIn(join(objects, part)).filter((each) => /^[0-9a-f]{38,62}$/.test(each))) {
      const file = join(objects, part, name);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isFile() === true && stat.size === 0) rmSync(file, { force: true });
    }
  }
}
