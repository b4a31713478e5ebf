/** Which projects there are, whoever registers and archives them, and whenever. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFs } from '../../../src/adapters/node-fs.ts';
import { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { writeAtOnce } from '../../../src/prove/memory/other-process.ts';
import { HomePaths } from '../../../src/store/home/home-paths.ts';
import { type NewProject, ProjectStore } from '../../../src/store/home/projects.ts';
import { jsonBytes } from '../../../src/store/json-file.ts';
import { linkRegister } from '../../../src/store/register.ts';
import { generationDigits } from '../../../src/store/registry-paths.ts';
import { builtPath } from '../../host/built.ts';
import { forEachMeeting } from '../meetings.ts';
import { bytesOf, codeOf, filesOver, forEachCrash, forEachFault, toldBy } from '../store-kit.ts';
import { temporaryFolder } from './real-folder.ts';

const home = new HomePaths('/state/pawl');
const storeOver = (fs: MemoryFs): ProjectStore => new ProjectStore(filesOver(fs), home);
const project = (id: string, more: Partial<NewProject> = {}): NewProject => ({
  id,
  name: id,
  path: `/repos/${id}`,
  by: 'ada',
  key: null,
  bodyHash: null,
  ...more,
});
const idsIn = (store: ProjectStore): string[] => store.list().map(({ id }) => id);

/** An id or a path that two projects have; null when there is none. */
function sharedIn(store: ProjectStore): string | null {
  for (const part of [(id: string) => id.toLowerCase(), (id: string) => store.get(id).path]) {
    const values = idsIn(store).map(part);
    const shared = values.find((value, index) => values.indexOf(value) !== index);
    if (shared !== undefined) return shared;
  }
  return null;
}

describe('a project', () => {
  it('is found by its id in any case, by every process, with all that was recorded', async () => {
    const fs = new MemoryFs();
    expect(storeOver(fs).list()).toEqual([]);
    const asked = project('Web.App_2-x', { key: 'k', bodyHash: 'h', name: 'The web app' });
    const record = await storeOver(fs).add(asked);
    expect(record).toEqual({ ...asked, ordinal: 1, atMs: 1_700_000_000_000 });
    for (const id of ['Web.App_2-x', 'web.app_2-X']) expect(storeOver(fs).get(id)).toEqual(record);
    expect(storeOver(fs).withKey('k')).toEqual(record);
    expect([storeOver(fs).find('web'), storeOver(fs).withKey('other')]).toEqual([null, null]);
  });

  it('is found by its key, also by a store that has looked before, and behind an entry that nobody can read', async () => {
    const fs = new MemoryFs();
    const early = storeOver(fs);
    const first = await storeOver(fs).add(project('a', { key: 'k1' }));
    expect([early.withKey('k1'), early.withKey('k2')]).toEqual([first, null]);
    const second = await storeOver(fs).add(project('b', { key: 'k2' }));
    expect(early.withKey('k2')).toEqual(second);
    await linkRegister(filesOver(fs), join(home.projects, generationDigits(3)), Buffer.from('{'));
    const fourth = await storeOver(fs).add(project('c', { key: 'k4' }));
    for (const store of [early, storeOver(fs)])
      expect([store.withKey('k1'), store.withKey('k4'), store.withKey('k3')]).toEqual([first, fourth, null]);
  });

  it('is listed in the order of ids, also to a store that has listed before', async () => {
    const fs = new MemoryFs();
    const early = storeOver(fs);
    for (const id of ['b', 'c', 'a']) {
      await storeOver(fs).add(project(id));
      expect(idsIn(early)).toContain(id);
    }
    expect(idsIn(early)).toEqual(['a', 'b', 'c']);
  });

  it('that is archived is gone and stays on record; its id and path can be registered again', async () => {
    const fs = new MemoryFs();
    const store = storeOver(fs);
    const first = await store.add(project('a', { key: 'k' }));
    await store.remove('A', { by: 'ada', reason: 'moved' });
    expect([idsIn(store), store.withKey('k')]).toEqual([[], first]);
    expect(await codeOf(() => store.remove('a', { by: 'ada', reason: '' }))).toBe('PAWL_PROJECT_UNKNOWN');
    expect((await store.add(project('A', { path: '/repos/a' }))).ordinal).toBe(2);
    expect(idsIn(storeOver(fs))).toEqual(['A']);
  });

  it('that is unknown is told with those that there are', async () => {
    const store = storeOver(new MemoryFs());
    expect((await toldBy(() => store.get('x'))).hint).toContain('pawl project add');
    await store.add(project('a'));
    expect(await toldBy(() => store.get('x'))).toMatchObject({ code: 'PAWL_PROJECT_UNKNOWN', hint: 'Projects: a.' });
  });
});

