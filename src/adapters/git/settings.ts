/**
 * What decides how git works in a repository: its configuration, attributes, ignore rules, hooks, borrowed objects and replacements, and those of
 * its submodules.
 *
 * Owns: which of it counts. Does not own: reading it into digests (setting-notes), the folders of submodules (submodule-settings), comparing two
 * looks (core/git-settings), acting on what was changed (runtime). Free of zod and xstate: the worker host loads this file.
 *
 * Invariant: the state of the worktree itself, a HEAD that cannot be read for one, changes nothing of what is seen here.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isOrdinaryKey, UNREADABLE } from '../../core/git-settings.ts';
import { PawlError } from '../../model/error.ts';
import { ANSWER_FOLDER, type GitSettings } from '../../model/request.ts';
import { isHead, smallTextOf } from './git-files.ts';
import { noteHooksPath } from './hooks-path.ts';
import { defaultExcludesFile, inHome } from './own-git.ts';
import type { GitCall, GitRun } from './run-git.ts';
import { digest, HOOK_FOLDERS_MAX, SettingNotes } from './setting-notes.ts';
import { noteSubmodules } from './submodule-settings.ts';
import { adminDirs, type Worktree } from './worktree.ts';

/** Files of the shared git folder that count, besides the configuration and the hooks. `commondir` would lead git to another one. */
const SHARED_FILES = ['commondir', 'info/attributes', 'info/grafts', 'info/sparse-checkout', 'objects/info/alternates'];
const OWN_RULES = [`/${ANSWER_FOLDER}/`, '/.pawl/'];
const OF_A_WORKTREE = 'config.worktree';

/** The settings of git for a worktree and all that shares its repository. */
export async function readSettings(run: GitRun, worktree: Worktree): Promise<GitSettings> {
  const { commonDir, adminDir } = worktree;
  const notes = new SettingNotes();
  const configuration = await readConfiguration(run, worktree);
  for (const [key, values] of configuration.keys) notes.text(key, values.join('\0'));
  noteUserExcludes(notes, configuration.effective.get('core.excludesfile')?.value ?? null, run.environment);
  for (const name of SHARED_FILES) notes.file(name, join(commonDir, name));
  notes.file('info/sparse-checkout of the worktree', join(adminDir, 'info/sparse-checkout'));
  noteExcludes(notes, commonDir);
  noteOtherWorktrees(notes, worktree);
  notes.folder('hooks', join(commonDir, 'hooks'), HOOK_FOLDERS_MAX);
  const hooksPath = configuration.effective.get('core.hookspath');
  if (hooksPath !== undefined) {
    const call = (args: readonly string[]): GitCall => inShared(worktree, args);
    await noteHooksPath(notes, hooksPath, { run, call, top: mainWorktree(commonDir, configuration) });
  }
  noteSubmodules(notes, commonDir);
  // A configuration that git cannot read lets it answer nothing else.
  if (!configuration.keys.has(UNREADABLE)) {
    for (const [ref, object] of await replacements(run, worktree)) notes.object(ref, object);
  }
  return notes.settings;
}

/** What a configuration says. */
interface Configuration {
  /** Every key that the repository itself, its main worktree or the run's worktree sets, with its values in their order. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** The value that counts of every key, whoever sets it, but for those that Pawl gives its own calls. */
  readonly effective: ReadonlyMap<string, Effective>;
}

/** A value as it is written, and whether it is the user's for all repositories. */
export interface Effective {
  readonly value: string;
  readonly isUsers: boolean;
}

interface Entry {
  readonly scope: string;
  readonly key: string;
  readonly value: string;
}

async function readConfiguration(run: GitRun, worktree: Worktree): Promise<Configuration> {
  const { commonDir, adminDir } = worktree;
  const keys = new Map<string, string[]>();
  const effective = new Map<string, Effective>();
  const take = ({ key, value }: Entry, owner: string): void => {
    if (isOrdinaryKey(key)) return;
    const name = `${withoutSecrets(key)}${owner}`;
    keys.set(name, [...(keys.get(name) ?? []), value]);
  };
  try {
    const list = inShared(worktree, ['config', '--list', '-z', '--show-scope']);
    for (const entry of entriesOf((await run(list)).text)) {
      if (entry.scope === 'command') continue;
      if (entry.scope === 'local') take(entry, '');
      effective.set(entry.key, { value: entry.value, isUsers: entry.scope === 'global' || entry.scope === 'system' });
    }
    for (const [folder, owner] of [
      [commonDir, ' of the main worktree'],
      [adminDir, ' of the worktree'],
    ] as const) {
      const path = join(folder, OF_A_WORKTREE);
      if (!existsSync(path)) continue;
      const own = ['config', '--file', path, '--includes', '--list', '-z', '--show-scope'];
      for (const entry of entriesOf((await run(inShared(worktree, own))).text)) take(entry, owner);
    }
  } catch (error) {
    // A git that was killed says nothing about the configuration.
    if (!(error instanceof PawlError) || error.kind === 'retryable') throw error;
    return { keys: new Map([[UNREADABLE, [error.message]]]), effective: new Map() };
  }
  return { keys, effective };
}

/** Entries as `git config --list -z --show-scope` writes them. */
function entriesOf(text: string): readonly Entry[] {
  const fields = text.split('\0');
  const entries: Entry[] = [];
  for (let n = 0; n + 1 < fields.length; n += 2) {
    const [scope = '', entry = ''] = [fields[n], fields[n + 1]];
    const [key = '', ...value] = entry.split('\n');
    entries.push({ scope, key, value: value.join('\n') });
  }
  return entries;
}

/**
 * The ignore rules that the user has for all repositories: the tree that a gate judges leaves out what they name, so a worker that writes
 * them decides what is handed off.
 */
function noteUserExcludes(notes: SettingNotes, named: string | null, environment: NodeJS.ProcessEnv): void {
  const path = named === null ? defaultExcludesFile(environment) : inHome(named, environment);
  const rules = isAbsolute(path) ? notes.digestOf(path) : digest(path);
  if (named !== null || rules !== null) notes.text('ignore rules of the user', `${named ?? ''}\0${rules ?? ''}`);
}

/**
 * A call that works as well when the worktree's folder, or its administration, is gone or damaged: the shared folder by itself, or (its own HEAD
 * being damaged) the worktree's.
 */
function inShared({ commonDir, adminDir }: Worktree, args: readonly string[]): GitCall {
  const isWhole = isHead(join(commonDir, 'HEAD')) || !isHead(join(adminDir, 'HEAD'));
  const env = { GIT_COMMON_DIR: commonDir };
  return { args, cwd: commonDir, gitDir: isWhole ? commonDir : adminDir, workTree: null, isRead: true, env };
}

/** Where the repository has its own checkout; null where neither its place nor its configuration says it. */
function mainWorktree(commonDir: string, { effective }: Configuration): string | null {
  if (basename(commonDir) === '.git') return dirname(commonDir);
  const named = effective.get('core.worktree');
  return named === undefined ? null : resolve(commonDir, named.value);
}

/** Keys by address, as in `http.https://user:token@host/.proxy`, may hold a password. */
function withoutSecrets(key: string): string {
  return key.replace(/\/\/[^/@]*@/g, '//…@');
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
