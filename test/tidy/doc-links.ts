/**
 * Links inside the documents.
 *
 * Owns: whether a relative link leads to a file of the project, and its `#anchor` to a heading.
 * Does not own: links to other sites.
 */
import { posix } from 'node:path';
import { lineOf, type SourceFile, type Violation } from './source-tree.ts';

const LINKS = [
  /\]\(\s*<?(?<target>[^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g,
  /^\s{0,3}\[[^\]]+\]:\s*<?(?<target>[^\s>]+)/gm,
  /\b(?:src|href)="(?<target>[^"]+)"/g,
];
const OUTWARD = /^(?:[a-z][a-z0-9+.-]*:|\/\/)/i;

/** Links of markdown files that lead nowhere; `paths` are all files of the project. */
export function deadLinks(documents: readonly SourceFile[], paths: readonly string[]): Violation[] {
  const files = new Set(paths);
  const folders = new Set(paths.flatMap(foldersOf));
  const anchors = new Map(documents.map((document) => [document.path, anchorsOf(document.text)]));
  return documents.flatMap((document) =>
    linksOf(document.text).flatMap(({ target, line }): Violation[] => {
      const message = deadness(document.path, target, files, folders, anchors);
      return message === null ? [] : [{ path: document.path, line, message }];
    }),
  );
}

function deadness(
  from: string,
  target: string,
  files: ReadonlySet<string>,
  folders: ReadonlySet<string>,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): string | null {
  const [place = '', anchor] = decodeURI(target).split('#');
  const path = place === '' ? from : posix.join(posix.dirname(from), place).replace(/\/$/, '');
  if (place.startsWith('/')) return `${target} is absolute`;
  if (path.startsWith('..')) return `${target} leaves the project`;
  if (!files.has(path) && !folders.has(path)) return `${target} leads to no file`;
  if (anchor === undefined) return null;
  const known = anchors.get(path);
  return known === undefined || known.has(anchor) ? null : `${target} leads to no heading`;
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return ['.', ...parts.map((_part, index) => parts.slice(0, index + 1).join('/'))];
}

/** The text without its code, every character of which becomes a space. */
function withoutCode(text: string): string {
  const blank = (part: string): string => part.replace(/[^\n]/g, ' ');
  return text
    .replace(/^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ {0,3}\1[^\n]*$/gm, blank)
    .replace(/(`+)[^`\n]+\1(?!`)/g, blank);
}

function linksOf(text: string): { readonly target: string; readonly line: number }[] {
  const prose = withoutCode(text);
  return LINKS.flatMap((pattern) =>
    [...prose.matchAll(pattern)].map((match) => ({
      target: match.groups?.target ?? '',
      line: lineOf(prose, match.index + match[0].search(/\S/)),
    })),
  ).filter(({ target }) => !OUTWARD.test(target));
}

/** The anchors that GitHub gives to the headings of a document: lower case, no punctuation, `-1` for the second of a name. */
function anchorsOf(text: string): Set<string> {
  const fenceless = text.replace(/^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ {0,3}\1[^\n]*$/gm, '');
  const anchors = new Set<string>();
  for (const match of fenceless.matchAll(/^#{1,6}\s+(?<title>.+?)\s*#*$/gm)) {
    const title = (match.groups?.title ?? '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = title
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  for (const match of fenceless.matchAll(/<a\s+(?:id|name)="(?<anchor>[^"]+)"/g))
    anchors.add(match.groups?.anchor ?? '');
  return anchors;
}
