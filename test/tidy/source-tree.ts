/**
 * The project's own files as plain data, so that every rule is a pure function over them.
 *
 * Owns: reading the tree, the shape of a file and of a violation, line numbers.
 * Does not own: any rule.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One file: its path relative to the top of the repository, with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One broken rule, at one place. */
export interface Violation {
  readonly path: string;
  /** From 1; 0 where the whole file is meant. */
  readonly line: number;
  readonly message: string;
}

const TOP = fileURLToPath(new URL('../../', import.meta.url));
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', '.git', '.pawl', '__snapshots__', 'coverage']);
const CODE_FILE = /\.(?:ts|mts|mjs|js|cjs)$/;
const TEXT_FILE = /\.(?:ts|mts|mjs|js|cjs|json|md|html|css|yml|yaml|sh|txt)$|(?:^|\/)(?:run|LICENSE|\.gitignore)$/;

/** Paths of all files of the repository, folders without their contents excluded, sorted. */
export function projectPaths(): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(`${TOP}${folder}`, { withFileTypes: true })) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) walk(`${path}/`);
      else if (entry.isFile()) found.push(path);
    }
  };
  walk('');
  return found.sort();
}

/** The files of those paths, read. */
export function readFiles(paths: readonly string[]): SourceFile[] {
  return paths.map((path) => ({ path, text: readFileSync(`${TOP}${path}`, 'utf8') }));
}

/** Every program file under src/, machines/ and test/. */
export function codeFiles(): SourceFile[] {
  return readFiles(projectPaths().filter((path) => /^(?:src|machines|test)\//.test(path) && CODE_FILE.test(path)));
}

/** Every file under src/, machines/ and test/ whose imports count: programs, and the components of the page, which no other rule reads yet. */
export function importingFiles(): SourceFile[] {
  return [...codeFiles(), ...readFiles(projectPaths().filter((path) => /^src\/.*\.tsx$/.test(path)))];
}

/** Every text file of the project: code, documents, configuration. */
export function textFiles(): SourceFile[] {
  return readFiles(projectPaths().filter((path) => TEXT_FILE.test(path)));
}

/** The line of `index` in `text`, from 1. */
export function lineOf(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) line += 1;
  return line;
}

/** A violation for every match of `pattern` in `searched`, which has the offsets of the file's text. */
export function matchesOf(path: string, searched: string, pattern: RegExp, message: string): Violation[] {
  return [...searched.matchAll(pattern)].map((match) => ({ path, line: lineOf(searched, match.index), message }));
}

/** Violations as a reader wants them: `path:line message`, sorted. */
export function told(violations: readonly Violation[]): string[] {
  return violations.map(({ path, line, message }) => `${path}${line === 0 ? '' : `:${line}`} ${message}`).sort();
}