describe('what cannot be registered', () => {
  it.each(['', '.a', '-a', 'a/b', '../a', 'a..b', 'a b', 'ä', 'a\n', 'a'.repeat(101), '__proto__'])(
    'is the id %j',
    async (id) => {
      const fs = new MemoryFs();
      expect(await codeOf(() => storeOver(fs).add(project(id)))).toBe('PAWL_PROJECT_INVALID');
      expect(storeOver(fs).list()).toEqual([]);
    },
  );

  it.each(['', 'n'.repeat(201)])('is the name %j', async (name) => {
    expect(await codeOf(() => storeOver(new MemoryFs()).add(project('a', { name })))).toBe('PAWL_PROJECT_INVALID');
  });

  it.each(['constructor', 'a'.repeat(100), '0', 'a.1', 'a.1.removed'])('is not the id %j', async (id) => {
    const store = storeOver(new MemoryFs());
    await store.add(project(id));
    expect(idsIn(store)).toEqual([id]);
  });

  it('is an id that is taken, whatever its case, or a path that is', async () => {
    const store = storeOver(new MemoryFs());
    await store.add(project('web'));
    expect(await toldBy(() => store.add(project('WEB')))).toMatchObject({
      code: 'PAWL_PROJECT_EXISTS',
      message: 'The id WEB is taken, by /repos/web.',
    });
    expect(await toldBy(() => store.add(project('other', { path: '/repos/web' })))).toMatchObject({
      code: 'PAWL_PROJECT_EXISTS',
      message: '/repos/web is registered already, as web.',
    });
    expect(idsIn(store)).toEqual(['web']);
  });

  it('is a project beyond the thousandth, until one is archived', async () => {
    const fs = new MemoryFs();
    await filesOver(fs).ensureFolders([home.projects]);
    for (let number = 1; number <= 1_000; number += 1) {
      const { key, bodyHash, ...rest } = project(`p${number}`);
      const entry = { v: 1, nonce: `${number}`, kind: 'added', ...rest, key, bodyHash, atMs: 1 };
      writeAtOnce(fs, join(home.projects, String(number).padStart(6, '0')), jsonBytes(entry));
    }
    const store = storeOver(fs);
    expect((await toldBy(() => store.add(project('one-more')))).message).toBe('There are 1000 projects already.');
    await store.remove('p7', { by: 'ada', reason: '' });
    await store.add(project('one-more'));
    expect(store.list()).toHaveLength(1_000);
  });
});

describe('two that register at once, wherever they meet', () => {
  const add = (asked: NewProject) => (fs: MemoryFs) => codeOf(() => storeOver(fs).add(asked));

  it.each([
    ['one id', project('a', { path: '/repos/1' }), project('A', { path: '/repos/2' })],
    ['one path', project('a', { path: '/repos/1' }), project('b', { path: '/repos/1' })],
    ['one path, the later id first', project('b', { path: '/repos/1' }), project('a', { path: '/repos/1' })],
  ])('with %s: one does, and the other is told', async (_what, first, second) => {
    const meetings = await forEachMeeting(
      () => undefined,
      add(first),
      add(second),
      (fs, ...outcomes) => {
        expect([...outcomes].sort()).toEqual(['PAWL_PROJECT_EXISTS', null]);
        expect(idsIn(storeOver(fs))).toEqual([outcomes[0] === null ? first.id : second.id]);
      },
    );
    expect(meetings).toBeGreaterThan(12);
  });

  it('with nothing in common: both do', async () => {
    await forEachMeeting(
      () => undefined,
      add(project('a')),
      add(project('b')),
      (fs, ...outcomes) => {
        expect(outcomes).toEqual([null, null]);
        expect(idsIn(storeOver(fs))).toEqual(['a', 'b']);
      },
    );
  });

  it('while a third archives: the id is free for one of them at most', async () => {
    await forEachMeeting(
      (fs) => storeOver(fs).add(project('a')),
      (fs) => codeOf(() => storeOver(fs).remove('a', { by: 'ada', reason: '' })),
      add(project('A', { path: '/repos/2' })),
      (fs, removed, added) => {
        expect([removed, idsIn(storeOver(fs))]).toEqual([null, added === null ? ['A'] : []]);
      },
    );
  });
});

