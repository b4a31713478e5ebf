/**
 * What files and folders are called.
 *
 * Owns: kebab-case, `*.machine.ts`, names that say nothing.
 * Does not own: names inside of files.
 */
import { maskSource } from './lexer.ts';
import type { SourceFile, Violation } from './source-tree.ts';

const FOLDER = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const FILE = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:machine|test))*\.(?:ts|mjs|cjs|js)$/;
/** As a whole name or the last word of one: what is a helper lock is a lock. */
const EMPTY_NAME = /(?:^|-)(?<word>utils?|helpers?|misc|common|stuff)$/;

/** Names that are not kebab-case, or that say nothing, in any part of a path. */
export function nameViolations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path }): Violation[] => {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    const isKebab = FILE.test(name) && parts.every((folder) => FOLDER.test(folder));
    const empty = path.split('/').flatMap((part) => EMPTY_NAME.exec(part.replace(/\..*$/, ''))?.groups?.word ?? []);
    return [
      ...(isKebab ? [] : [{ path, line: 0, message: 'is not named in kebab-case' }]),
      ...empty.map((word) => ({ path, line: 0, message: `'${word}' says nothing about what is inside` })),
    ];
  });
}

/** A machine is made in machines/, in a file named for it, and such a file makes one. */
export function machineNameViolations(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => /^(?:src|machines)\//.test(path))
    .flatMap(({ path, text }): Violation[] => {
      const makesMachine = /\bcreateMachine\s*\(/.test(maskSource(text).code);
      const isNamedMachine = /^machines\/(?:[^/]+\/)*[^/]+\.machine\.ts$/.test(path);
      if (makesMachine && !isNamedMachine)
        return [{ path, line: 0, message: 'makes a machine outside of machines/**/*.machine.ts' }];
      if (isNamedMachine && !makesMachine) return [{ path, line: 0, message: 'is named *.machine.ts and makes none' }];
      return [];
    });
}
