/**
 * What decides how git works in a repository: its configuration, attributes, ignore rules, hooks, borrowed objects and replacements.
 *
 * Owns: reading all of it into names and digests. Does not own: comparing two of them (core/git-settings), acting on what was changed (runtime).
 * Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. No value is kept, only its digest: configurations hold secrets. 2. What lies there is data: nothing of it is followed into a pipe
 * or read without a bound.
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isOrdinaryKey, UNREADABLE } from '../../core/git-settings.ts';
import { PawlError, systemCode } from '../../model/error.ts';
import { BOUNDS } from '../../model/limits.ts';
import { ANSWER_FOLDER, type GitSettings } from '../../model/request.ts';
import { smallTextOf } from './git-files.ts';
import { defaultExcludesFile } from './own-git.ts';
import type { GitCall, GitRun } from './run-git.ts';
import type { Worktree } from './worktree.ts';

/** Files of the shared git folder that count, besides the configuration and the hooks. */
const SHARED_FILES = ['info/attributes', 'info/grafts', 'info/sparse-checkout', 'objects/info/alternates'];
const OWN_RULES = [`/${ANSWER_FOLDER}/`, '/.pawl/'];
const FILE_BYTES_MAX = 1024 * 1024;
const DIGEST_CHARS = 16;
const HOOK_FOLDERS_MAX = 4;

/** The settings of git for a worktree and all that shares its repository. */
export async function readSettings(run: GitRun, worktree: Worktree): Promise<GitSettings> {
  const { commonDir, adminDir } = worktree;
  const found = new Map<string, string>();
  const { keys: config, userExcludes } = await configuration(run, worktree);
  for (const [key, values] of config) found.set(key, digest(values.join('\0')));
  noteUserExcludes(found, userExcludes, run.environment);
  for (const name of SHARED_FILES) note(found, name, join(commonDir, name));
  note(found, 'info/sparse-checkout of the worktree', join(adminDir, 'info/sparse-checkout'));
  noteExcludes(found, commonDir);
  noteFolder(found, 'hooks', join(commonDir, 'hooks'), HOOK_FOLDERS_MAX);
  const [hooksPath] = config.get('core.hookspath')?.slice(-1) ?? [];
  if (hooksPath !== undefined && isAbsolute(hooksPath)) noteFolder(found, hooksPath, hooksPath, HOOK_FOLDERS_MAX);
  for (const line of await replacements(run, worktree)) {
    const [ref = '', object = ''] = line.split(' ');
    found.set(ref, object.slice(0, DIGEST_CHARS));
  }
  return bounded(found);
}

/** What a configuration says. */
interface Configuration {
  /** Every key that the repository itself or the worktree sets, with its values in their order. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** The file that `core.excludesFile` names, whoever sets it, as it is written there; null when nobody does. */
  readonly userExcludes: string | null;
}

async function configuration(run: GitRun, worktree: Worktree): Promise<Configuration> {
  const found = new Map<string, string[]>();
  let userExcludes: string | null = null;
  const args = ['config', '--list', '-z', '--show-scope'];
  let text: string;
  try {
    text = (await run(inShared(worktree, args))).text;
  } catch (error) {
    // A git that was killed says nothing about the configuration.
    if (!(error instanceof PawlError) || error.kind === 'retryable') throw error;
    return { keys: new Map([[UNREADABLE, [error.message]]]), userExcludes };
  }
  const fields = text.split('\0');
  for (let n = 0; n + 1 < fields.length; n += 2) {
    const [scope = '', entry = ''] = [fields[n], fields[n + 1]];
    const [key = '', ...value] = entry.split('\n');
    if (key === 'core.excludesfile') userExcludes = value.join('\n');
    if ((scope !== 'local' && scope !== 'worktree') || isOrdinaryKey(key)) continue;
    const name = `${withoutSecrets(key)}${scope === 'worktree' ? ' of the worktree' : ''}`;
    found.set(name, [...(found.get(name) ?? []), value.join('\n')]);
  }
  return { keys: found, userExcludes };
}

