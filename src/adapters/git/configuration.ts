/**
 * What the configurations say that git follows in a repository: its own, those of its worktrees, and the user's.
 *
 * Owns: asking git for them, which entries count and under which names, the calls that still work in a damaged worktree. Does not own: which keys are
 * ordinary or far-reaching (scm/git-settings), digests (setting-notes), everything that is no configuration (settings). Free of zod and xstate:
 * the worker host loads this file.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PawlError } from '../../model/error.ts';
import { isFarReaching, isOrdinarySetting, type KnownPlaces, submoduleOf, UNREADABLE } from '../../scm/git-settings.ts';
import { isHead } from './git-files.ts';
import { inHome } from './own-git.ts';
import type { GitCall, GitRun } from './run-git.ts';
import type { Worktree } from './worktree.ts';

/** The configuration of one worktree, in the folder of its administration. */
export const OF_A_WORKTREE = 'config.worktree';
/** The scope of what is given with a call, and, strangely, of a file that is named in it. */
const OF_THE_CALL = 'command';

/** What a configuration says. */
export interface Configuration {
  /** Every key that the repository itself, its main worktree or the run's worktree sets, with its values in their order. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** The value that counts of every key, whoever sets it, but for those that Pawl gives its own calls. */
  readonly effective: ReadonlyMap<string, Effective>;
  /** What is included under a condition, whether it holds now or not. */
  readonly included: readonly Included[];
}

/** A file that a configuration includes: known by the keys that lead to it. */
export interface Included {
  readonly name: string;
  readonly path: string;
}

/** A value as it is written, and whether it is the user's for all repositories. */
export interface Effective {
  readonly value: string;
  readonly isUsers: boolean;
}

interface Entry {
  readonly scope: string;
  /** The file that says it; empty where none does. */
  readonly file: string;
  readonly key: string;
  readonly value: string;
}

/** Reads it, or says by the key UNREADABLE alone that git cannot. */
export async function readConfiguration(run: GitRun, worktree: Worktree): Promise<Configuration> {
  const { commonDir, adminDir } = worktree;
  const keys = new Map<string, string[]>();
  const list = async (args: readonly string[]): Promise<readonly Entry[]> => {
    const asked = ['config', ...args, ...LISTED];
    return entriesOf((await run(inShared(worktree, asked))).text).filter(
      ({ scope }) => scope !== OF_THE_CALL || args.length > 0,
    );
  };
  try {
    const all = await list([]);
    const effective = new Map<string, Effective>(
      all.map((entry) => [entry.key, { value: entry.value, isUsers: isUsers(entry) }]),
    );
    const known = await knownPlaces(run, worktree, { all, effective });
    const take = ({ key, value }: Entry, owner: string): void => {
      const name = `${withoutSecrets(key)}${owner}`;
      keys.set(name, [...(keys.get(name) ?? []), value]);
    };
    const takeOwn = (entry: Entry, owner: string): void => {
      if (!isOrdinarySetting(entry.key, entry.value, known)) take(entry, owner);
    };
    for (const entry of all) {
      if (entry.scope === 'local') takeOwn(entry, '');
      else if (isUsers(entry) && isFarReaching(entry.key)) take(entry, ' of the user');
    }
    const included = all.flatMap((entry) => includedBy(entry, commonDir, run.environment));
    for (const [folder, owner] of [
      [commonDir, ' of the main worktree'],
      [adminDir, ' of the worktree'],
    ] as const) {
      const path = join(folder, OF_A_WORKTREE);
      if (existsSync(path)) for (const entry of await list(['--file', path, '--includes'])) takeOwn(entry, owner);
    }
    return { keys, effective, included };
  } catch (error) {
    // A git that was killed says nothing about the configuration.
    if (!(error instanceof PawlError) || error.kind === 'retryable') throw error;
    return { keys: new Map([[UNREADABLE, [error.message]]]), effective: new Map(), included: [] };
  }
}

function isUsers({ scope }: Entry): boolean {
  return scope === 'global' || scope === 'system';
}

const LISTED = ['--list', '-z', '--show-scope', '--show-origin'];

/** Entries as git writes them when they are LISTED. */
function entriesOf(text: string): readonly Entry[] {
  const fields = text.split('\0');
  const entries: Entry[] = [];
  for (let n = 0; n + 2 < fields.length; n += 3) {
    const [scope = '', origin = '', entry = ''] = [fields[n], fields[n + 1], fields[n + 2]];
    const [key = '', ...value] = entry.split('\n');
    const file = origin.startsWith('file:') ? origin.slice('file:'.length) : '';
    entries.push({ scope, file, key, value: value.join('\n') });
  }
  return entries;
}

/** Remotes, and what the user's checkout says of its submodules. */
async function knownPlaces(
  run: GitRun,
  worktree: Worktree,
  { all, effective }: { readonly all: readonly Entry[]; readonly effective: ReadonlyMap<string, Effective> },
): Promise<KnownPlaces> {
  const names = all.map(({ key }) => /^remote\.(.+)\.url$/.exec(key)?.[1]);
  const remotes = new Set(names.filter((name) => name !== undefined));
  const top = mainWorktree(worktree.commonDir, effective);
  const file = top === null ? null : join(top, '.gitmodules');
  const isAsked = all.some(({ key }) => submoduleOf(key) !== null);
  if (!isAsked || file === null || !existsSync(file)) return { remotes, submodules: new Map() };
  const asked = ['config', '--file', file, '--no-includes', ...LISTED];
  const { text } = await run({ ...inShared(worktree, asked), answers: [0, 1, 128] });
  const declared = entriesOf(text).flatMap(({ key, value }) => {
    const name = submoduleOf(key);
    return name === null ? [] : [[name, value] as const];
  });
  return { remotes, submodules: new Map(declared) };
}

/** What the entry includes under a condition, by the path that git would open; a path is one beside the file that names it. */
function includedBy({ key, value, file }: Entry, cwd: string, environment: NodeJS.ProcessEnv): readonly Included[] {
  if (!/^includeif\..*\.path$/.test(key)) return [];
  return [
    { name: `file of ${withoutSecrets(key)}`, path: resolve(dirname(resolve(cwd, file)), inHome(value, environment)) },
  ];
}

/**
 * A call that works as well when the worktree's folder, or its administration, is gone or damaged: the shared folder by itself, or (its own HEAD
 * being damaged) the worktree's.
 */
export function inShared({ commonDir, adminDir }: Worktree, args: readonly string[]): GitCall {
  const isWhole = isHead(join(commonDir, 'HEAD')) || !isHead(join(adminDir, 'HEAD'));
  const env = { GIT_COMMON_DIR: commonDir };
  return { args, cwd: commonDir, gitDir: isWhole ? commonDir : adminDir, workTree: null, isRead: true, env };
}

/** Where the repository has its own checkout; null where neither its place nor its configuration says it. */
export function mainWorktree(commonDir: string, effective: Configuration['effective']): string | null {
  if (basename(commonDir) === '.git') return dirname(commonDir);
  const named = effective.get('core.worktree');
  return named === undefined ? null : resolve(commonDir, named.value);
}

/** Keys by address, as in `http.https://user:token@host/.proxy`, may hold a password. */
function withoutSecrets(key: string): string {
  return key.replace(/\/\/[^/@]*@/g, '//…@');
}
