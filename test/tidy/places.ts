/**
 * Names of places that only one machine knows.
 *
 * Owns: paths of a machine and homes of its users, hosts of package registries and mirrors.
 * Does not own: paths inside the project.
 */
import { lineOf, matchesOf, type SourceFile, type Violation } from './source-tree.ts';

const FOLDERS = ['work', 'root', 'farm', 'home', 'Users', 'builds', 'workspace', 'workspaces'];
/** An absolute path: nothing of a path, an address or a template hole stands before it, and something follows. */
const MACHINE_PATH = new RegExp(
  `(?<![\\w.~:/\\-\\]})$*<>])/(?:${FOLDERS.join('|')})(?=/[\\w.$-]|(?:['"\`\\s]|$))`,
  'gm',
);
const WINDOWS_HOME = /\b[A-Z]:\\\\?Users\\/g;

/** Paths that exist on the machine of one of us. */
export function machinePaths(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) =>
    [MACHINE_PATH, WINDOWS_HOME].flatMap((pattern) => matchesOf(path, text, pattern, 'names a path of one machine')),
  );
}

const PUBLIC_HOSTS = new Set(['registry.npmjs.org', 'www.npmjs.com']);
const ADDRESS = /\bhttps?:\/\/(?:[^\s/@'"`]*@)?(?<host>[\w.-]+)/g;
const REGISTRY_WORDS = /registry|npm|mirror|artifactory|nexus|verdaccio|proxy/i;
const BARE_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;

/** Hosts of a registry or a mirror other than the public one, and bare addresses other than this machine's. */
export function privateHosts(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(ADDRESS)].flatMap((match): Violation[] => {
      const host = match.groups?.host ?? '';
      const isBare = BARE_ADDRESS.test(host) && !/^(?:127\.|0\.0\.0\.0$)/.test(host);
      const isRegistry = REGISTRY_WORDS.test(host) && !PUBLIC_HOSTS.has(host);
      if (!isBare && !isRegistry) return [];
      return [{ path, line: lineOf(text, match.index), message: `names the host ${host}` }];
    }),
  );
}

/** Packages in a lock file that are to be fetched from somewhere else than the public registry. */
export function lockedElsewhere(lockFile: SourceFile): Violation[] {
  const { path, text } = lockFile;
  return [...text.matchAll(/"resolved":\s*"(?<from>[^"]*)"/g)].flatMap((match): Violation[] => {
    const from = match.groups?.from ?? '';
    if (from.startsWith('https://registry.npmjs.org/')) return [];
    return [{ path, line: lineOf(text, match.index), message: `resolves a package from ${from}` }];
  });
}
