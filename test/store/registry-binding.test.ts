import { describe, expect, it } from 'vitest';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { assertOwnRegistry, bindRegistry } from '../../src/store/registry-binding.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { bytesOf, codeOf, filesOver, forEachCrash, forEachMeeting } from './store-kit.ts';

const paths = new RegistryPaths('/store/registry');
const userOf = (commonDir: string, isHome = false) => ({ commonDir, isHome });
const [HERE, THERE] = ['/here/.git', '/there/.git'].map((path) => userOf(path)) as [
  ReturnType<typeof userOf>,
  ReturnType<typeof userOf>,
];
const prepare = (fs: MemoryFs): void => filesOver(fs).ensureFolders([paths.root, HERE.commonDir, THERE.commonDir]);
const bind = (fs: MemoryFs, user = HERE): string | null => codeOf(() => bindRegistry(filesOver(fs), paths, user));

function prepared(): MemoryFs {
  const fs = new MemoryFs();
  prepare(fs);
  return fs;
}

describe('a registry', () => {
  it('belongs to the repository that first wrote to it, and another one is refused without a trace', () => {
    const fs = prepared();
    assertOwnRegistry(filesOver(fs), paths, THERE);
    expect([bind(fs), bind(fs)]).toEqual([null, null]);
    expect(bind(fs, THERE)).toBe('PAWL_REGISTRY_FOREIGN');
    expect(codeOf(() => assertOwnRegistry(filesOver(fs), paths, THERE))).toBe('PAWL_REGISTRY_FOREIGN');
    expect(fs.list(THERE.commonDir)).toEqual([]);
    expect(() => bindRegistry(filesOver(fs), paths, THERE)).toThrow(/\/here\/\.git.*\/there\/\.git/);
  });

  it('at the default place of a repository belongs to that only with its mark', () => {
    const fs = prepared();
    const files = filesOver(fs);
    bind(fs);
    const thereAtHome = userOf(THERE.commonDir, true);
    expect(bind(fs, thereAtHome)).toBe('PAWL_REGISTRY_FOREIGN');
    files.writeDurable(`${THERE.commonDir}/pawl-repository`, bytesOf('another\n'));
    expect(bind(fs, thereAtHome)).toBe('PAWL_REGISTRY_FOREIGN');
    fs.unlink(`${THERE.commonDir}/pawl-repository`);
    const mark = files.readBytes(`${HERE.commonDir}/pawl-repository`, 100) ?? bytesOf('');
    files.writeDurable(`${THERE.commonDir}/pawl-repository`, mark);
    expect([bind(fs, thereAtHome), bind(fs)]).toEqual([null, null]);
  });

  it('does not belong to a repository that was made anew in the same place', () => {
    const fs = prepared();
    bind(fs);
    fs.unlink(`${HERE.commonDir}/pawl-repository`);
    expect([bind(fs), bind(fs, userOf(HERE.commonDir, true))]).toEqual(Array(2).fill('PAWL_REGISTRY_FOREIGN'));
    expect(() => bindRegistry(filesOver(fs), paths, HERE)).toThrow(/another repository that was at \/here\/\.git/);
    fs.unlink(paths.repositoryFile);
    expect([bind(fs), bind(fs)]).toEqual([null, null]);
  });

  it('goes with a repository that was moved, and not with a copy of it', () => {
    const fs = prepared();
    const files = filesOver(fs);
    bind(fs);
    const mark = files.readBytes(`${HERE.commonDir}/pawl-repository`, 100) ?? bytesOf('');
    files.writeDurable(`${THERE.commonDir}/pawl-repository`, mark);
    expect(bind(fs, THERE)).toBe('PAWL_REGISTRY_FOREIGN');
    fs.unlink(`${HERE.commonDir}/pawl-repository`);
    expect(bind(fs, THERE)).toBeNull();
  });

  it('whose binding cannot be read is refused and not touched', () => {
    const fs = prepared();
    filesOver(fs).writeDurable(paths.repositoryFile, bytesOf('{"v":2}'));
    expect(bind(fs)).toBe('PAWL_REGISTRY_INVALID');
    expect(fs.list(HERE.commonDir)).toEqual([]);
  });
});

it('a crash at any call leaves a registry that the same repository binds, for good', () => {
  const ways = forEachCrash<string>(
    prepare,
    (fs, acknowledged) => {
      bindRegistry(filesOver(fs), paths, HERE);
      acknowledged.push('bound');
    },
    (survivor, acknowledged) => {
      if (acknowledged.length > 0) expect(bind(survivor, THERE)).toBe('PAWL_REGISTRY_FOREIGN');
      expect(bind(survivor)).toBeNull();
      expect(bind(survivor.crash('nothing'), THERE)).toBe('PAWL_REGISTRY_FOREIGN');
    },
  );
  expect(ways).toBeGreaterThan(10);
});

it('of two repositories that bind it at once one has it', () => {
  let codes: (string | null)[] = [];
  const meetings = forEachMeeting(
    (fs) => {
      codes = [];
      prepare(fs);
    },
    (fs) => codes.push(bind(fs)),
    (fs) => codes.push(bind(fs, THERE)),
    () => expect(codes.filter((code) => code === null)).toHaveLength(1),
  );
  expect(meetings).toBeGreaterThan(10);
});
