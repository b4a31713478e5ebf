/** What the store says of a file that is not as it must be: which file, what is wrong with it, what to do. */
import { describe, expect, it } from 'vitest';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { tailJournal } from '../../src/store/journal-tail.ts';
import { linkRegister, readRegister } from '../../src/store/register.ts';
import { listRuns, readRegistry } from '../../src/store/registry.ts';
import { assertOwnRegistry, bindRegistry } from '../../src/store/registry-binding.ts';
import { isSafeName, lockGeneration, RegistryPaths, safeName } from '../../src/store/registry-paths.ts';
import { isSnapshot, parseSnapshot } from '../../src/store/snapshot-reading.ts';
import { bytesOf, filesOver, sealedRecords, toldBy } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const OTHER_FOLDER =
  'Name another folder with --registry DIR: one that holds a registry, is empty, or does not exist yet.';
const OTHER_PAWL = 'Use the Pawl that made it, or name another folder with --registry DIR.';
const RECOVER = {
  hint: 'Recovering the registry sets the run aside with a report.',
  actions: [{ command: 'pawl recover' }],
};

async function fresh(...folders: readonly string[]): Promise<ReturnType<typeof filesOver>> {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.root, ...folders]);
  return files;
}

describe('a registry', () => {
  const registryOf = async (text: string) => {
    const files = await fresh();
    await files.writeDurable(paths.registryFile, bytesOf(text));
    return await toldBy(() => readRegistry(files, paths));
  };

  it.each([
    ['[]', 'holds no JSON object'],
    ['{', 'holds no JSON object'],
    ['{"v":2,"registryId":"x","createdAtMs":1}', 'has the version 2'],
    ['{"registryId":"x","createdAtMs":1}', 'has the version undefined'],
    [`{"v":"${'9'.repeat(60)}"}`, `has the version "${'9'.repeat(39)}`],
    ['{"v":1,"createdAtMs":1}', 'lacks its id or its time'],
    ['{"v":1,"registryId":"x","createdAtMs":-1}', 'lacks its id or its time'],
    ['{"v":1,"registryId":7,"createdAtMs":1}', 'lacks its id or its time'],
  ])('of which the file reads %s is refused: it %s', async (text, why) => {
    expect(await registryOf(text)).toMatchObject({
      code: 'PAWL_REGISTRY_INVALID',
      message: `/r/registry.json ${why}; this Pawl reads version 1`,
      subject: '/r',
      hint: OTHER_PAWL,
    });
  });

  it('says what it is made of', async () => {
    const files = await fresh();
    await files.writeDurable(paths.registryFile, bytesOf('{"v":1,"registryId":"x","createdAtMs":5,"more":1}'));
    expect(readRegistry(files, paths)).toEqual({ registryId: 'x', createdAtMs: 5 });
    expect(readRegistry(await fresh(), paths)).toBeNull();
  });

  it('is not a folder of something else, and no file', async () => {
    const files = await fresh();
    for (const name of ['a', 'b', 'c', 'd', 'runs']) await files.writeDurable(`/r/${name}`, bytesOf('x'));
    expect(await toldBy(() => readRegistry(files, paths))).toMatchObject({
      code: 'PAWL_REGISTRY_INVALID',
      message: '/r is not a registry: it has no registry.json, but "a", "b", "c" and 1 more',
      hint: OTHER_FOLDER,
      cause: undefined,
    });
    const file = filesOver(new MemoryFs());
    await file.ensureFolders(['/x']);
    await file.writeDurable('/x/y', bytesOf('x'));
    expect(await toldBy(() => readRegistry(file, new RegistryPaths('/x/y')))).toMatchObject({
      code: 'PAWL_REGISTRY_INVALID',
      message: '/x/y is not a registry: it is not a folder',
      hint: OTHER_FOLDER,
      cause: { code: 'PAWL_STORE_FAILED' },
    });
  });

  it('lists as runs what is called like one', async () => {
    const files = await fresh(
      ...['run_A', 'run_', 'xrun_A', 'run_A b', 'run_a.b-c_1'].map((name) => `${paths.runs}/${name}`),
    );
    expect(listRuns(files, paths)).toEqual(['run_A', 'run_a.b-c_1']);
    expect(listRuns(await fresh(), paths)).toEqual([]);
  });
});

