/** What is stored for a commit is read and hashed: git itself believes the name of an object that is there already. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFixture, type Fixture } from './git-fixture.ts';

let fix: Fixture;
beforeEach(async () => {
  fix = createFixture();
  await fix.git.prepareWorkspace(fix.spec());
});
afterEach(() => fix.repo.remove());

const idOf = (kind: string, bytes: Buffer): string =>
  createHash('sha1').update(`${kind} ${bytes.length}\0`).update(bytes).digest('hex');

/** The commit graph says that `commit` has that tree. */
function forgeGraph(commit: string, tree: string): void {
  const path = join(fix.repo.path, '.git/objects/info/commit-graph');
  const graph = readFileSync(path);
  const chunkAt = (name: string): number => {
    const at = graph.indexOf(name, 8, 'latin1');
    return Number(graph.readBigUInt64BE(at + 4));
  };
  const [names, data] = [chunkAt('OIDL'), chunkAt('CDAT')];
  const place = (graph.indexOf(Buffer.from(commit, 'hex'), names) - names) / 20;
  Buffer.from(tree, 'hex').copy(graph, data + place * 36);
  createHash('sha1')
    .update(graph.subarray(0, -20))
    .digest()
    .copy(graph, graph.length - 20);
  chmodSync(path, 0o644);
  writeFileSync(path, graph);
}

/** Puts `bytes` into an object store under the name of something else. */
function forge(store: string, name: string, kind: string, bytes: Buffer): void {
  const path = join(store, name.slice(0, 2), name.slice(2));
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  writeFileSync(path, deflateSync(Buffer.concat([Buffer.from(`${kind} ${bytes.length}\0`), bytes])));
}

async function commit(): Promise<string> {
  const result = await fix.git.commitWork(fix.commitSpec());
  if (result.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`);
  return result.commit;
}

test('a commit with files of every kind and size is complete, and its tree is returned', async () => {
  fix.put('large.bin', 'x\n'.repeat(300_000));
  fix.put('empty.txt', '');
  fix.put('deep/er/file.txt', 'deep\n');
  symlinkSync('large.bin', join(fix.worktree, 'link'));
  const library = join(fix.repo.root, 'library');
  mkdirSync(library);
  fix.repo.git(['init', '--quiet'], library);
  fix.repo.git(['-c', 'user.name=N', '-c', 'user.email=n@n', 'commit', '--quiet', '--allow-empty', '-m', 'N'], library);
  fix.inside(['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'library']);
  const made = await commit();
  const tree = fix.repo.git(['rev-parse', `${made}^{tree}`]);
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'whole', tree });
  expect(await fix.git.treeOf(made)).toBe(tree);
  fix.repo.git(['repack', '-a', '-d', '--quiet']);
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'whole', tree });
});

test('content that a worker has stored under the name of what it was going to leave is found', async () => {
  const good = idOf('blob', Buffer.from('good\n'));
  forge(join(fix.repo.path, '.git/objects'), good, 'blob', Buffer.from('evil\n'));
  fix.put('work.txt', 'good\n');
  const made = await commit();
  // The tree is the one that was verified, and yet everybody would read something else.
  expect(fix.repo.git(['cat-file', 'blob', `${made}:work.txt`])).toBe('evil');
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'damaged', object: good });
});

test('so is content that is borrowed from a store of the worker, a forged tree, a forged commit, and what is missing', async () => {
  const good = idOf('blob', Buffer.from('good\n'));
  const store = join(fix.repo.root, 'borrowed');
  forge(store, good, 'blob', Buffer.from('evil\n'));
  fix.repo.write(join(fix.repo.path, '.git/objects/info/alternates'), `${store}\n`);
  fix.put('work.txt', 'good\n');
  fix.put('deep/other.txt', 'other\n');
  const made = await commit();
  expect(existsSync(join(fix.repo.path, '.git/objects', good.slice(0, 2), good.slice(2)))).toBe(false);
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'damaged', object: good });
  rmSync(join(fix.repo.path, '.git/objects/info/alternates'));
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'damaged', object: good });
  fix.repo.git(['hash-object', '-w', join(fix.worktree, 'work.txt')]);
  expect((await fix.git.storedContent(made, fix.base)).kind).toBe('whole');

  const objects = join(fix.repo.path, '.git/objects');
  const rawOf = (name: string, kind: string): Buffer => {
    const text = fix.repo.git(['cat-file', kind, name]);
    return Buffer.from(`${text}\n`);
  };
  const deep = fix.repo.git(['rev-parse', `${made}:deep`]);
  forge(objects, deep, 'tree', Buffer.concat([Buffer.from('100644 x\0'), Buffer.from(good, 'hex')]));
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'damaged', object: deep });
  const message = rawOf(made, 'commit')
    .toString()
    .replace(/tree [0-9a-f]+/, `tree ${fix.repo.git(['rev-parse', 'main^{tree}'])}`);
  forge(objects, made, 'commit', Buffer.from(message));
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'damaged', object: made });
  expect(await fix.git.storedContent('f'.repeat(40), fix.base)).toEqual({ kind: 'damaged', object: 'f'.repeat(40) });
});

test('a forged file of the base is found, which would hide from a reviewer what was added', async () => {
  const objects = join(fix.repo.path, '.git/objects');
  fix.put('README.md', 'was there\nadded\n');
  const made = await commit();
  const before = fix.repo.git(['rev-parse', `${fix.base}:README.md`]);
  forge(objects, before, 'blob', Buffer.from('was there\nadded\n'));
  expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'damaged', object: before });
});

test('a commit graph that says something else of the commit, or of its base, is found', async () => {
  fix.put('work.txt', 'evil\n');
  fix.inside(['add', '-A']);
  const evil = fix.inside(['write-tree']);
  fix.put('work.txt', 'good\n');
  const made = await commit();
  const tree = fix.repo.git(['rev-parse', `${made}^{tree}`]);
  for (const commit of [made, fix.base]) {
    fix.repo.git(['commit-graph', 'write', '--reachable']);
    expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'whole', tree });
    forgeGraph(commit, evil);
    expect(fix.repo.git(['show', '--no-patch', '--format=%T', commit])).toBe(evil);
    expect(await fix.git.storedContent(made, fix.base)).toEqual({ kind: 'misread', commit });
    rmSync(join(fix.repo.path, '.git/objects/info/commit-graph'));
  }
});

test('a tree that only a commit in between holds, and that is gone, is damage too', async () => {
  fix.put('work.txt', 'first\n');
  fix.inside(['add', '-A']);
  fix.inside(['-c', 'user.name=W', '-c', 'user.email=w@w', 'commit', '--quiet', '-m', 'First']);
  const between = fix.inside(['rev-parse', 'HEAD^{tree}']);
  fix.put('work.txt', 'second\n');
  const made = await commit();
  expect((await fix.git.storedContent(made, fix.base)).kind).toBe('whole');
  rmSync(join(fix.repo.path, '.git/objects', between.slice(0, 2), between.slice(2)));
  expect((await fix.git.storedContent(made, fix.base)).kind).toBe('damaged');
});
