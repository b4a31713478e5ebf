/**
 * What decides how git works in the submodules of a repository: their own git folders lie below `modules` of the shared one.
 *
 * Owns: finding these folders, what in them counts. Does not own: which lines of a configuration are ordinary (scm/module-config), submodules in
 * a worktree (submodules). Free of zod and xstate: the worker host loads this file.
 */
import { existsSync, lstatSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { unusualLines } from '../../scm/module-config.ts';
import { linkIn, smallTextOf } from './git-files.ts';
import { HOOK_FOLDERS_MAX, lookAt, namesBelow, type SettingNotes } from './setting-notes.ts';
import { canonicalPath } from './worktree.ts';

/** Names of submodules may hold slashes, and submodules have submodules. */
const DEPTH_MAX = 12;
const FOLDERS_MAX = 1_000;
const FILES = ['config.worktree', 'commondir', 'info/attributes', 'info/grafts', 'objects/info/alternates'];

/** Notes the settings of every submodule below a git folder by their paths in it, as `modules/lib/config`. */
export function noteSubmodules(notes: SettingNotes, commonDir: string): void {
  let left = FOLDERS_MAX;
  const visit = (name: string, folder: string, depth: number): void => {
    for (const entry of depth > 0 ? namesBelow(folder) : []) {
      const [path, own] = [join(folder, entry), `${name}/${entry}`];
      if (lookAt(path, lstatSync)?.isSymbolicLink()) notes.file(own, path);
      if (left <= 0 || !lookAt(path, statSync)?.isDirectory()) continue;
      left -= 1;
      if (!existsSync(join(path, 'HEAD')) && !existsSync(join(path, 'config'))) {
        visit(own, path, depth - 1);
        continue;
      }
      noteConfig(notes, own, path);
      for (const file of FILES) notes.file(`${own}/${file}`, join(path, file));
      notes.folder(`${own}/hooks`, join(path, 'hooks'), HOOK_FOLDERS_MAX);
      visit(`${own}/modules`, join(path, 'modules'), depth - 1);
    }
  };
  visit('modules', join(commonDir, 'modules'), DEPTH_MAX);
  if (left <= 0) notes.text('modules', 'more than are looked at');
}

function noteConfig(notes: SettingNotes, name: string, gitDir: string): void {
  const path = join(gitDir, 'config');
  const text = smallTextOf(path);
  const isLink = lookAt(path, lstatSync)?.isSymbolicLink() === true;
  const isOwn = (named: string): boolean => isCheckoutOf(resolve(gitDir, named), gitDir);
  const lines = text === null ? [] : unusualLines(text, isOwn);
  if (text === null || isLink) notes.file(`${name}/config`, path);
  else if (lines.length > 0) notes.text(`${name}/config`, lines.join('\n'));
}

/** True when the `.git` of a folder leads to that git folder. */
function isCheckoutOf(folder: string, gitDir: string): boolean {
  const link = linkIn(join(folder, '.git'));
  return link !== null && canonicalPath(resolve(folder, link)) === canonicalPath(gitDir);
}
