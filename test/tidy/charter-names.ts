/**
 * The files that a charter names are there: who owns what this file does not must be found.
 *
 * Owns: which words of a charter are names of files, and where each must lead. Does not own: what a charter must say (comments).
 *
 * A name stands in parentheses: `folder/name` with as much of the path as tells it apart, or `name` for what lies beside or below, or for a room.
 * A bare word is a name where it is one of a list of owners, and wherever it has a hyphen or an ending of ours.
 */
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

const CHARTER = /^(?:#![^\n]*\n)?\/\*\*[\s\S]*?\*\//;
const OWNERS = /\bDoes not own:[\s\S]*?(?=\n \*\s*\n|\bInvariants?\b|$)/;
const BRACKETS = /\((?<inside>[^()]*)\)/g;
const PATH = /(?<![\w./<>`@:-])[a-z][\w-]*(?:\/[a-z*][\w.*-]*)+/g;
const WORD = /^[a-z][a-z0-9]*(?:-[a-z0-9*]+)*(?:\.(?:machine|test|config|tsx?|mjs|css))*$/;
const LOOKS_LIKE_A_FILE = /-|\.(?:machine|test|config|tsx?|mjs|css)$/;

/** A word of a charter that names a file or a folder. */
interface Named {
  readonly name: string;
  readonly index: number;
}

/** Names in the charters of files that lead to no file and no folder; `paths` are all files of the project. */
export function strayCharterNames(files: readonly SourceFile[], paths: readonly string[]): Violation[] {
  const known = new Set(paths.flatMap((path) => [path, path.replace(/\.[a-z]+$/, ''), ...foldersOf(path)]));
  const ends = new Set([...known].flatMap(endsOf));
  return files.flatMap(({ path, text }) =>
    namesOf(CHARTER.exec(text)?.[0] ?? '')
      .filter(({ name }) => (name.includes('/') ? !isEnd(name, ends) : !isNear(name, path, known)))
      .map(({ name, index }) => ({ path, line: lineOf(text, index), message: `its charter names ${name}: not there` })),
  );
}

/** A path with folders, or a pattern of such, is the end of a longer one. */
function isEnd(name: string, ends: ReadonlySet<string>): boolean {
  const [before = '', after = ''] = name.split('*');
  return name.includes('*') ? [...ends].some((end) => end.startsWith(before) && end.endsWith(after)) : ends.has(name);
}

/** A bare name is that of a file or folder beside its file or below, or of a room. */
function isNear(name: string, from: string, known: ReadonlySet<string>): boolean {
  const folder = from.slice(0, from.lastIndexOf('/') + 1);
  if ([name, `src/${name}`, `test/${name}`].some((path) => known.has(path))) return true;
  return [...known].some((path) => path.startsWith(folder) && `/${path}`.endsWith(`/${name}`));
}

function namesOf(charter: string): Named[] {
  const owners = OWNERS.exec(charter);
  const [first, last] = owners === null ? [0, 0] : [owners.index, owners.index + owners[0].length];
  return [...charter.matchAll(BRACKETS)].flatMap((bracket) => {
    const { inside = '' } = bracket.groups ?? {};
    const start = bracket.index + 1;
    const entries = [...inside.matchAll(/[^,:;]+/g)].map((entry) => ({
      name: entry[0].replace(/[\s*]+/g, ' ').trim(),
      index: start + entry.index + entry[0].search(/\w/),
    }));
    const words = entries.filter(({ name }) => WORD.test(name));
    const paths = [...inside.matchAll(PATH)].map((match) => ({ name: match[0], index: start + match.index }));
    const isListOfOwners = start > first && start < last && words.length + paths.length === entries.length;
    return [...paths, ...words.filter(({ name }) => isListOfOwners || LOOKS_LIKE_A_FILE.test(name))];
  });
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** `a/b/c`, `b/c`, `c`. */
function endsOf(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_part, index) => parts.slice(index).join('/'));
}
