/**
 * Which files of a worktree instruct coding agents: by patterns, and by what those files refer to.
 *
 * Owns: the meaning of a pattern, the files that are read because another file names them. Does not own: the patterns of each agent
 * (adapters/agents/instruction-files), reading or replacing files (adapters/git).
 *
 * Invariants: 1. A pattern matches an entry of that name and everything below it. 2. Upper and lower case are the same: on some file
 * systems they are. 3. A file that is read because of another one is a text for people or the target of a link, never the whole repository.
 */

/** How a file in git is kept: `120000` is a symbolic link. */
export interface ReadableFile {
  /** Its path from the top of the repository. */
  readonly path: string;
  readonly isLink: boolean;
  /** Its content; of a link its target. */
  readonly text: string;
}

/**
 * True for the paths that one of `patterns` matches. A pattern is a path of one or more names, at any depth unless it begins with `/`; `*` is any
 * part of a name, `**` any number of folders.
 */
export function instructionMatcher(patterns: readonly string[]): (path: string) => boolean {
  if (patterns.length === 0) return () => false;
  const anywhere = new RegExp(patterns.map(sourceOf).join('|'), 'i');
  return (path) => anywhere.test(path);
}

function sourceOf(pattern: string): string {
  const names = pattern.split('/').filter((name) => name !== '');
  const parts = names.map((name) => (name === '**' ? '(?:[^/]+/)*' : `${escaped(name)}/`));
  const body = parts.join('').replace(/\/$/, '');
  return `${pattern.startsWith('/') ? '^' : '(?:^|/)'}${body}(?:/|$)`;
}

function escaped(name: string): string {
  return name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '[^/]*');
}

/** The names of texts for people. */
const PROSE = /\.(?:adoc|md|mdc|mdx|rst|txt)$/i;

/** An import as Claude Code, Gemini and Qwen write it. Inside code it is not an import; matching it there does no harm. */
const IMPORT = /(?:^|[\s([{"'`])@(?<path>(?:\\ |[^\s)\]}"'`])+)/g;

/** Settings files that name further instruction files, and the keys with which they do. */
const NAMING_KEYS: Readonly<Record<string, readonly string[]>> = {
  'opencode.json': ['instructions'],
  'opencode.jsonc': ['instructions'],
  'settings.json': ['contextFileName', 'fileName'],
};

/** Patterns of what an agent reads with `file`: the target of a link, imported texts, the files that its settings name. */
export function readWith(file: ReadableFile): readonly string[] {
  const folder = file.path.split('/').slice(0, -1);
  if (file.isLink) return patternAt(folder, file.text);
  const keys = NAMING_KEYS[file.path.split('/').at(-1) ?? ''];
  if (keys !== undefined) return namedBySettings(file.text, keys);
  if (!PROSE.test(file.path)) return [];
  return [...file.text.matchAll(IMPORT)].flatMap(({ groups }) => {
    const path = (groups?.path ?? '').replaceAll('\\ ', ' ').replace(/[.,;:!?]+$/, '');
    return PROSE.test(path) ? patternAt(folder, path) : [];
  });
}

/** The pattern of one place, told from a folder; none for the top itself and what lies outside the repository. */
function patternAt(folder: readonly string[], path: string): readonly string[] {
  if (path.startsWith('/') || path.startsWith('~')) return [];
  const names = [...folder];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return [];
  }
  return names.length === 0 ? [] : [`/${names.join('/')}`];
}

/** Paths from the top, or names that count at any depth, as the settings have them. */
function namedBySettings(text: string, keys: readonly string[]): readonly string[] {
  const named: string[] = [];
  for (const match of text.matchAll(/"(?<key>\w+)"\s*:\s*(?<value>\[[^\]]*\]|"(?:[^"\\]|\\.)*")/g)) {
    const { key = '', value = '' } = match.groups ?? {};
    if (!keys.includes(key)) continue;
    named.push(...[...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word));
  }
  return named.flatMap((path) => {
    if (/^[a-z]+:\/\//i.test(path) || /^\**$/.test(path.replaceAll('/', ''))) return [];
    return path.includes('/') ? patternAt([], path) : patternAt([], path).map((pattern) => pattern.slice(1));
  });
}
