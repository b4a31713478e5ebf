import { describe, expect, test } from 'vitest';
import { strayCharterNames } from './charter-names.ts';
import { projectPaths, readFiles, told } from './source-tree.ts';

const PATHS = [
  'src/run/fold.ts',
  'src/run/turn-seen.ts',
  'src/host/host.ts',
  'src/adapters/git/commit.ts',
  'machines/run/run.machine.ts',
  'test/support/sim-run.ts',
];
const stray = (charter: string, path = 'src/run/decide.ts'): string[] =>
  told(strayCharterNames([{ path, text: `/**\n * ${charter}\n */\nexport const a = 1; // (run/gone)\n` }], PATHS));
const paths = projectPaths();

describe('a charter', () => {
  test.each([
    'Does not own: this (fold), that (turn-seen).',
    'Does not own: this (run/fold), that (src/run/fold.ts), git (adapters/git, git/commit), both (support/sim-*).',
    'Does not own: the rooms (host, machines), a machine (run/run.machine).',
    'Owns: this (pure, bounded). Does not own: that (the caller, in a worker of its own), those (elkjs, in a worker).',
    'Does not own: that (host).\n *\n * Invariants: 1. Quick (bounded).',
    'Owns: a list (https://example.org/a/b, `/inspect`, FOLDER/<agent>/bin), files (task.json).',
  ])('may name what is there, or nothing: %s', (charter) => expect(stray(charter)).toEqual([]));

  test.each([
    ['Does not own: the chain (run/chain).', 'run/chain'],
    ['Does not own: the chain\n * (run/chain).', 'run/chain', 3],
    ['Does not own: it (fold, commit).', 'commit'],
    ['Does not own: it (gone).', 'gone'],
    ['Owns: it, as gone does (turn-gone).', 'turn-gone'],
    ['Owns: what it gets (gone.machine).', 'gone.machine'],
    ['Does not own: it (turn-seen, support/gone-*).', 'support/gone-*'],
    ['Does not own: it (fold.ts, src/run/gone.ts).', 'src/run/gone.ts'],
    ['Does not own: it (store/gone: aName).', 'store/gone'],
    ['Does not own: it (store/gone removes it).', 'store/gone'],
  ])('that names what is not there is seen: %s', (charter, name, line = 2) => {
    expect(stray(charter)).toEqual([`src/run/decide.ts:${line} its charter names ${name}: not there`]);
  });

  test('names what is elsewhere with its folder', () => {
    expect(stray('Does not own: it (turn-seen).', 'src/host/host.ts')).toHaveLength(1);
    expect(stray('Does not own: it (run/turn-seen).', 'src/host/host.ts')).toEqual([]);
    expect(stray('Does not own: it (commit).', 'src/adapters/node-fs.ts')).toEqual([]);
  });
});

describe('the project', () => {
  test('names only files that are there in its charters', () => {
    const modules = readFiles(paths.filter((path) => /^(?:src|machines|test)\/.*\.(?:tsx?|mjs)$/.test(path)));
    expect(told(strayCharterNames(modules, paths))).toEqual([]);
  });
});
