import { describe, expect, it } from 'vitest';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { assertOwnRegistry, bindRegistry } from '../../src/store/registry-binding.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { forEachMeeting } from './meetings.ts';
import { bytesOf, codeOf, filesOver, forEachCrash } from './store-kit.ts';

const paths = new RegistryPaths('/store/registry');
const userOf = (commonDir: string, isHome = false) => ({ commonDir, isHome });
const [HERE, THERE] = ['/here/.git', '/there/.git'].map((path) => userOf(path)) as [
  ReturnType<typeof userOf>,
  ReturnType<typeof userOf>,
];
const prepare = (fs: MemoryFs): Promise<void> =>
  filesOver(fs).ensureFolders([paths.root, HERE.commonDir, THERE.commonDir]);
const bind = (fs: MemoryFs, user = HERE): Promise<string | null> =>
  codeOf(() => bindRegistry(filesOver(fs), paths, user));

async function prepared(): Promise<MemoryFs> {
  const fs = new MemoryFs();
  await prepare(fs);
  return fs;
}

describe('a registry', () => {
  it('belongs to the repository that first wrote to it, and another one is refused without a trace', async () => {
    const fs = await prepared();
    assertOwnRegistry(filesOver(fs), paths, THERE);
    expect([await bind(fs), await bind(fs)]).toEqual([null, null]);
    expect(await bind(fs, THERE)).toBe('PAWL_REGISTRY_FOREIGN');
    expect(await codeOf(() => assertOwnRegistry(filesOver(fs), paths, THERE))).toBe('PAWL_REGISTRY_FOREIGN');
    expect(fs.list(THERE.commonDir)).toEqual([]);
    await expect(bindRegistry(filesOver(fs), paths, THERE)).rejects.toThrow(/\/here\/\.git.*\/there\/\.git/);
  });

  it('at the default place of a repository belongs to that only with its mark', async () => {
    const fs = await prepared();
    const files = filesOver(fs);
    await bind(fs);
    const thereAtHome = userOf(THERE.commonDir, true);
    expect(await bind(fs, thereAtHome)).toBe('PAWL_REGISTRY_FOREIGN');
    await files.writeDurable(`${THERE.commonDir}/pawl-repository`, bytesOf('another\n'));
    expect(await bind(fs, thereAtHome)).toBe('PAWL_REGISTRY_FOREIGN');
    fs.unlink(`${THERE.commonDir}/pawl-repository`);
    const mark = files.readBytes(`${HERE.commonDir}/pawl-repository`, 100) ?? bytesOf('');
    await files.writeDurable(`${THERE.commonDir}/pawl-repository`, mark);
    expect([await bind(fs, thereAtHome), await bind(fs)]).toEqual([null, null]);
  });

  it('does not belong to a repository that was recreated in the same place', async () => {
    const fs = await prepared();
    await bind(fs);
    fs.unlink(`${HERE.commonDir}/pawl-repository`);
    expect([await bind(fs), await bind(fs, userOf(HERE.commonDir, true))]).toEqual(
      Array(2).fill('PAWL_REGISTRY_FOREIGN'),
    );
    await expect(bindRegistry(filesOver(fs), paths, HERE)).rejects.toThrow(
      /another repository that was at \/here\/\.git/,
    );
    fs.unlink(paths.repositoryFile);
    expect([await bind(fs), await bind(fs)]).toEqual([null, null]);
  });

  it('goes with a repository that was moved, and not with a copy of it', async () => {
    const fs = await prepared();
    const files = filesOver(fs);
    await bind(fs);
    const mark = files.readBytes(`${HERE.commonDir}/pawl-repository`, 100) ?? bytesOf('');
    await files.writeDurable(`${THERE.commonDir}/pawl-repository`, mark);
    expect(await bind(fs, THERE)).toBe('PAWL_REGISTRY_FOREIGN');
    fs.unlink(`${HERE.commonDir}/pawl-repository`);
    expect(await bind(fs, THERE)).toBeNull();
  });

  it('whose binding cannot be read is refused and not touched', async () => {
    const fs = await prepared();
    await filesOver(fs).writeDurable(paths.repositoryFile, bytesOf('{"v":2}'));
    expect(await bind(fs)).toBe('PAWL_REGISTRY_INVALID');
    expect(fs.list(HERE.commonDir)).toEqual([]);
  });
});
/** As a driver does it: taking the lock syncs the folder. */
async function bindSettled(fs: MemoryFs): Promise<void> {
  await bindRegistry(filesOver(fs), paths, HERE);
  await filesOver(fs).syncFolder(paths.root);
}

it('a crash at any call leaves a registry that the same repository can bind permanently', async () => {
  const ways = await forEachCrash<string>(
    prepare,
    async (fs, acknowledged) => {
      await bindSettled(fs);
      acknowledged.push('bound');
    },
    async (survivor, acknowledged) => {
      if (acknowledged.length > 0) expect(await bind(survivor, THERE)).toBe('PAWL_REGISTRY_FOREIGN');
      await bindSettled(survivor);
      expect(await bind(survivor.crash('nothing'), THERE)).toBe('PAWL_REGISTRY_FOREIGN');
    },
  );
  expect(ways).toBeGreaterThan(10);
});

it('of two repositories that bind it at once one has it', async () => {
  const meetings = await forEachMeeting(
    prepare,
    (fs) => bind(fs),
    (fs) => bind(fs, THERE),
    (_fs, ...codes) => expect(codes.filter((code) => code === null)).toHaveLength(1),
  );
  expect(meetings).toBeGreaterThan(10);
});
