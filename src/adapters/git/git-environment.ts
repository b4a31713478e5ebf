/**
 * Under which environment and configuration git is run, so that the same call means the same thing for every user.
 *
 * Owns: the sanitised environment, the configuration that overrides the user's, text safe to show.
 * Does not own: starting git (run-git). Free of zod and xstate: the worker host loads this file.
 *
 * Invariants: 1. No GIT_* variable of the caller reaches git. 2. No hook, signature, pager, trace, background service or network transport is used (L8).
 * 3. What git writes is synced. 4. A commit is read as it was made: no replacement, graft or commit graph stands in for it.
 * Not here: what decides how files become objects, which no setting given with a call can overrule (own-git).
 */
import { sanitiseTail } from '../../base/sanitise.ts';

/** Settings given with every call; a git that does not know one ignores it. */
export const GIT_SETTINGS: readonly string[] = [
  'core.hooksPath=/dev/null',
  'commit.gpgsign=false',
  'tag.gpgsign=false',
  'log.showSignature=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'core.fsync=committed,reference,index',
  'core.fsyncMethod=fsync',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.splitIndex=false',
  'core.sparseCheckout=false',
  'core.commitGraph=false',
  'core.attributesFile=/dev/null',
  'protocol.allow=never',
  'core.quotePath=true',
  // A user's wish to be warned about line ends or to skip unreadable files must not change which tree is recorded.
  'core.safecrlf=false',
  'add.ignoreErrors=false',
  'advice.addIgnoredFile=false',
  'advice.detachedHead=false',
  'submodule.recurse=false',
  'trailer.separators=:',
  'i18n.commitEncoding=UTF-8',
  'i18n.logOutputEncoding=UTF-8',
  // Relative links would make the repository unreadable for an older git of the user.
  'worktree.useRelativePaths=false',
].flatMap((setting) => ['-c', setting]);

/** The caller's environment without its GIT_* variables, made quiet and local; `isRead` keeps git from taking optional locks. */
export function gitEnvironment(
  environment: NodeJS.ProcessEnv,
  isRead: boolean,
  extra: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('GIT_')) env[name] = value;
  }
  env.GIT_TERMINAL_PROMPT = '0';
  // A partial clone would otherwise fetch missing objects by itself: no transport is allowed at all.
  env.GIT_ALLOW_PROTOCOL = '';
  env.GIT_NO_LAZY_FETCH = '1';
  env.GIT_NO_REPLACE_OBJECTS = '1';
  // A path below no folder: an empty file would make git advise on grafts with every call.
  env.GIT_GRAFT_FILE = '/dev/null/none';
  env.GIT_ATTR_NOSYSTEM = '1';
  // A variable outranks `trace2.*` in the configuration of the user, which would have every call written down elsewhere.
  for (const target of ['GIT_TRACE2', 'GIT_TRACE2_EVENT', 'GIT_TRACE2_PERF']) env[target] = '0';
  env.LC_ALL = 'C';
  if (isRead) env.GIT_OPTIONAL_LOCKS = '0';
  return { ...env, ...extra };
}

/** `text` on one line, without control codes and likely secrets, at most about its last `charsMax` characters. */
export function shown(text: string, charsMax = 500): string {
  return sanitiseTail(text, charsMax)
    .replace(/[\s\u2028\u2029]+/g, ' ')
    .trim();
}
