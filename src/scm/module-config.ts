/**
 * What of a submodule's configuration no ordinary work of git has written there.
 *
 * Owns: reading the file by its lines. Does not own: which keys are ordinary in any repository (git-settings), finding submodules
 * (adapters/git/submodule-settings).
 *
 * Invariant: a line is left out only if it says, for git as well, nothing but what was understood here; every other one counts.
 */
import { isOrdinarySetting, type KnownPlaces } from './git-settings.ts';

const HEADER = /^\[([A-Za-z0-9-]+)(?: "([^"\\]*)")?\]$/;
const ENTRY = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*=[ \t]*([^"\\#;\p{Cc}]*)$/u;

/** What git writes when it clones a submodule, as `key=value`. */
const FRESH = [
  /^core\.repositoryformatversion=[01]$/,
  /^core\.(?:filemode|ignorecase|precomposeunicode|symlinks)=(?:true|false)$/,
  /^core\.bare=false$/,
  /^core\.logallrefupdates=true$/,
  /^remote\.([^.]+)\.url=/,
  /^remote\.([^.]+)\.fetch=\+refs\/heads\/\*:refs\/remotes\/\1\/\*$/,
];

/** The lines of `text` that count, each with its section. `isOwnCheckout`: whether a `core.worktree` is the folder that the submodule is checked out in. */
export function unusualLines(text: string, isOwnCheckout: (named: string) => boolean): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim());
  // Where lines are continued, one of them alone does not say what it means.
  if (lines.some((line) => line.endsWith('\\'))) return lines;
  const remotes = [...text.matchAll(/^\s*\[remote "([^"\\]+)"\]/gm)].map(([, name = '']) => name);
  const known: KnownPlaces = { remotes: new Set(remotes), submodules: new Map() };
  const isOrdinary = (section: string | null, line: string) => isOrdinaryEntry(section, line, { known, isOwnCheckout });
  const unusual: string[] = [];
  let section: string | null = null;
  for (const line of lines) {
    const [header, name = '', part] = HEADER.exec(line) ?? [];
    if (header !== undefined) {
      section = `${name.toLowerCase()}${part === undefined ? '' : `.${part}`}`;
      continue;
    }
    if (line.startsWith('[')) section = null;
    const isNothing = line === '' || /^[#;]/.test(line);
    if (!isNothing && !isOrdinary(section, line)) unusual.push(`${section ?? ''} ${line}`);
  }
  return unusual;
}

function isOrdinaryEntry(
  section: string | null,
  line: string,
  { known, isOwnCheckout }: { readonly known: KnownPlaces; readonly isOwnCheckout: (named: string) => boolean },
): boolean {
  const [, name, value = ''] = ENTRY.exec(line) ?? [];
  if (section === null || name === undefined) return false;
  const key = `${section}.${name.toLowerCase()}`;
  if (key === 'core.worktree') return isOwnCheckout(value.trim());
  return isOrdinarySetting(key, value.trim(), known) || FRESH.some((pattern) => pattern.test(`${key}=${value.trim()}`));
}
