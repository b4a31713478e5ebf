/** What a worker can plant in the shared git folder, in the home folder or in its files: none of it runs, and none of it changes a byte. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { headOf, recordTree } from '../../src/adapters/git/tree.ts';
import type { CommitResult } from '../../src/ports/git.ts';
import { BRANCH, createFixture, type Fixture } from './git-fixture.ts';

let fix: Fixture;
let witness: string;
beforeEach(async () => {
  fix = createFixture();
  witness = join(fix.repo.root, 'witness');
  expect((await fix.git.prepareWorkspace(fix.spec())).kind).toBe('ready');
});
afterEach(() => fix.repo.remove());

/** A program that tells that it ran, and answers with other bytes than it was given. */
function planted(name: string): string {
  const path = join(fix.repo.root, `planted-${name}`);
  writeFileSync(path, `#!/bin/sh\necho ${name} >> '${witness}'\nsed s/good/evil/g\n`);
  chmodSync(path, 0o755);
  return path;
}

function ran(): string {
  return existsSync(witness) ? readFileSync(witness, 'utf8') : '';
}

function committed(result: CommitResult): Extract<CommitResult, { kind: 'committed' }> {
  if (result.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`);
  return result;
}

/** The id of the tree that the files below `folder` make, byte by byte as they lie there, `.git` left out. */
function rawTree(folder: string): string {
  const idOf = (kind: string, bytes: Buffer): Buffer =>
    createHash('sha1').update(`${kind} ${bytes.length}\0`).update(bytes).digest();
  const entries = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.name !== '.git')
    .map((entry) => {
      const path = join(folder, entry.name);
      const id = entry.isDirectory() ? Buffer.from(rawTree(path), 'hex') : idOf('blob', readFileSync(path));
      const mode = entry.isDirectory() ? '40000' : (statSync(path).mode & 0o100) === 0 ? '100644' : '100755';
      return { key: entry.isDirectory() ? `${entry.name}/` : entry.name, bytes: [`${mode} ${entry.name}\0`, id] };
    })
    .sort((one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)));
  return idOf('tree', Buffer.concat(entries.flatMap(({ bytes }) => bytes.map((part) => Buffer.from(part))))).toString(
    'hex',
  );
}

const HOOKS = [
  'pre-commit',
  'post-commit',
  'post-checkout',
  'reference-transaction',
  'post-index-change',
  'pre-auto-gc',
];

/** All that git reads and a worker can write, each with a program of its own. */
function plantEverything(): void {
  const common = join(fix.repo.path, '.git');
  const set = (key: string, value: string): void => void fix.repo.git(['config', '--add', key, value]);
  for (const name of ['f', 'needed'])
    for (const way of ['clean', 'smudge']) set(`filter.${name}.${way}`, planted(`filter-${name}-${way}`));
  set('filter.needed.required', 'true');
  set('filter.long.process', planted('filter-process'));
  set('diff.external', planted('diff-external'));
  set('diff.d.command', planted('diff-command'));
  set('diff.d.textconv', planted('diff-textconv'));
  set('merge.m.driver', planted('merge-driver'));
  set('core.fsmonitor', planted('fsmonitor'));
  for (const key of ['core.sshCommand', 'core.pager', 'core.editor', 'core.askPass', 'core.alternateRefsCommand']) {
    set(key, planted(key.toLowerCase()));
  }
  set('gpg.program', planted('gpg'));
  for (const key of ['commit.gpgSign', 'log.showSignature', 'core.untrackedCache', 'core.splitIndex']) set(key, 'true');
  set('credential.helper', `!${planted('credential')}`);
  for (const name of ['status', 'add', 'commit-tree', 'read-tree'])
    set(`alias.${name}`, `!${planted(`alias-${name}`)}`);
  set('trailer.Pawl-Effect.command', planted('trailer'));
  const hooks = join(fix.repo.root, 'planted-hooks');
  for (const folder of [hooks, join(common, 'hooks')]) {
    mkdirSync(folder, { recursive: true });
    for (const name of HOOKS) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho hook-${name} >> '${witness}'\nexit 1\n`, { mode: 0o755 });
    }
  }
  set('core.hooksPath', hooks);
  set('core.autocrlf', 'input');
  fix.repo.write(join(fix.repo.root, 'attributes'), '* filter=f diff=d\n');
  set('core.attributesFile', join(fix.repo.root, 'attributes'));
  fix.repo.write(
    join(common, 'info/attributes'),
    '* filter=f diff=d merge=m text eol=crlf ident\n*.long filter=long\n',
  );
  fix.repo.write(join(fix.repo.root, 'included'), `[filter "i"]\n\tclean = ${planted('included')}\n`);
  set('include.path', join(fix.repo.root, 'included'));
  fix.repo.write(
    join(fix.repo.root, 'home/.gitconfig'),
    `[filter "h"]\n\tclean = ${planted('home-clean')}\n\tsmudge = ${planted('home-smudge')}\n`,
  );
  set('extensions.worktreeConfig', 'true');
  fix.inside(['config', '--worktree', 'filter.w.clean', planted('worktree-config')]);
  fix.inside(['config', '--worktree', 'core.worktree', fix.repo.path]);
}

