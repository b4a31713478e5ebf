/**
 * The folder of hooks that a configuration names with `core.hooksPath`, the repository's or the user's.
 *
 * Owns: where that folder is, which of its files count. Does not own: the repository's own hooks (settings).
 * Free of zod and xstate: the worker host loads this file.
 *
 * A relative folder is one in every checkout. The run's own is part of the work and seen in it; the one that the user's git would run is that of
 * the main worktree. There a file as the commit has it that is checked out is the branch's own word, and changes whenever the user changes branches.
 */
import { createHash } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { inHome } from './own-git.ts';
import type { GitCall, GitRun } from './run-git.ts';
import { FILE_BYTES_MAX, HOOK_FOLDERS_MAX, lookAt, type SettingNotes } from './setting-notes.ts';

/** The repository that hooks are looked for in. */
export interface HookPlace {
  readonly run: GitRun;
  /** A call in the repository itself. */
  readonly call: (args: readonly string[]) => GitCall;
  /** Its own checkout; null where it has none. */
  readonly top: string | null;
}

/** Notes what is in the folder that `hooksPath` names, and the name itself where no configuration of the repository says it. */
export async function noteHooksPath(
  notes: SettingNotes,
  hooksPath: { readonly value: string; readonly isUsers: boolean },
  place: HookPlace,
): Promise<void> {
  const { value, isUsers } = hooksPath;
  if (isUsers) notes.text('core.hookspath of the user', value);
  const named = inHome(value, place.run.environment);
  if (isAbsolute(named)) return notes.folder(value, named, HOOK_FOLDERS_MAX);
  if (place.top === null || named === '') return;
  const folder = join(place.top, named);
  const committed = await committedBelow(place, relative(place.top, folder));
  const top = place.top;
  const isCommitted = (path: string): boolean => isAsCommitted(path, committed.get(relative(top, path)));
  notes.folder(value, folder, HOOK_FOLDERS_MAX, isCommitted);
}

/** Mode and object of every file below a folder of the commit that is checked out, by its path. */
async function committedBelow({ run, call }: HookPlace, folder: string): Promise<ReadonlyMap<string, string>> {
  if (folder === '' || folder.startsWith('..')) return new Map();
  const args = ['ls-tree', '-r', '-z', '--full-tree', 'HEAD', '--', `${folder}/`];
  const { text } = await run({ ...call(args), answers: [0, 128] });
  const entries = text.split('\0').map((entry) => entry.split('\t'));
  return new Map(entries.map(([what = '', path = '']) => [path, what]));
}

function isAsCommitted(path: string, committed: string | undefined): boolean {
  const [mode, , object = ''] = committed?.split(' ') ?? [];
  const stat = mode === undefined ? undefined : lookAt(path, lstatSync);
  if (stat?.isFile() !== true || stat.size > FILE_BYTES_MAX) return false;
  if (mode !== ((stat.mode & 0o100) === 0 ? '100644' : '100755')) return false;
  const hash = createHash(object.length === 64 ? 'sha256' : 'sha1').update(`blob ${stat.size}\0`);
  return hash.update(readFileSync(path)).digest('hex') === object;
}
