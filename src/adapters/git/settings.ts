/**
 * What decides how git works in a repository: its configuration, attributes, ignore rules, hooks, borrowed objects and replacements, and those of
 * its submodules.
 *
 * Owns: which of it counts. Does not own: what the configuration says (configuration), reading it into digests
 * (setting-notes), the folders of submodules (submodule-settings), comparing two looks (scm/git-settings), acting on what was changed (engine).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariant: the state of the worktree itself, a HEAD that cannot be read for one, changes nothing of what is seen here.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { ANSWER_FOLDER, type GitSettings } from '../../model/request.ts';
import { UNREADABLE } from '../../scm/git-settings.ts';
import { type Included, inShared, mainWorktree, OF_A_WORKTREE, readConfiguration } from './configuration.ts';
import { smallTextOf } from './git-files.ts';
import { noteHooksPath } from './hooks-path.ts';
import { inHome, usersFile } from './own-git.ts';
import type { GitCall, GitRun } from './run-git.ts';
import { digest, HOOK_FOLDERS_MAX, SettingNotes } from './setting-notes.ts';
import { noteSubmodules } from './submodule-settings.ts';
import { adminDirs, type Worktree } from './worktree.ts';

/**
 * Files of the shared git folder that count, besides the configuration and the hooks. `commondir` would lead git to another one, `shallow` cuts
 * history off as a graft does.
 */
const SHARED_FILES = [
  'commondir',
  'info/attributes',
  'info/grafts',
  'info/sparse-checkout',
  'objects/info/alternates',
  'shallow',
];
/** Files that are included under conditions, those that they include among them. */
const INCLUDED_MAX = 16;
const OWN_RULES = [`/${ANSWER_FOLDER}/`, '/.pawl/'];

/** The settings of git for a worktree and all that shares its repository. */
export async function readSettings(run: GitRun, worktree: Worktree): Promise<GitSettings> {
  const { commonDir, adminDir } = worktree;
  const notes = new SettingNotes();
  const configuration = await readConfiguration(run, worktree);
  for (const [key, values] of configuration.keys) notes.text(key, values.join('\0'));
  const ofUser = (name: string, key: string, usual: string): void =>
    noteUsersFile(notes, name, { named: configuration.effective.get(key)?.value ?? null, usual, run });
  ofUser('ignore rules', 'core.excludesfile', 'ignore');
  ofUser('attributes', 'core.attributesfile', 'attributes');
  await noteIncluded(notes, configuration.included, { run, worktree });
  for (const name of SHARED_FILES) notes.file(name, join(commonDir, name));
  notes.file('info/sparse-checkout of the worktree', join(adminDir, 'info/sparse-checkout'));
  noteExcludes(notes, commonDir);
  noteOtherWorktrees(notes, worktree);
  notes.folder('hooks', join(commonDir, 'hooks'), HOOK_FOLDERS_MAX);
  const hooksPath = configuration.effective.get('core.hookspath');
  if (hooksPath !== undefined) {
    const call = (args: readonly string[]): GitCall => inShared(worktree, args);
    await noteHooksPath(notes, hooksPath, { run, call, top: mainWorktree(commonDir, configuration.effective) });
  }
  noteSubmodules(notes, commonDir);
  // A configuration that git cannot read lets it answer nothing else.
  if (!configuration.keys.has(UNREADABLE)) {
    for (const [ref, object] of await replacements(run, worktree)) notes.object(ref, object);
  }
  return notes.settings;
}

/** Notes files that count as soon as their condition holds, and what they include themselves. */
async function noteIncluded(
  notes: SettingNotes,
  included: readonly Included[],
  { run, worktree }: { readonly run: GitRun; readonly worktree: Worktree },
): Promise<void> {
  const open = [...included];
  const seen = new Set<string>();
  for (let next = open.shift(); next !== undefined && seen.size < INCLUDED_MAX; next = open.shift()) {
    const { name, path } = next;
    if (seen.has(path)) continue;
    seen.add(path);
    notes.file(name, path);
    if (!existsSync(path)) continue;
    const asked = ['config', '--file', path, '--no-includes', '-z', '--get-regexp', '^include(if)?\\..*path$'];
    const { text } = await run({ ...inShared(worktree, asked), answers: [0, 1, 128] });
    for (const entry of text.split('\0').filter((each) => each !== '')) {
      const value = entry.slice(entry.indexOf('\n') + 1);
      open.push({ name: `${name} › ${value}`, path: resolve(dirname(path), inHome(value, run.environment)) });
    }
  }
}

/**
 * A file of the user for all repositories. Ignore rules: the tree that a gate judges leaves out what they name, so a worker that writes them decides
 * what is handed off. Attributes: a filter or driver that they name is run by the user's own git.
 */
function noteUsersFile(
  notes: SettingNotes,
  name: string,
  { named, usual, run }: { readonly named: string | null; readonly usual: string; readonly run: GitRun },
): void {
  const path = named === null ? usersFile(run.environment, usual) : inHome(named, run.environment);
  const known = isAbsolute(path) ? notes.digestOf(path) : digest(path);
  if (named !== null || known !== null) notes.text(`${name} of the user`, `${named ?? ''}\0${known ?? ''}`);
}

/** Replaced objects, and what stands for them. */
async function replacements(run: GitRun, worktree: Worktree): Promise<readonly (readonly [string, string])[]> {
  const args = ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/replace'];
  const { text } = await run({ ...inShared(worktree, args), answers: [0, 128] });
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']);
}

/** Ignore rules without the lines that Pawl itself adds for its registry and its workers' answers. */
function noteExcludes(notes: SettingNotes, commonDir: string): void {
  const path = join(commonDir, 'info/exclude');
  const text = smallTextOf(path);
  const rules = (text ?? '').split(/\r?\n/).filter((line) => line !== '' && !OWN_RULES.includes(line));
  if (text === null) notes.file('info/exclude', path);
  else if (rules.length > 0) notes.text('info/exclude', rules.join('\n'));
}

/** Configurations of other worktrees; what a new one has from the main worktree is not new. */
function noteOtherWorktrees(notes: SettingNotes, { commonDir, adminDir }: Worktree): void {
  const inherited = inheritedFrom(smallTextOf(join(commonDir, OF_A_WORKTREE)) ?? '');
  for (const folder of adminDirs(commonDir)) {
    const path = join(folder, OF_A_WORKTREE);
    const text = smallTextOf(path);
    const isInherited = text !== null && inheritedFrom(text) === inherited;
    if (folder !== adminDir && !isInherited) notes.file(`worktrees/${basename(folder)}/${OF_A_WORKTREE}`, path);
  }
}

/** What git copies into a new worktree of it. */
function inheritedFrom(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(?:bare|worktree)\s*=/i.test(line))
    .join('\n');
}