describe('a registry of another repository', () => {
  const [here, there] = ['/here', '/there'].map((commonDir) => ({ commonDir, isHome: false }));
  if (here === undefined || there === undefined) throw new Error('no repositories');

  it('says which it belongs to, and what can be done', async () => {
    const files = await fresh('/here', '/there');
    await bindRegistry(files, paths, here);
    expect(await toldBy(() => assertOwnRegistry(files, paths, there))).toMatchObject({
      code: 'PAWL_REGISTRY_FOREIGN',
      message: 'The registry /r belongs to the repository /here, not to /there.',
      hint: 'Start pawl in that repository, or name another registry with --registry DIR. If this repository has taken the place of that one, remove /r/repository.json.',
    });
  });

  it.each(['{}', '{"v":2,"commonDir":"/here","mark":"m"}', '{"v":1,"mark":"m"}', '{"v":1,"commonDir":"/here"}', '[]'])(
    'whose binding reads %s cannot be told',
    async (text) => {
      const files = await fresh('/here');
      await files.writeDurable(paths.repositoryFile, bytesOf(text));
      expect(await toldBy(() => assertOwnRegistry(files, paths, here))).toMatchObject({
        code: 'PAWL_REGISTRY_INVALID',
        message: '/r/repository.json does not say which repository the registry belongs to',
        hint: OTHER_PAWL,
      });
    },
  );
});

describe('a name', () => {
  it.each(['a', 'A-b_c.d', '_x', '-x', 'x'.repeat(200)])('can be part of a path: %s', (name) => {
    expect([isSafeName(name), safeName(name)]).toEqual([true, name]);
  });

  it.each(['', '.', '..', '.x', 'a/b', 'a b', 'x'.repeat(201), 'a\n'])('is refused: %j', async (name) => {
    expect(isSafeName(name)).toBe(false);
    expect(await toldBy(() => safeName(name))).toMatchObject({
      code: 'PAWL_USAGE',
      message: `${JSON.stringify(name.slice(0, 80))} is not a valid id`,
      subject: name.slice(0, 80),
      hint: 'Ids are letters, digits, dot, underscore and hyphen, and do not begin with a dot.',
      actions: [{ command: 'pawl status' }],
    });
  });

  it('of a lock has at least six digits, and those are its generation', () => {
    expect(lockGeneration('lock.000007')).toBe(7);
    expect(lockGeneration('lock.1234567')).toBe(1_234_567);
    for (const name of ['lock.00007', 'lock.x', 'xlock.000007', 'lock.000007x', 'lock.alive', `lock.${'1'.repeat(16)}`])
      expect(lockGeneration(name)).toBeNull();
  });

  it('is one that a registry has, or is not', () => {
    for (const name of [
      'inbox',
      'batches',
      'runs',
      'worktrees',
      'removed',
      'trash',
      'registry.json',
      'repository.json',
      'lock.alive',
      'lock.000001',
      'released.000001',
    ])
      expect([name, paths.isOwnName(name)]).toEqual([name, true]);
    for (const name of ['src', 'lock.1', 'xreleased.000001', 'released.lock.000001', ''])
      expect([name, paths.isOwnName(name)]).toEqual([name, false]);
  });

  it('of what belongs to a run lies in its folder, or beside its worktree', async () => {
    const run = '/r/runs/run_A';
    expect([paths.notices('run_A'), paths.notice('run_A', '5'), paths.cleaned('run_A')]).toEqual([
      `${run}/notices`,
      `${run}/notices/5`,
      `${run}/cleaned`,
    ]);
    expect(paths.keptByClean('run_A')).toBe('/r/worktrees/run_A.kept/clean');
    expect(paths.removal('run_A')).toBe('/r/removed/run_A.json');
    expect((await toldBy(() => paths.removal('../x'))).code).toBe('PAWL_USAGE');
    expect((await toldBy(() => paths.notice('run_A', '../x'))).code).toBe('PAWL_USAGE');
  });
});

