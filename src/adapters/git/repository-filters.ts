/**
 * Filters that a repository has for files of its own: Git LFS, encryption, and the like.
 *
 * Owns: finding them, and the refusals to work where they are in use and to commit work that brings them. Does not own: reading a file of attributes (scm/attribute-filters).
 *
 * Invariant: nothing here changes anything. Pawl runs no filter (own-git), so that where one is in use it would commit content that was meant to
 * be stored otherwise: a large file itself, or a secret in the clear.
 */
import { join } from 'node:path';
import { type BlockerParams, blocker } from '../../model/blocker.ts';
import { type FilterUse, filtersIn } from '../../scm/attribute-filters.ts';
import { shown } from './git-environment.ts';
import { smallTextOf } from './git-files.ts';
import { refusal } from './refusal.ts';
import { pathStream } from './run-git.ts';
import type { Refused } from './workspace-refusals.ts';
import { type GitContext, inRepository } from './worktree.ts';

/** Known by its name even where it is not installed: the files that it keeps are pointers. */
const LFS = 'lfs';
const ATTRIBUTE_FILES_MAX = 200;
const USES_SHOWN = 5;
const FILTERS_NAMED = 20;

interface FoundUse extends FilterUse {
  readonly file: string;
}

/**
 * The refusal where files of `commit` are kept by Git LFS, or by a filter that is set up here; null where none are. A filter that is not set up
 * is one that git itself does not run; attributes that are not tracked are nobody's agreement, but for those of Git LFS.
 */
export async function refuseFilters(git: GitContext, commit: string): Promise<Refused | null> {
  const tracked = await trackedUses(git, commit);
  const local = filtersIn(smallTextOf(join(git.commonDir, 'info/attributes')) ?? '')
    .filter(({ filter }) => filter === LFS)
    .map((use) => ({ ...use, file: '.git/info/attributes' }));
  if (tracked.length + local.length === 0) return null;
  const setUp = await filtersSetUp(git);
  const uses = [...tracked.filter(({ filter }) => filter === LFS || setUp.has(filter)), ...local];
  if (uses.length === 0) return null;
  return refusal(blocker('PAWL_REPOSITORY_FILTERS', paramsOf(uses), uses.map(placeOf)));
}

/**
 * The refusal where attributes in `tree` ask for a filter that those of `commit` do not know; null where they do not. Set up here or not: whoever
 * has brought it wants it to be run.
 */
export async function refuseNewFilters(git: GitContext, commit: string, tree: string): Promise<Refused | null> {
  if (!(await haveAttributesChanged(git, commit, tree))) return null;
  const known = new Set((await trackedUses(git, commit)).map(({ filter }) => filter));
  const uses = (await trackedUses(git, tree)).filter(({ filter }) => !known.has(filter));
  if (uses.length === 0) return null;
  return refusal(blocker('PAWL_WORKSPACE_FILTERS', paramsOf(uses), uses.map(placeOf)));
}

function paramsOf(uses: readonly FoundUse[]): BlockerParams['PAWL_REPOSITORY_FILTERS'] {
  const names = [...new Set(uses.map(({ filter }) => shown(filter)))];
  return { filters: names.slice(0, FILTERS_NAMED), uses: uses.slice(0, USES_SHOWN).map((use) => shown(placeOf(use))) };
}

function placeOf({ file, line, pattern }: FoundUse): string {
  return `${file}:${line} ${pattern}`;
}

async function haveAttributesChanged(git: GitContext, commit: string, tree: string): Promise<boolean> {
  const args = ['diff-tree', '-r', '--name-only', '--no-renames', commit, tree, '--', ':(glob)**/.gitattributes'];
  return (await git.run(inRepository(git, args, { isRead: true }))).text !== '';
}

/** `treeish`: a commit or a tree. */
async function trackedUses(git: GitContext, treeish: string): Promise<readonly FoundUse[]> {
  const files: { readonly path: string; readonly object: string }[] = [];
  const onBytes = pathStream((entry) => {
    const [meta = '', path = ''] = entry.split('\t');
    const [, type, object = ''] = meta.split(' ');
    const isAttributes = type === 'blob' && (path === '.gitattributes' || path.endsWith('/.gitattributes'));
    if (isAttributes && files.length < ATTRIBUTE_FILES_MAX) files.push({ path, object });
  });
  await git.run(inRepository(git, ['ls-tree', '-r', '-z', treeish], { isRead: true, onBytes }));
  const uses: FoundUse[] = [];
  for (const { path, object } of files) {
    const { text } = await git.run(inRepository(git, ['cat-file', 'blob', object], { isRead: true }));
    uses.push(...filtersIn(text).map((use) => ({ ...use, file: path })));
  }
  return uses;
}

/** Names of the filters that some configuration of the user or the repository has a program for. */
async function filtersSetUp(git: GitContext): Promise<ReadonlySet<string>> {
  const args = ['config', '-z', '--name-only', '--get-regexp', '^filter\\..*\\.(clean|smudge|process)$'];
  const { text } = await git.run(inRepository(git, args, { answers: [0, 1], isRead: true }));
  return new Set(text.split('\0').flatMap((key) => /^filter\.(.*)\.[^.]*$/s.exec(key)?.[1] ?? []));
}
