/**
 * What a file imports, read off its import and export lines.
 *
 * Owns: the list of a file's imports, the project file that a relative specifier means, and the graph of them.
 * Does not own: which import is allowed (floors), rings (cycles).
 */
import { maskSource } from './lexer.ts';
import { lineOf, type SourceFile } from './source-tree.ts';

/** One import, re-export or `import()`. */
export interface Import {
  readonly specifier: string;
  /** `type`: gone when compiled. `lazy`: an `import()` expression, or one in a type. */
  readonly kind: 'type' | 'static' | 'lazy';
  readonly line: number;
}

const FROM = /^[ \t]*(?:import|export)\b(?<type>\s+type\b(?!\s*(?:,|from\b)))?[^;'"`]*?\bfrom\s*(?<quote>['"])/gm;
const BARE = /^[ \t]*import\s*(?<quote>['"])/gm;
const LAZY = /\bimport\s*\(\s*(?<quote>['"])/g;

/** The imports of a file, in the order of their lines. */
export function importsOf(file: SourceFile): Import[] {
  const { code } = maskSource(file.text);
  const found: Import[] = [];
  const collect = (pattern: RegExp, kindOf: (match: RegExpMatchArray) => Import['kind']): void => {
    for (const match of code.matchAll(pattern)) {
      const start = match.index + match[0].length;
      const end = code.indexOf(match.groups?.quote ?? "'", start);
      found.push({
        specifier: file.text.slice(start, end),
        kind: kindOf(match),
        line: lineOf(code, match.index + match[0].search(/\S/)),
      });
    }
  };
  collect(FROM, (match) => (match.groups?.type === undefined ? 'static' : 'type'));
  collect(BARE, () => 'static');
  collect(LAZY, () => 'lazy');
  return found.sort((a, b) => a.line - b.line);
}

/** The project path that a relative specifier means, null for a package or a part of Node. */
export function targetOf(path: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  const url = new URL(specifier, `file:///top/${path}`);
  return url.pathname.replace(/^\/(?:top\/)?/, '');
}

/** One import inside the project, or of a package (`to` is then its specifier). */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly isPackage: boolean;
  readonly kind: Import['kind'];
  readonly line: number;
}

/** Every import of every file. */
export function edgesOf(files: readonly SourceFile[]): Edge[] {
  return files.flatMap((file) =>
    importsOf(file).map(({ specifier, kind, line }) => {
      const target = targetOf(file.path, specifier);
      return { from: file.path, to: target ?? specifier, isPackage: target === null, kind, line };
    }),
  );
}