describe('a register', () => {
  it('that is longer than one may be is a bug of ours', async () => {
    const files = await fresh();
    expect((await linkRegister(files, '/r/x', bytesOf('12345'), 5)).isWinner).toBe(true);
    await expect(linkRegister(files, '/r/y', bytesOf('123456'), 5)).rejects.toThrow(
      'bug: 6 bytes are too many for the register /r/y',
    );
  });

  it('whose file system has no hard links is for a person', async () => {
    const memory = new MemoryFs();
    await filesOver(memory).ensureFolders(['/r']);
    const files = filesOver(new FaultFs(memory, { ops: ['link'], at: 1, fault: { code: 'EPERM' } }));
    expect(await toldBy(() => linkRegister(files, '/r/x', bytesOf('1')))).toMatchObject({
      code: 'PAWL_STORE_NO_LINKS',
      message: 'could not link /r/x: the file system has no hard links',
      kind: 'needsHuman',
      subject: '/r/x',
      hint: 'Put the registry on a file system with hard links (--registry DIR).',
    });
    expect(memory.list('/r')).toEqual([]);
  });

  it('that cannot be linked for another reason says which', async () => {
    const memory = new MemoryFs();
    await filesOver(memory).ensureFolders(['/r']);
    const files = filesOver(new FaultFs(memory, { ops: ['link'], at: 1, fault: { code: 'ENOSPC' } }));
    expect(await toldBy(() => linkRegister(files, '/r/x', bytesOf('1')))).toMatchObject({
      code: 'PAWL_STORE_FULL',
      message: 'could not link /r/x: ENOSPC',
    });
    expect(readRegister(files, '/r/x')).toBeNull();
  });

  it('that somebody takes away again contradicts itself', async () => {
    const memory = new MemoryFs();
    const files = filesOver(memory);
    await files.ensureFolders(['/r']);
    const gone = Object.create(files, {
      readBytes: { value: () => null },
    }) as typeof files;
    expect(await toldBy(() => linkRegister(gone, '/r/x', bytesOf('1')))).toMatchObject({
      code: 'PAWL_REGISTER_CONTRADICTION',
      message: '/r/x was written but is missing',
      hint: 'Find out who removes files from the registry.',
    });
  });
});

describe('a snapshot', () => {
  const SOUND = {
    actors: {},
    deadlines: [],
    machine: { definitionHash: 'd', id: 'pawl', version: 1 },
    outbox: [],
    runId: 'run_A',
    seq: 3,
    sum: 'a'.repeat(64),
    v: 1,
  };
  const textOf = (value: object): string => `${JSON.stringify(value)}\n`;

  it('is read where it is written as Pawl writes it', () => {
    expect(parseSnapshot(bytesOf(textOf(SOUND)), '/s')).toEqual(SOUND);
  });

  it.each<readonly [Uint8Array, string]>([
    [Buffer.from([0xff, 0xfe]), 'it is not UTF-8'],
    [bytesOf('{'), 'it is not JSON'],
    [bytesOf(''), 'it is not JSON'],
    [bytesOf('[]'), 'it does not have the shape of a snapshot'],
    [bytesOf(JSON.stringify(SOUND)), 'it is not written as Pawl writes it'],
    [bytesOf(` ${textOf(SOUND)}`), 'it is not written as Pawl writes it'],
    [bytesOf(textOf(Object.fromEntries(Object.entries(SOUND).toReversed()))), 'it is not written as Pawl writes it'],
  ])('is refused otherwise (%#): %s', async (bytes, why) => {
    expect(await toldBy(() => parseSnapshot(bytes, '/s'))).toMatchObject({
      code: 'PAWL_SNAPSHOT_DAMAGED',
      message: `/s is not a valid snapshot: ${why}`,
      ...RECOVER,
    });
  });

  it.each([
    { v: 2 },
    { runId: 1 },
    { machine: { ...SOUND.machine, id: 1 } },
    { machine: { ...SOUND.machine, version: -1 } },
    { machine: { ...SOUND.machine, definitionHash: null } },
    { machine: { id: 'pawl', version: 1 } },
    { machine: [] },
    { seq: -1 },
    { sum: 'a' },
    { actors: [] },
    { outbox: [1] },
    { deadlines: {} },
    { more: 1 },
  ])('does not have the shape of one with %j', (change) => {
    expect(isSnapshot(SOUND)).toBe(true);
    expect(isSnapshot({ ...SOUND, ...change })).toBe(false);
  });
});

describe('a journal that is followed', () => {
  it('is read again from its beginning where its next line does not follow', async () => {
    const { lines } = sealedRecords(3);
    const files = await fresh('/j');
    await files.writeDurable('/j/events.jsonl', bytesOf(`${lines[0]}\n`.replace(/\n+$/, '\n')));
    const tail = tailJournal(files, '/j/events.jsonl');
    expect(tail.poll().map(({ seq }) => seq)).toEqual([1]);
    expect(tail.poll()).toEqual([]);
    await files.writeDurable(
      '/j/events.jsonl',
      bytesOf([lines[0], lines[2]].map((line) => `${line?.trimEnd()}\n`).join('')),
    );
    expect(await toldBy(() => tail.poll())).toMatchObject({
      message: expect.stringMatching(/^\/j\/events\.jsonl: the line after record 1 does not follow: ./),
      hint: 'Read the journal again from its beginning; if the result is the same, recover the registry.',
      actions: RECOVER.actions,
    });
  });
});
