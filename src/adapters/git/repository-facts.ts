/**
 * What a repository says about itself: where its origin is, which branch is its default one.
 *
 * Owns: reading both. Does not own: what follows from them (packets/preflight, workspace-refusals).
 *
 * Invariant: nothing is asked of the network: a default branch is known from what the last clone or fetch has left here.
 */
import type { RepositoryFacts } from '../../ports/git.ts';
import { type GitContext, inRepository } from './worktree.ts';

const ORIGIN_HEAD = 'refs/remotes/origin/HEAD';
const ORIGIN_PREFIX = 'refs/remotes/origin/';
/** What another remote calls its head: a clone may name it otherwise. */
const ANY_HEAD = 'refs/remotes/*/HEAD';
/** What git calls the first branch of a repository, by itself or on a forge's word. */
const USUAL_DEFAULTS = ['main', 'master'];

/** The address of origin, and the branches that stand for the repository's default one: none is ever worked on directly. */
export async function repositoryFacts(git: GitContext): Promise<RepositoryFacts> {
  const [origin, defaultBranches] = await Promise.all([originOf(git), defaultBranchesOf(git)]);
  return { origin, defaultBranches };
}

async function originOf(git: GitContext): Promise<string | null> {
  // 2: no such remote; 128 by an older git.
  const call = inRepository(git, ['remote', 'get-url', 'origin'], { answers: [0, 2, 128], isRead: true });
  const output = await git.run(call);
  return output.exitCode === 0 ? output.text.replace(/\n$/, '') : null;
}

/**
 * The branch that origin calls its head; where that is not known, those that other remotes call theirs and each of git's usual first branches that
 * is here; without any of them what the main worktree has checked out.
 */
export async function defaultBranchesOf(git: GitContext): Promise<readonly string[]> {
  const configured = await initialBranch(git);
  const usual = [...new Set([...configured, ...USUAL_DEFAULTS])];
  const refs = [ORIGIN_HEAD, ANY_HEAD, ...usual.flatMap((name) => [`refs/heads/${name}`, `${ORIGIN_PREFIX}${name}`])];
  const list = ['for-each-ref', '--format=%(refname) %(symref)', ...refs];
  const lines = (await git.run(inRepository(git, list, { isRead: true }))).text.split('\n');
  const found = new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']));
  const head = found.get(ORIGIN_HEAD) ?? '';
  if (head.startsWith(ORIGIN_PREFIX)) return [head.slice(ORIGIN_PREFIX.length)];
  const others = [...found].flatMap(([ref, target]) => {
    const remote = /^refs\/remotes\/([^/]+)\/HEAD$/.exec(ref)?.[1];
    return remote !== undefined && target.startsWith(`refs/remotes/${remote}/`)
      ? [target.split('/').slice(3).join('/')]
      : [];
  });
  const here = usual.filter((name) => found.has(`refs/heads/${name}`) || found.has(`${ORIGIN_PREFIX}${name}`));
  const known = [...new Set([...here, ...others])];
  if (known.length > 0) return known;
  const checkedOut = await symbolicTarget(git, 'HEAD');
  return checkedOut === null ? [] : [checkedOut];
}

/** The short name of the branch, here or at origin, that a symbolic ref of the repository names; null when it names none. */
export async function symbolicTarget(git: GitContext, symbolic: string): Promise<string | null> {
  const args = ['symbolic-ref', '-q', symbolic];
  const output = await git.run(inRepository(git, args, { answers: [0, 1, 128], isRead: true }));
  const ref = output.exitCode === 0 ? output.text.trim() : '';
  return /^refs\/(?:heads|remotes\/origin)\/(.+)$/.exec(ref)?.[1] ?? null;
}

async function initialBranch(git: GitContext): Promise<readonly string[]> {
  const args = ['config', '--get', 'init.defaultBranch'];
  const name = (await git.run(inRepository(git, args, { answers: [0, 1], isRead: true }))).text.trim();
  // Into a pattern of for-each-ref it goes only as a plain name.
  return /^[A-Za-z0-9][\w./-]*$/.test(name) ? [name] : [];
}