test('the attack that was found: a planted filter runs in no call of ours, and the committed bytes are the verified ones', async () => {
  fix.repo.git(['config', 'filter.f.clean', planted('filter')]);
  fix.repo.git(['config', 'filter.f.smudge', planted('filter')]);
  fix.repo.write(join(fix.repo.path, '.git/info/attributes'), '* filter=f\n');
  fix.put('work.txt', 'good\n');
  const { tree } = await recordTree(fix.worktree, { environment: fix.repo.environment, helperFd: null });
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec({ tree })));
  expect(await fix.git.state(fix.worktree)).toMatchObject({ head: commit, trackedChanges: [], untracked: [] });
  fix.put('left.txt', 'good\n');
  fix.put('src/one.txt', 'good\n');
  const ref = await fix.git.rescueAndReset({ ...fix.resetSpec(), commit });
  await fix.git.addedLines(fix.worktree, fix.base, commit);
  expect(ran()).toBe('');
  expect(fix.inside(['cat-file', 'blob', `${commit}:work.txt`])).toBe('good');
  expect(fix.inside(['cat-file', 'blob', `${ref}:left.txt`])).toBe('good');
  expect(readFileSync(join(fix.worktree, 'work.txt'), 'utf8')).toBe('good\n');
  expect(readFileSync(join(fix.worktree, 'src/one.txt'), 'utf8')).toBe('one\n');
});

/** A commit whose attributes ask for the filters that are planted later: work that brings one is not committed at all. */
function commitKnownFilters(): string {
  fix.put('known/.gitattributes', ['h', 'w', 'i', 'needed', 'f'].map((name) => `x filter=${name}\n`).join(''));
  fix.inside(['add', '-A']);
  fix.inside(['commit', '--quiet', '-m', 'Filters that are not set up']);
  return fix.inside(['rev-parse', 'HEAD']);
}

test('whatever a worker plants, every call of the port runs nothing of it, and content is kept as it is on disk', async () => {
  const start = commitKnownFilters();
  plantEverything();
  const attributes = [
    '* filter=h text eol=crlf ident diff=d',
    'w.txt filter=w',
    'i.txt filter=i',
    'n.txt filter=needed',
  ];
  fix.put('.gitattributes', `${attributes.join('\n')}\n[attr]text eol=crlf filter=f\n`);
  for (const name of ['w.txt', 'i.txt', 'n.txt', 'a.long']) fix.put(name, 'good\r\n$Id$\nmixed\n');
  fix.put('wide.txt', 'good\n');
  fix.put('src/.gitattributes', '*.txt working-tree-encoding=UTF-16 filter=f\n');
  fix.put('src/one.txt', 'good\n');
  const tree = rawTree(fix.worktree);
  const git = { environment: fix.repo.environment, helperFd: null };
  expect(await recordTree(fix.worktree, git)).toEqual({ head: start, tree, reason: null });
  expect(await headOf(fix.worktree, git)).toBe(start);
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec({ tree, parentCommit: start })));
  const plain = ['-c', 'core.worktree=/', '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];
  expect(fix.repo.git([...plain, 'rev-parse', `${commit}^{tree}`])).toBe(tree);
  expect(await fix.git.state(fix.worktree)).toMatchObject({ head: commit, branch: BRANCH, trackedChanges: [] });
  await fix.git.commits(fix.worktree, start, commit);
  expect((await fix.git.filesChanged(fix.worktree, start, commit)).count).toBe(8);
  expect(await fix.git.addedLines(fix.worktree, start, commit)).toContainEqual({ file: 'n.txt', first: 1, last: 3 });
  fix.put('left.txt', 'good\n');
  fix.put('w.txt', 'changed\n');
  expect(await fix.git.rescue({ ...fix.resetSpec('kept'), commit })).not.toBeNull();
  expect(await fix.git.rescueAndReset({ ...fix.resetSpec(), commit })).not.toBeNull();
  expect(rawTree(fix.worktree)).toBe(tree);
  fix.put('more.txt', 'good\n');
  await fix.git.removeUntracked(fix.worktree);
  await fix.git.releaseBranch(fix.worktree);
  expect(await fix.git.branchHead(BRANCH)).toBe(commit);
  const other = fix.spec({ runId: 'run_2', worktree: `${fix.worktree}-2`, branch: 'second' });
  expect((await fix.git.prepareWorkspace(other)).kind).toBe('ready');
  expect(readFileSync(join(`${fix.worktree}-2`, 'src/one.txt'), 'utf8')).toBe('one\n');
  expect(ran()).toBe('');
});

