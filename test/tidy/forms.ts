/**
 * Forms of code that we do not use.
 *
 * Owns: default exports, barrels, doors out of the type system, swallowed errors, tests that do not run.
 * Does not own: what Biome already refuses (`!`, unused names, formatting).
 */
import { importsOf } from './imports.ts';
import { maskSource } from './lexer.ts';
import { lineOf, matchesOf, type SourceFile, type Violation } from './source-tree.ts';

/** The two public entries of the package: the only files that may pass on what others export. */
const ENTRIES = new Set(['src/index.ts', 'machines/index.ts']);

const DEFAULT_EXPORT = /\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/g;

/** Default exports. */
export function defaultExports(files: readonly SourceFile[]): Violation[] {
  return inCode(files, DEFAULT_EXPORT, 'exports a default: name it');
}

/** Files that only pass on what others export; a public entry does nothing else. */
export function barrels(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file): Violation[] => {
    const passed = /^[ \t]*export\b[^;'"`]*?\bfrom\b/m.test(maskSource(file.text).code);
    const isBarrel = passed && importsOf(file).length > 0 && restOf(file) === '';
    if (isBarrel === ENTRIES.has(file.path)) return [];
    const message = isBarrel ? 'is a barrel: import from where it is made' : 'a public entry only passes on';
    return [{ path: file.path, line: 0, message }];
  });
}

/** What is left of a file without its imports and re-exports. */
function restOf(file: SourceFile): string {
  return maskSource(file.text)
    .code.replace(/^[ \t]*(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])\s*\1;?/gm, '')
    .replace(/^[ \t]*import\s*(['"])\s*\1;?/gm, '')
    .replace(/^[ \t]*export\s+(?:type\s+)?\{[^}]*\};?/gm, '')
    .trim();
}

const ANY = /(?<![\w$.#'"])any\b(?!\s*[(:?])|\bz\s*\.\s*any\s*\(/g;
const DOUBLE_CAST = /\bas\s+unknown\s+as\b/g;
const SILENCED = /@ts-(?:ignore|nocheck)\b/g;

/** Doors out of the type system. */
export function untypedForms(files: readonly SourceFile[]): Violation[] {
  return [
    ...inCode(files, ANY, "'any' hides a doubt"),
    ...inCode(files, DOUBLE_CAST, "'as unknown as' hides a doubt"),
    ...files.flatMap(({ path, text }) => matchesOf(path, maskSource(text).comments, SILENCED, 'silences the compiler')),
  ];
}

const EMPTY_CATCH = /\bcatch\s*(?:\([^)]*\)\s*)?\{(?<body>\s*)\}/g;
const SWALLOWING_HANDLER = /\.catch\(\s*\(?[\w\s]*\)?\s*=>\s*(?:\{\s*\}|undefined|null|void 0)\s*\)/g;

/** Errors that are caught and dropped without a word on why. */
export function swallowedErrors(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) => {
    const { code, comments } = maskSource(text);
    return [EMPTY_CATCH, SWALLOWING_HANDLER].flatMap((pattern) =>
      [...code.matchAll(pattern)].flatMap((match): Violation[] => {
        const lineEnd = code.indexOf('\n', match.index + match[0].length);
        const reason = comments.slice(match.index, lineEnd === -1 ? undefined : lineEnd);
        if (/\w/.test(reason)) return [];
        return [
          { path, line: lineOf(code, match.index), message: 'swallows an error without saying why on that line' },
        ];
      }),
    );
  });
}

const IDLE_TEST =
  /\b(?:describe|suite|test|it|bench)(?:\s*\.\s*\w+)*\s*\.\s*(?:skip|only|todo|fails)\b|\b(?:xdescribe|xtest|xit|fdescribe|fit)\s*\(/g;

/** Tests that are left out, or that leave others out; `skipIf` and `runIf` name a reason and may stay. */
export function idleTests(files: readonly SourceFile[]): Violation[] {
  return inCode(
    files.filter(({ path }) => path.startsWith('test/')),
    IDLE_TEST,
    'leaves a test out',
  );
}

function inCode(files: readonly SourceFile[], pattern: RegExp, message: string): Violation[] {
  return files.flatMap(({ path, text }) => matchesOf(path, maskSource(text).code, pattern, message));
}
