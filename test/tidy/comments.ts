/**
 * What must be said in comments, and what must not.
 *
 * Owns: the charter on top of a file, the doc comment of an export, notes of unfinished work.
 * Does not own: whether what they say is true.
 */
import { maskSource } from './lexer.ts';
import { lineOf, matchesOf, type SourceFile, type Violation } from './source-tree.ts';

/** Modules: everything but tests, which speak by their names, and programs that tests start. */
const isModule = ({ path }: SourceFile): boolean => path.endsWith('.ts') && !path.endsWith('.test.ts');

/** Modules that do not open with a charter: a sentence, what they own and what they do not. */
export function charterViolations(files: readonly SourceFile[]): Violation[] {
  return files.filter(isModule).flatMap(({ path, text }): Violation[] => {
    const charter = /^(?:#![^\n]*\n)?\/\*\*[\s\S]*?\*\//.exec(text)?.[0];
    if (charter === undefined) return [{ path, line: 1, message: 'does not open with its charter' }];
    const lacks = [
      ...(/^(?:\/\*\*|\s*\*)\s+(?!Owns:|Does not own:)[^\s*/]/m.test(charter) ? [] : ['a sentence']),
      ...(/\bOwns:\s*\S/.test(charter) ? [] : ["'Owns:'"]),
      ...(/\bDoes not own:\s*\S/.test(charter) ? [] : ["'Does not own:'"]),
    ];
    return lacks.map((what) => ({ path, line: 1, message: `its charter lacks ${what}` }));
  });
}

const EXPORT =
  /^export\s+(?:declare\s+)?(?:async\s+)?(?:abstract\s+)?(?<what>function\*?|class|const|let|interface|type|enum)\s+(?<name>[\w$]+)/gm;

/** Exports without a doc comment right above them; the second signature of a function that is overloaded needs none. */
export function undocumentedExports(files: readonly SourceFile[]): Violation[] {
  return files.filter(isModule).flatMap(({ path, text }) => {
    const { code, comments } = maskSource(text);
    const seen = new Set<string>();
    return [...code.matchAll(EXPORT)].flatMap((match): Violation[] => {
      const { what = '', name = '' } = match.groups ?? {};
      const isOverload = what === 'function' && seen.has(name);
      seen.add(name);
      const above = comments.slice(0, match.index).trimEnd();
      const isAdjacent = above.endsWith('*/') && text.slice(above.length, match.index).trim() === '';
      const opening = above.lastIndexOf('/*');
      if (isOverload || (isAdjacent && isDoc(text, opening))) return [];
      return [{ path, line: lineOf(code, match.index), message: `export ${name} has no doc comment` }];
    });
  });
}

/** A doc comment that is not the file's charter. */
function isDoc(text: string, opening: number): boolean {
  const isCharter = text.slice(0, opening).replace(/^#![^\n]*\n/, '') === '';
  return text.startsWith('/**', opening) && !isCharter;
}

const UNFINISHED = /\b(?:TODO|FIXME|XXX|HACK)\b/g;

/** Notes of unfinished work in comments. */
export function unfinishedNotes(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) =>
    matchesOf(path, maskSource(text).comments, UNFINISHED, 'leaves something to do'),
  );
}