test('attributes in tracked files (text, line ends, ident, an encoding) change no byte of what is committed', async () => {
  const attributes = ['* text=auto', '* text eol=crlf', '* ident', '*.txt working-tree-encoding=UTF-16'];
  for (const [n, line] of attributes.entries()) {
    fix.put(`under-${n}/.gitattributes`, `${line}\n`);
    fix.put(`under-${n}/a.txt`, 'one\r\ntwo\n');
    fix.put(`under-${n}/b.txt`, '$Id: x $\n');
    fix.put(`under-${n}/c.txt`, 'ünï\n');
  }
  const tree = rawTree(fix.worktree);
  expect((await recordTree(fix.worktree, { environment: fix.repo.environment, helperFd: null })).tree).toBe(tree);
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec({ tree })));
  expect(fix.inside(['rev-parse', `${commit}^{tree}`])).toBe(tree);
  expect(await fix.git.state(fix.worktree)).toMatchObject({ trackedChanges: [], untracked: [] });
});

test('a repository that converts line ends shows nothing as changed in a fresh worktree, to us and to plain git', async () => {
  fix.repo.write('.gitattributes', '* text=auto\n*.bat text eol=crlf\n');
  fix.repo.write('lines.txt', 'a\r\nb\r\n');
  fix.repo.write('run.bat', 'a\r\nb\r\n');
  fix.repo.git(['add', '-A']);
  fix.repo.git(['commit', '--quiet', '-m', 'Converted']);
  fix.repo.git(['config', 'core.autocrlf', 'true']);
  const worktree = `${fix.worktree}-2`;
  const spec = fix.spec({ runId: 'run_2', worktree, branch: 'second' });
  expect((await fix.git.prepareWorkspace(spec)).kind).toBe('ready');
  expect(await fix.git.state(worktree)).toMatchObject({ trackedChanges: [], untracked: [] });
  expect(fix.repo.git(['status', '--porcelain'], worktree)).toBe('');
  const { tree } = await recordTree(worktree, { environment: fix.repo.environment, helperFd: null });
  expect(tree).toBe(fix.repo.git(['rev-parse', 'main^{tree}']));
});

test('a change hidden behind a flag of the index, assume-unchanged or skip-worktree, is seen and committed', async () => {
  fix.inside(['update-index', '--assume-unchanged', 'src/one.txt']);
  fix.inside(['update-index', '--skip-worktree', 'README.md']);
  for (const path of ['src/one.txt', 'README.md']) fix.put(path, 'good\n');
  expect((await fix.git.state(fix.worktree)).trackedChanges).toEqual(['README.md', 'src/one.txt']);
  const tree = rawTree(fix.worktree);
  expect((await recordTree(fix.worktree, { environment: fix.repo.environment, helperFd: null })).tree).toBe(tree);
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec({ tree })));
  for (const path of ['src/one.txt', 'README.md']) {
    expect(fix.inside(['cat-file', 'blob', `${commit}:${path}`])).toBe('good');
  }
});

test('what an ignored file is to be in the commit for, and what only was staged, is kept as before', async () => {
  fix.put('.gitignore', 'dist/\n');
  fix.put('dist/forced.js', 'good\n');
  fix.put('dist/other.js', 'good\n');
  fix.inside(['add', '--force', 'dist/forced.js']);
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec()));
  expect(fix.inside(['ls-tree', '-r', '--name-only', commit]).split('\n')).toEqual([
    '.gitignore',
    'README.md',
    'dist/forced.js',
    'src/one.txt',
  ]);
  fix.put('dist/other.js', 'staged\n');
  fix.inside(['add', '--force', 'dist/other.js']);
  expect((await fix.git.state(fix.worktree)).trackedChanges).toEqual(['dist/other.js']);
});