/**
 * The ignore rules that the user has for all repositories: the tree that a gate judges leaves out what they name, so a worker that writes
 * them decides what is handed off.
 */
function noteUserExcludes(found: Map<string, string>, named: string | null, environment: NodeJS.ProcessEnv): void {
  const path =
    named === null ? defaultExcludesFile(environment) : named.replace(/^~(?=\/)/, () => environment.HOME ?? '/');
  const rules = isAbsolute(path) ? digestOf(path) : digest(path);
  if (named !== null || rules !== null) found.set('ignore rules of the user', digest(`${named ?? ''}\0${rules ?? ''}`));
}

/** A call that works as well when the worktree's folder, or its administration, is gone. */
function inShared({ commonDir, adminDir }: Worktree, args: readonly string[]): GitCall {
  const gitDir = existsSync(adminDir) ? adminDir : commonDir;
  return { args, cwd: commonDir, gitDir, workTree: null, isRead: true, env: { GIT_COMMON_DIR: commonDir } };
}

/** Keys by address, as in `http.https://user:token@host/.proxy`, may hold a password. */
function withoutSecrets(key: string): string {
  return key.replace(/\/\/[^/@]*@/g, '//…@');
}

async function replacements(run: GitRun, worktree: Worktree): Promise<readonly string[]> {
  const args = ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/replace'];
  const { text } = await run({ ...inShared(worktree, args), answers: [0, 128] });
  return text.split('\n').filter((line) => line !== '');
}

function note(found: Map<string, string>, name: string, path: string): void {
  const known = digestOf(path);
  if (known !== null) found.set(name, known);
}

/** Ignore rules without the lines that Pawl itself adds for its registry and its workers' answers. */
function noteExcludes(found: Map<string, string>, commonDir: string): void {
  const path = join(commonDir, 'info/exclude');
  const text = smallTextOf(path);
  const rules = (text ?? '').split(/\r?\n/).filter((line) => line !== '' && !OWN_RULES.includes(line));
  if (text === null) note(found, 'info/exclude', path);
  else if (rules.length > 0) found.set('info/exclude', digest(rules.join('\n')));
}

/** Every file below, but for git's samples; as many folders deep as `depth` says. */
function noteFolder(found: Map<string, string>, name: string, path: string, depth: number): void {
  let entries: string[];
  try {
    entries = lstatSync(path).isDirectory() ? readdirSync(path).sort() : [];
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return; // not there, or not readable for git either
  }
  for (const entry of entries) {
    const inside = join(path, entry);
    if (found.size > BOUNDS.gitSettings || entry.endsWith('.sample')) continue;
    if (depth > 0 && lstatSync(inside, { throwIfNoEntry: false })?.isDirectory()) {
      noteFolder(found, `${name}/${entry}`, inside, depth - 1);
    } else note(found, `${name}/${entry}`, inside);
  }
}

/** What a file is known by, null when nothing is there: its content, whether it can be run, where a link leads. */
function digestOf(path: string): string | null {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return null;
    if (stat.isSymbolicLink()) return digest(`link ${readlinkSync(path)} ${smallTextOf(path) ?? ''}`);
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) return digest(`${stat.mode} ${stat.size} ${stat.mtimeMs}`);
    return digest(`${stat.mode & 0o111} ${readFileSync(path, 'base64')}`);
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : digest(code);
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_CHARS);
}

/** The first names by themselves, the others together. */
function bounded(found: ReadonlyMap<string, string>): GitSettings {
  const sorted = [...found].sort(([one], [other]) => (one < other ? -1 : 1));
  const rest = sorted.slice(BOUNDS.gitSettings);
  const last = rest.length === 0 ? [] : [['others', digest(JSON.stringify(rest))] as const];
  return Object.fromEntries([...sorted.slice(0, BOUNDS.gitSettings), ...last]);
}
