import { describe, expect, test } from 'vitest';
import { machineNameViolations, nameViolations } from './file-names.ts';
import { codeFiles, type SourceFile, told } from './source-tree.ts';

const named = (path: string, text = ''): SourceFile => ({ path, text });
const tree = codeFiles();

describe('names of files', () => {
  test('are kebab-case in every part', () => {
    const files = [
      'src/run/foldRun.ts',
      'src/Core/fold.ts',
      'src/run/fold_run.ts',
      'machines/run/run.machine.ts',
      'test/a-b.test.ts',
    ];
    expect(told(nameViolations(files.map((path) => named(path))))).toEqual([
      'src/Core/fold.ts is not named in kebab-case',
      'src/run/foldRun.ts is not named in kebab-case',
      'src/run/fold_run.ts is not named in kebab-case',
    ]);
  });

  test('say what is inside', () => {
    const files = [
      'src/run/utils.ts',
      'src/helpers/fold.ts',
      'src/run/fold-helper.ts',
      'src/run/utility.ts',
      'src/run/helper-lock.ts',
      'src/run/uncommon.ts',
      'test/a/b-utils.test.ts',
    ];
    expect(told(nameViolations(files.map((path) => named(path))))).toEqual([
      "src/helpers/fold.ts 'helpers' says nothing about what is inside",
      "src/run/fold-helper.ts 'helper' says nothing about what is inside",
      "src/run/utils.ts 'utils' says nothing about what is inside",
      "test/a/b-utils.test.ts 'utils' says nothing about what is inside",
    ]);
  });

  test('tell where machines are made', () => {
    const files = [
      named('machines/run/run.machine.ts', 'setup({}).createMachine({});'),
      named('machines/run-guards.ts', 'export const a = 1;'),
      named('machines/task/task.machine.ts', '// createMachine()'),
      named('src/run/run.ts', 'setup({}).createMachine({});'),
    ];
    expect(told(machineNameViolations(files))).toEqual([
      'machines/task/task.machine.ts is named *.machine.ts and makes none',
      'src/run/run.ts makes a machine outside of machines/**/*.machine.ts',
    ]);
  });
});

describe('the project', () => {
  test('names its files in kebab-case, by what is inside', () => expect(told(nameViolations(tree))).toEqual([]));
  test('makes its machines in files named for them', () => expect(told(machineNameViolations(tree))).toEqual([]));
});
