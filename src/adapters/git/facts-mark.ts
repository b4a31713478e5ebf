/**
 * Whether what a repository says about itself may have changed.
 *
 * Owns: the files that tell. Does not own: the facts (git/repository-facts).
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';

const FILES = ['config', 'HEAD', 'packed-refs', 'refs/remotes/origin/HEAD', 'refs/heads'];

/** The same as long as neither remote nor default branch can have changed. */
export function factsMark(commonDir: string): string {
  return FILES.map((name) => statSync(join(commonDir, name), { throwIfNoEntry: false }))
    .map((stat) => (stat === undefined ? '-' : `${stat.size}@${stat.mtimeMs}`))
    .join();
}
