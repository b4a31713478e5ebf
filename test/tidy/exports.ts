/**
 * Exports of src/ that no production code needs.
 *
 * Owns: finding functions, constants and classes that only tests use, or only the file that they stand in. Does not own: imports (imports).
 * Types are left out: they are gone when compiled, and name the parts of what is exported.
 */
import { edgesOf } from './imports.ts';
import { maskSource } from './lexer.ts';
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

const EXPORTED =
  /^export\s+(?:async\s+)?(?:abstract\s+)?(?:function\*?|const|let|class|enum)\s+(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu;

/** Files whose exports are for others than the files of src/: public entries, and programs that are loaded by their built names. */
const ENTRIES: ReadonlySet<string> = new Set([
  'src/index.ts',
  'src/client/client.ts',
  'src/durable-actors.ts',
  'src/cli/pawl.ts',
  'src/adapters/agents/opencode-plugin.ts',
]);

/** Used in their own files alone, and still to be made private there: nothing is added to these. */
const STILL_EXPORTED: ReadonlySet<string> = new Set([
  'src/engine/effects/request-turn.ts tasksOf',
  'src/engine/effects/request-turn.ts fundsOf',
  'src/prove/system/covering-paths.ts isNext',
  'src/worker/outcome.ts leaveLate',
]);

const isSource = (path: string): boolean => /^(?:src|machines)\//.test(path);

/** An export must be used by another file of src/ or machines/; or by its own file and a test, which then tests a part of what runs. */
export function exportViolations(files: readonly SourceFile[]): Violation[] {
  const wordsIn = new Map(files.map(({ path, text }) => [path, wordsOf(maskSource(text).code)]));
  const importers = importersOf(files);
  return files
    .filter(({ path }) => path.startsWith('src/') && !ENTRIES.has(path))
    .flatMap(({ path, text }) =>
      [...maskSource(text).code.matchAll(EXPORTED)].flatMap((match): Violation[] => {
        const name = match.groups?.name ?? '';
        const users = (importers.get(path) ?? []).filter((user) => wordsIn.get(user)?.has(name) === true);
        const isUsedHere = (wordsIn.get(path)?.get(name) ?? 0) > 1;
        if (STILL_EXPORTED.has(`${path} ${name}`)) return [];
        const message = wrongExport(name, users, isUsedHere);
        return message === null ? [] : [{ path, line: lineOf(text, match.index), message }];
      }),
    );
}

function wrongExport(name: string, users: readonly string[], isUsedHere: boolean): string | null {
  if (users.some(isSource)) return null;
  if (isUsedHere) return users.length > 0 ? null : `exports ${name}, which only this file uses`;
  return `exports ${name}, which ${users.length > 0 ? 'only tests use: move it to test/' : 'nothing uses'}`;
}

/** How often each word stands in a text. */
function wordsOf(code: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [word] of code.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/** The files that import each file. */
function importersOf(files: readonly SourceFile[]): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const { from, to, isPackage } of edgesOf(files)) {
    if (!isPackage && from !== to) importers.set(to, [...(importers.get(to) ?? []), from]);
  }
  return importers;
}
