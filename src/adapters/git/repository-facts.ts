/**
 * What a repository says about itself: where its origin is, which branch is its default one.
 *
 * Owns: reading both. Does not own: what follows from them (packets/preflight, workspace-refusals).
 *
 * Invariant: nothing is asked of the network: a default branch is known from what the last clone or fetch has left here.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RepositoryFacts } from '../../ports/git.ts';
import { type GitContext, inRepository } from './worktree.ts';

const ORIGIN_HEAD = 'refs/remotes/origin/HEAD';
const ORIGIN_PREFIX = 'refs/remotes/origin/';
/** What another remote calls its head: a clone may name it otherwise. */
const ANY_HEAD = 'refs/remotes/*/HEAD';
/** What git calls the first branch of a repository, by itself or on a forge's word. */
const USUAL_DEFAULTS = ['main', 'master'];
const OF_ORIGIN = 'remote.origin.';
/** Where early versions of git kept remotes, each in a file of its own; today's still read it. */
const OLD_REMOTES = ['remotes', 'branches'];

/** The address of origin, and the branches that stand for the repository's default one: none is ever worked on directly. */
export async function repositoryFacts(git: GitContext): Promise<RepositoryFacts> {
  const configuration = configurationOf(git);
  const [origin, defaultBranches] = await Promise.all([
    configuration.then((entries) => originOf(git, entries)),
    branchesOf(git, configuration),
  ]);
  return { origin, defaultBranches };
}

/**
 * The branch that origin calls its head; where that is not known, those that other remotes call theirs and each of git's usual first branches that
 * is here; without any of them what the main worktree has checked out.
 */
export function defaultBranchesOf(git: GitContext): Promise<readonly string[]> {
  return branchesOf(git, configurationOf(git));
}

/** One entry of git's configuration: the section and the name in lower case. */
type Entry = readonly [key: string, value: string];

/** All of the configuration that counts in the repository, in git's order. */
async function configurationOf(git: GitContext): Promise<readonly Entry[]> {
  const { text } = await git.run(inRepository(git, ['config', '--list', '--null'], { isRead: true }));
  return text.split('\0').map((entry) => {
    // Without a value it stands for `true`.
    const end = entry.indexOf('\n');
    return end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)];
  });
}

async function originOf(git: GitContext, entries: readonly Entry[]): Promise<string | null> {
  const ofOrigin = entries.filter(([key]) => key.startsWith(OF_ORIGIN));
  const [url, ...more] = ofOrigin.flatMap(([key, value]) => (key === `${OF_ORIGIN}url` ? [value] : []));
  const isRewritten = entries.some(([key]) => /^url\..*\.insteadof$/s.test(key));
  const isElsewhere = OLD_REMOTES.some((folder) => existsSync(join(git.commonDir, folder, 'origin')));
  if (ofOrigin.length === 0 && !isElsewhere) return null;
  if (url !== undefined && url !== '' && more.length === 0 && !isRewritten && !isElsewhere) return url;
  // 2: no such remote; 128 by an older git.
  const call = inRepository(git, ['remote', 'get-url', 'origin'], { answers: [0, 2, 128], isRead: true });
  const output = await git.run(call);
  return output.exitCode === 0 ? output.text.replace(/\n$/, '') : null;
}

async function branchesOf(git: GitContext, configuration: Promise<readonly Entry[]>): Promise<readonly string[]> {
  const [refs, entries] = await Promise.all([refsOf(git, USUAL_DEFAULTS), configuration]);
  const head = refs.get(ORIGIN_HEAD) ?? '';
  if (head.startsWith(ORIGIN_PREFIX)) return [head.slice(ORIGIN_PREFIX.length)];
  const initial = initialBranches(entries);
  const unusual = initial.filter((name) => !USUAL_DEFAULTS.includes(name));
  const found = unusual.length === 0 ? refs : new Map([...refs, ...(await refsOf(git, unusual))]);
  const others = [...found].flatMap(([ref, target]) => {
    const remote = /^refs\/remotes\/([^/]+)\/HEAD$/.exec(ref)?.[1];
    return remote !== undefined && target.startsWith(`refs/remotes/${remote}/`)
      ? [target.split('/').slice(3).join('/')]
      : [];
  });
  const usual = [...initial, ...USUAL_DEFAULTS];
  const here = usual.filter((name) => found.has(`refs/heads/${name}`) || found.has(`${ORIGIN_PREFIX}${name}`));
  const known = [...new Set([...here, ...others])];
  if (known.length > 0) return known;
  const checkedOut = await symbolicTarget(git, 'HEAD');
  return checkedOut === null ? [] : [checkedOut];
}

/** What remotes call their heads and those of the branches that are here or at origin, each with the ref that it stands for. */
async function refsOf(git: GitContext, branches: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const refs = [
    ORIGIN_HEAD,
    ANY_HEAD,
    ...branches.flatMap((name) => [`refs/heads/${name}`, `${ORIGIN_PREFIX}${name}`]),
  ];
  const list = ['for-each-ref', '--format=%(refname) %(symref)', ...refs];
  const lines = (await git.run(inRepository(git, list, { isRead: true }))).text.split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']));
}

/** The short name of the branch, here or at origin, that a symbolic ref of the repository names; null when it names none. */
export async function symbolicTarget(git: GitContext, symbolic: string): Promise<string | null> {
  const args = ['symbolic-ref', '-q', symbolic];
  const output = await git.run(inRepository(git, args, { answers: [0, 1, 128], isRead: true }));
  const ref = output.exitCode === 0 ? output.text.trim() : '';
  return /^refs\/(?:heads|remotes\/origin)\/(.+)$/.exec(ref)?.[1] ?? null;
}

/** What the user calls the first branch of a repository. */
function initialBranches(entries: readonly Entry[]): readonly string[] {
  const name = entries.findLast(([key]) => key === 'init.defaultbranch')?.[1].trim() ?? '';
  // Into a pattern of for-each-ref it goes only as a plain name.
  return /^[A-Za-z0-9][\w./-]*$/.test(name) ? [name] : [];
}