test('ignore rules of the repository and of the user count as they do for git', async () => {
  fix.repo.write(join(fix.repo.root, 'home/.config/git/ignore'), '*.user\nboth.txt\n');
  fix.repo.write(join(fix.repo.path, '.git/info/exclude'), '*.repo\n!both.txt\n');
  for (const name of ['a.user', 'a.repo', 'both.txt']) fix.put(name, 'good\n');
  expect((await fix.git.state(fix.worktree)).untracked).toEqual(['both.txt']);
  fix.repo.write(join(fix.repo.root, 'ignores'), '*.named\n');
  fix.repo.git(['config', 'core.excludesFile', join(fix.repo.root, 'ignores')]);
  fix.put('a.named', 'good\n');
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec()));
  expect((await fix.git.filesChanged(fix.worktree, fix.base, commit)).files).toEqual(['a.user', 'both.txt']);
});

test('replace refs, grafts and a forged commit graph change nothing of what is read', async () => {
  fix.put('work.txt', 'good\n');
  const { commit } = committed(await fix.git.commitWork(fix.commitSpec()));
  const evil = fix.repo.git(['commit-tree', `${fix.base}^{tree}`, '-m', 'Evil']);
  fix.repo.git(['replace', commit, evil]);
  fix.repo.git(['replace', fix.base, evil]);
  fix.repo.write(join(fix.repo.path, '.git/info/grafts'), `${commit}\n`);
  expect(await fix.git.filesChanged(fix.worktree, fix.base, commit)).toEqual({ files: ['work.txt'], count: 1 });
  expect((await fix.git.commits(fix.worktree, fix.base, commit)).map((each) => each.commit)).toEqual([commit]);
  expect(await fix.git.state(fix.worktree)).toMatchObject({ head: commit, trackedChanges: [], untracked: [] });
});

test('a branch that a worker made lead to another branch moves nobody else', async () => {
  const main = fix.repo.git(['rev-parse', 'main']);
  fix.put('work.txt', 'good\n');
  fix.repo.git(['symbolic-ref', `refs/heads/${BRANCH}`, 'refs/heads/main']);
  expect((await fix.git.commitWork(fix.commitSpec())).kind).toBe('refused');
  fix.inside(['-c', 'core.hooksPath=/dev/null', 'commit', '--quiet', '--allow-empty', '-m', 'Moves main']);
  const moved = fix.repo.git(['rev-parse', 'main']);
  expect(moved).not.toBe(main);
  await fix.git.rescueAndReset(fix.resetSpec());
  expect(fix.repo.git(['rev-parse', 'main'])).toBe(moved);
  expect(fix.inside(['symbolic-ref', '--no-recurse', 'HEAD'])).toBe(`refs/heads/${BRANCH}`);
  expect(fix.repo.git(['rev-parse', BRANCH])).toBe(fix.base);
});

test('an administration that names another common folder is never followed, and is mended by a reset', async () => {
  const evil = join(fix.repo.root, 'evil.git');
  fix.repo.git(['clone', '--quiet', '--bare', fix.repo.path, evil]);
  fix.repo.git(['config', 'filter.f.clean', planted('evil')], evil);
  const refs = fix.repo.git(['for-each-ref'], evil);
  writeFileSync(join(fix.admin, 'commondir'), `${evil}\n`);
  fix.put('work.txt', 'good\n');
  expect(await fix.git.commitWork(fix.commitSpec())).toMatchObject({ blocker: { code: 'PAWL_WORKSPACE_CHANGED' } });
  await expect(fix.git.state(fix.worktree)).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
  const ref = await fix.git.rescueAndReset(fix.resetSpec());
  expect(fix.repo.git(['cat-file', 'blob', `${ref}:work.txt`])).toBe('good');
  expect(fix.inside(['status', '--porcelain'])).toBe('');
  expect(fix.repo.git(['for-each-ref'], evil)).toBe(refs);
  expect(ran()).toBe('');
});

test('a link in the place of a worktree is not followed: its target is not touched', async () => {
  rmSync(fix.worktree, { recursive: true });
  symlinkSync(fix.repo.path, fix.worktree);
  fix.repo.write('precious.txt', 'precious\n');
  await expect(fix.git.rescueAndReset(fix.resetSpec())).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
  await expect(fix.git.removeUntracked(fix.worktree)).rejects.toMatchObject({ code: 'PAWL_WORKSPACE_FOREIGN' });
  expect(readFileSync(join(fix.repo.path, 'precious.txt'), 'utf8')).toBe('precious\n');
});
