/**
 * What of the settings of git was changed between two looks at them, and whether a person has accepted it since.
 *
 * Owns: the names under which settings are known, the comparison, its words, the blocker. Does not own: looking (adapters/git/settings), when it is
 * looked (host, engine).
 */

import { changeWords, type SettingChange } from '../blockers/git-words.ts';
import { blocker } from '../model/blocker.ts';
import type { Blocker } from '../model/error.ts';
import type { JournalRecord } from '../model/record.ts';
import type { GitSettings } from '../model/request.ts';

/** The name that stands for a configuration which git itself cannot read. */
export const UNREADABLE = 'config';

/**
 * Keys of the configuration that git and its companions write in the course of ordinary work (a branch and what it tracks, a submodule set up,
 * the forge's word on a remote), and by which nothing is started.
 */
const ORDINARY = [
  /^branch\.(?!.*\.(?:remote|pushremote|mergeoptions)$)/,
  /^submodule\..*\.active$/,
  /^remote\..*\.gh-resolved$/,
];
/** Where a branch is pulled from and pushed to. */
const REMOTE_OF_BRANCH = /^branch\..*\.(?:remote|pushremote)$/;
const URL_OF_SUBMODULE = /^submodule\.(.*)\.url$/;

/** Keys by which a configuration of the user for all repositories starts a program, or leads git or its words elsewhere. */
const FAR_REACHING = [
  /^(?:alias|filter|include|includeif|pager|protocol|remote|url)\./,
  /^core\.(?:alternaterefscommand|askpass|editor|fsmonitor|gitproxy|pager|sshcommand|worktree)$/,
  /^(?:diff\.external|init\.templatedir|interactive\.difffilter|sequence\.editor|uploadpack\.packobjectshook|web\.browser)$/,
  /^diff\..*\.(?:command|textconv)$/,
  /^merge\..*\.driver$/,
  /^(?:browser|difftool|guitool|man|mergetool|tar|trailer)\..*\.(?:cmd|command|path)$/,
  /^credential\.(?:.*\.)?helper$/,
  /^gpg\.(?:.*\.)?(?:program|defaultkeycommand)$/,
  /^http\.(?:.*\.)?(?:cookiefile|extraheader|proxy|sslcainfo|sslcapath|sslverify)$/,
  /^submodule\..*\.update$/,
];

/** What is known of a repository by which a value is told to be ordinary. */
export interface KnownPlaces {
  /** Names of remotes that are configured. */
  readonly remotes: ReadonlySet<string>;
  /** The addresses that `.gitmodules` of the user's checkout gives, by the names of the submodules. */
  readonly submodules: ReadonlyMap<string, string>;
}

/** What nothing follows any more once it is gone: the configuration of another worktree; where history was cut off. */
const GONE_IS_NOTHING = /^worktrees\/|^shallow$/;

const EVIDENCE_MAX = 40;
const OTHERS_MAX = 20;
const NAME_CHARS = 1_000;

/** True for a setting of the repository that may change while workers run. */
export function isOrdinarySetting(key: string, value: string, { remotes, submodules }: KnownPlaces): boolean {
  if (REMOTE_OF_BRANCH.test(key)) return value === '.' || remotes.has(value);
  const submodule = submoduleOf(key);
  if (submodule === null) return ORDINARY.some((pattern) => pattern.test(key));
  // Git writes there what .gitmodules says, made absolute where it is relative. What another commit says of it is not at hand.
  const declared = submodules.get(submodule);
  return declared === undefined || declared === value || /^\.\.?\//.test(declared);
}

/** The name of the submodule whose address the key sets; null for any other key. */
export function submoduleOf(key: string): string | null {
  return URL_OF_SUBMODULE.exec(key)?.[1] ?? null;
}

/** True for a key that counts in the user's own configuration, which other programs write at any time. */
export function isFarReaching(key: string): boolean {
  return FAR_REACHING.some((pattern) => pattern.test(key));
}

/** What was changed from `before` to `after`. */
export function settingChanges(before: GitSettings, after: GitSettings): readonly SettingChange[] {
  if (UNREADABLE in after && !(UNREADABLE in before)) return [{ name: UNREADABLE, change: 'unreadable' }];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): readonly SettingChange[] => {
    const [was, is] = [before[name], after[name]];
    if (was === is) return [];
    if (is === undefined && GONE_IS_NOTHING.test(name)) return [];
    if (was === undefined) return [{ name, change: 'set' }];
    return [{ name, change: is === undefined ? 'removed' : 'changed' }];
  });
}

/** What is known of the task during which settings were changed. */
export interface SettingsCase {
  readonly taskId: string;
  readonly changes: readonly SettingChange[];
  /** Other runs of the registry that had a worker at that time. */
  readonly others: readonly string[];
}

/** The blocker of a run during whose task the settings of git were changed. */
export function settingsBlocker({ taskId, changes, others }: SettingsCase): Blocker {
  const kept = changes.slice(0, EVIDENCE_MAX).map(({ name, change }) => ({ name: name.slice(0, NAME_CHARS), change }));
  const params = { taskId, changes: kept, changeCount: changes.length, others: others.slice(0, OTHERS_MAX) };
  return blocker('PAWL_GIT_TAMPERED', params, [`tasks/${taskId}`, ...kept.map(changeWords)]);
}

/** True when a person has decided to continue since the run was blocked because of that task. */
export function isAcceptedByPerson(records: readonly JournalRecord[], taskId: string): boolean {
  const blockedAt = records.findIndex(({ event }) => {
    const blocker = 'blocker' in event ? event.blocker : null;
    return blocker?.code === 'PAWL_GIT_TAMPERED' && blocker.evidence[0] === `tasks/${taskId}`;
  });
  if (blockedAt < 0) return false;
  return records
    .slice(blockedAt)
    .some(({ event }) => event.type === 'decisionMade' && (event.decision === 'retry' || event.decision === 'accept'));
}

/** True when one of the tasks had a worker between the two instants. */
export function wereAtWork(
  tasks: readonly { readonly startedAtMs: number | null; readonly endedAtMs: number | null }[],
  fromMs: number,
  toMs: number,
): boolean {
  return tasks.some(({ startedAtMs, endedAtMs }) => {
    return startedAtMs !== null && startedAtMs <= toMs && (endedAtMs === null || endedAtMs >= fromMs);
  });
}
