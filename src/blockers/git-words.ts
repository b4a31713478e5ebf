/**
 * What is said of a failure of git, of its settings and its objects, and what to do about it.
 *
 * Owns: those words, by code and facts; what git's own sentence on its configuration means. Does not own: the facts (model/place-blockers), running
 * git (adapters/git).
 */
import { listed } from '../base/listed.ts';
import { shellCommand } from '../base/shell-words.ts';
import { unreachable } from '../base/unreachable.ts';
import type { BlockerParams } from '../model/blocker.ts';
import type { Entries, Words } from './words.ts';

type Failed = BlockerParams['PAWL_WORKSPACE_FAILED'];

/** How git failed. */
export type GitFailure = Extract<Failed, { reason: 'git' }>['failure'];

/** What was changed of a setting of git. */
export type SettingChange = BlockerParams['PAWL_GIT_TAMPERED']['changes'][number];

/** What to do where git cannot work with its configuration, by its own sentence on it; null for any other failure. */
export function configHint(detail: string): string | null {
  const at =
    /bad config line (?<line>\d+) in file (?<path>.+)$/.exec(detail) ??
    /in file '(?<path>.+)' at line (?<line>\d+)/.exec(detail) ??
    /bad \w+ config value '.*' for '(?<key>[^']+)'/.exec(detail);
  if (at === null) return null;
  const { line, path = '', key } = at.groups ?? {};
  const place =
    key === undefined
      ? `line ${line} of ${path} (${shellCommand(['sed', '-n', `${line}p`, path])})`
      : `${key} in the configuration of this repository and in your own`;
  return `Git cannot read its configuration. Look at ${place}, undo what was changed there and start again.`;
}

/** What was changed, in a few words: `filter.f.clean was set`. */
export function changeWords({ name, change }: SettingChange): string {
  return change === 'unreadable' ? 'the configuration can no longer be read' : `${name} was ${change}`;
}

function failed(params: Failed): Words {
  if (params.reason === 'commitGone') {
    const { commit, repository } = params;
    return {
      message: `The commit ${commit} is no longer in ${repository}: its branch was deleted or rewritten and git has removed it.`,
      hint: 'The evidence in the folder of the run still lists the files; what Pawl kept is under refs/pawl/rescue.',
    };
  }
  const { command, place, failure } = params;
  const detail = failureWords(failure);
  const otherwise =
    'Read what git reports, fix the cause (disk space, permissions, the repository itself) and start again.';
  return {
    message: `git ${command} failed in ${place}: ${detail}`,
    hint:
      failure.kind === 'notFound'
        ? 'Install git (or put it on PATH) and start again.'
        : (configHint(detail) ?? otherwise),
  };
}

function failureWords(failure: GitFailure): string {
  switch (failure.kind) {
    case 'notFound':
      return 'git was not found';
    case 'exit':
      return withWords(`exit ${failure.exitCode}`, failure.said);
    case 'signal':
      return withWords(`ended by ${failure.signal ?? 'a signal'}`, failure.said);
    case 'slow':
      return `still running after ${failure.ms} ms`;
    case 'output':
      return `more than ${failure.bytes} bytes of output`;
    case 'said':
      return failure.words;
    default:
      return unreachable(failure);
  }
}

function withWords(how: string, said: string): string {
  return `${how}${said === '' ? '' : `: ${said}`}`;
}

/** Changes, and runs, that a message has room for. */
const TOLD_MAX = 5;

function tampered({ taskId, changes, changeCount, others }: BlockerParams['PAWL_GIT_TAMPERED']): Words {
  const suspects = others.length === 0 ? '' : `, a worker of ${others.slice(0, TOLD_MAX).join(' or ')}`;
  const what = listed(changes.map(changeWords), TOLD_MAX, changeCount);
  return {
    message: `While ${taskId} ran, git settings that the whole repository shares were changed: ${what}. The changes came from this worker${suspects}, or from someone else. What Pawl commits does not depend on them.`,
  };
}

function damaged(params: BlockerParams['PAWL_GIT_OBJECTS_DAMAGED']): Words {
  const { commit } = params;
  if (params.reason === 'object') {
    return {
      message: `The object ${params.object} of the commit ${commit} is missing from the repository, or does not match the hash in its name: others would see different content from what both gates judged.`,
    };
  }
  return {
    message: `The repository's commit graph (objects/info/commit-graph, or a file of objects/info/commit-graphs) says something else of the commit ${commit} than the commit itself: git would show another content than both gates have judged.`,
  };
}

/** The part of the catalogue that is about git. */
export const GIT_WORDS = {
  PAWL_WORKSPACE_FAILED: { hint: "Read git's message; retry once the cause is fixed.", words: failed },
  PAWL_GIT_TAMPERED: {
    hint: 'Look at the named settings. If you or a tool you trust made the change, retry: the run resumes with these settings. If not, undo it first, then retry or abandon.',
    words: tampered,
  },
  PAWL_GIT_OBJECTS_DAMAGED: {
    hint: "Check the repository's objects (fsck) and repair it from another clone; delete a commit graph that is named (it is rebuilt when needed). Then retry, or abandon the run. Do not use its branch from here.",
    words: damaged,
  },
} as const satisfies Partial<Entries<keyof BlockerParams>>;