describe('what fails', () => {
  it('at any call leaves every project that was acknowledged, and no half of another', async () => {
    const faults = await forEachFault(
      { ops: ['open', 'write', 'sync', 'size', 'link', 'list', 'stat', 'read', 'makeFolder'], fault: { code: 'EIO' } },
      (fs) => storeOver(fs).add(project('a')),
      async (fs, memory) => {
        const faulty = new ProjectStore(filesOver(fs), home);
        const code = await codeOf(() => faulty.add(project('b')));
        const after = storeOver(memory);
        if (code === null) expect(idsIn(after)).toEqual(['a', 'b']);
        else expect(code).toMatch(/^PAWL_STORE_/);
        expect(idsIn(after)).toContain('a');
        if (after.find('b') === null) await after.add(project('b'));
        expect(after.get('b')).toMatchObject({ path: '/repos/b', name: 'b' });
      },
    );
    expect(faults).toBeGreaterThan(10);
  });

  it('by a power cut at any call keeps what was acknowledged', async () => {
    const ways = await forEachCrash<string>(
      () => undefined,
      async (fs, acknowledged) => {
        const store = storeOver(fs);
        await store.add(project('a'));
        acknowledged.push('a');
        await store.add(project('b'));
        acknowledged.push('b');
        await store.remove('a', { by: 'ada', reason: '' });
        acknowledged.push('-a');
      },
      async (survivor, acknowledged) => {
        const store = storeOver(survivor);
        const ids = idsIn(store);
        if (acknowledged.includes('-a')) expect(ids).toEqual(['b']);
        else if (acknowledged.includes('b')) expect(ids).toContain('b');
        else if (acknowledged.includes('a')) expect(ids).toContain('a');
        await store.add(project('c'));
        expect(idsIn(storeOver(survivor))).toEqual([...ids, 'c']);
      },
    );
    expect(ways).toBeGreaterThan(30);
  });
});

it.each(['', '{', '[]', '{"v":1}', '{"v":2,"kind":"added"}', '{"v":1,"kind":"added","id":"../x","by":"a","atMs":1}'])(
  'a register that holds %j says nothing, and those after it count',
  async (text) => {
    const fs = new MemoryFs();
    await storeOver(fs).add(project('a'));
    writeAtOnce(fs, join(home.projects, '000002'), bytesOf(text));
    writeAtOnce(fs, join(home.projects, 'notes'), bytesOf('x'));
    await storeOver(fs).add(project('b'));
    expect(idsIn(storeOver(fs))).toEqual(['a', 'b']);
    expect(fs.stat(join(home.projects, '000003'))).not.toBeNull();
  },
);

const RACER = `
import { Files } from '${builtPath('src/store/files.ts')}';
import { nodeFs } from '${builtPath('src/adapters/node-fs.ts')}';
import { systemClock } from '${builtPath('src/adapters/system-clock.ts')}';
import { HomePaths } from '${builtPath('src/store/home/home-paths.ts')}';
import { ProjectStore } from '${builtPath('src/store/home/projects.ts')}';
const [root, prefix] = process.argv.slice(2);
const store = new ProjectStore(new Files(nodeFs, systemClock), new HomePaths(root));
process.send('ready');
await new Promise((go) => process.once('message', go));
const won = [];
for (let n = 0; n < 10; n += 1) {
  for (const [id, path] of [['same-' + n, '/repos/' + prefix + n], [prefix + n, '/repos/shared-' + n]]) {
    try {
      won.push((await store.add({ id, name: id, path, by: 'ada', key: null, bodyHash: null })).id);
    } catch (error) {
      if (error.code !== 'PAWL_PROJECT_EXISTS') throw error;
    }
  }
}
process.send(won);
process.disconnect();
`;

it('of real processes that register the same ids and paths at once, one has each', async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, 'racer.mjs'), RACER);
  const racers = ['x', 'y', 'z'].map((prefix) =>
    spawn(process.execPath, [join(root, 'racer.mjs'), join(root, 'home'), prefix], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      timeout: 60_000,
    }),
  );
  const said = (racer: (typeof racers)[number]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      racer.once('message', resolve);
      racer.once('exit', (code) => reject(new Error(`a racer ended: ${code}`)));
    });
  await Promise.all(racers.map(said));
  const won = Promise.all(racers.map(said));
  for (const racer of racers) racer.send('go');
  const ids = (await won).flat();
  const store = new ProjectStore(filesOver(nodeFs), new HomePaths(join(root, 'home')));
  expect(idsIn(store)).toEqual(ids.toSorted());
  expect([ids.length, sharedIn(store)]).toEqual([20, null]);
});
