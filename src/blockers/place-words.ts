/**
 * What is said of a blocker that speaks of the packet, the surfaces or the worktree, and what to do about it.
 *
 * Owns: those words, by code and facts. Does not own: the facts (model/place-blockers), words on git itself (blockers/git-words), commands
 * (run/next-actions).
 */
import { listed } from '../base/listed.ts';
import { unreachable } from '../base/unreachable.ts';
import type { BlockerParams } from '../model/blocker.ts';
import { branchFaultWords } from '../packets/branch-name.ts';
import { type Entries, type Entry, someOf, type Words } from './words.ts';

/** A packet whose fields cannot be read lacks this. */
const PACKET_OBJECT = 'packet_object';

function packetInsufficient({ missing }: BlockerParams['PAWL_PACKET_INSUFFICIENT']): Words {
  if (!missing.includes(PACKET_OBJECT)) return { message: `The packet lacks ${missing.join(', ')}.` };
  return {
    message: 'The packet is not an object.',
    hint: 'Write an object with the fields of a packet; an edited packet is a new run.',
  };
}

function otherRepository({ taskId, repo, here }: BlockerParams['PAWL_REPOSITORY_MISMATCH']): Words {
  return {
    message: `The packet ${taskId} is for the repository ${repo}, but the origin of this one is ${here}.`,
    hint: `Use the clone of ${repo}, or correct scm_target.repo. If this clone is the right one, such as a fork, add {"scm": {"allowRepos": [${JSON.stringify(repo)}]}} to pawl.config.json.`,
  };
}

function commandRefused(name: 'setup' | 'verification', where: string) {
  return ({ command, needsShell, others, areAllForShell }: BlockerParams['PAWL_SETUP_NOT_ALLOWED']): Words => {
    const problem =
      needsShell === null
        ? 'is not allowed by verification.allow in the config'
        : `cannot be run without a shell: ${needsShell}`;
    return {
      message: `The ${name} command "${command}" ${problem}${others === 0 ? '' : ` (and ${others} more)`}.`,
      hint: areAllForShell
        ? `Put what needs a shell into a script of the repository, and name that in ${where}.`
        : 'Add it to verification.allow in pawl.config.json (matched word by word; a final "*" matches any further words).',
    };
  };
}

function leaseConflict(params: BlockerParams['PAWL_LEASE_CONFLICT']): Words {
  if (params.reason === 'taken') {
    return { message: `The lease of this run had expired, and ${params.by} took its surfaces.` };
  }
  const needed = someOf(params.needed);
  const held = someOf(params.held);
  const isSame = needed === held;
  return {
    message: isSame
      ? `${params.holder} holds ${held}.`
      : `The run needs ${needed}, which overlaps what ${params.holder} holds: ${held}.`,
  };
}

/** Paths are long, and there may be many. */
const CONFLICT_CHARS = 4_000;

function surfaceConflict({ commit, paths, isStrict, holders }: BlockerParams['PAWL_SURFACE_CONFLICT']): Words {
  const strict = isStrict ? ', and "surface" is "strict" in the config' : '';
  const what = `The work changes ${someOf(paths)}, outside the packet's conflict surface${strict}`;
  const held = holders.map((each) => `${each.holder} holds ${someOf(each.paths)}`);
  const [first] = holders;
  const kept = `The work is kept as commit ${commit.slice(0, 12)}.`;
  return {
    message: `${[what, ...held].join('; ')}.`.slice(0, CONFLICT_CHARS),
    hint:
      first === undefined
        ? `${kept} Accept it to lease these paths and continue; retry to have the work done again, with this commit kept under a rescue ref; or abandon the run.`
        : `${kept} Retry once ${first.holder} has ended: the run then continues with this work. Or abandon the run.`,
  };
}

const protectedBranch: Entry<BlockerParams['PAWL_WORKSPACE_BRANCH_PROTECTED']> = {
  hint: 'Give the packet a branch of its own.',
  words: (params) => {
    if (params.reason === 'packet') {
      return {
        message: `The packet ${params.taskId} would work directly on ${params.branch}, the default branch of the repository.`,
        hint: 'Give the packet a branch of its own (scm_target.intended_branch).',
      };
    }
    const what = params.reason === 'base' ? 'base of the work' : 'default branch of the repository';
    return {
      message: `The branch ${params.branch} is the ${what}: a run works on a branch of its own.`,
      hint: 'Give the packet a branch of its own and submit it again (a changed packet is a new run), and abandon this run.',
    };
  },
};

const pathTooLong: Entry<BlockerParams['PAWL_WORKSPACE_PATH_TOO_LONG']> = {
  hint: 'Shorten the named branch or path.',
  words: (params) => {
    if (params.reason === 'worktree') {
      return {
        message: `The path of the worktree is too long for files below it: it has ${params.bytes} bytes.`,
        hint: 'Keep the registry in a folder with a shorter path (--registry DIR), submit the packet there, and abandon this run.',
      };
    }
    const problem = params.reason === 'noRoom' ? `is too long for ${params.folder}` : branchFaultWords(params);
    return {
      message: `The branch ${params.branch} ${problem}.`,
      hint: 'Give the packet a shorter branch name and submit it again (a changed packet is a new run), and abandon this run.',
    };
  },
};

const foreign: Entry<BlockerParams['PAWL_WORKSPACE_FOREIGN']> = {
  hint: 'Look at the contents of that folder and move the folder away, then retry.',
  words: (params) => {
    switch (params.reason) {
      case 'taken':
        return {
          message: `${params.path} is occupied by something other than the worktree of this run.`,
          hint: 'Look at the contents of that folder and move the folder away, then retry the run.',
        };
      case 'replaced':
        return { message: `${params.path} is no longer a folder: something replaced it, for example with a link.` };
      case 'unknown':
        return {
          message: `${params.path} is not (or no longer) a worktree of ${params.repository}.`,
          hint: 'Something removed or replaced it: if that folder exists, look at its contents and move it away, then retry; or abandon the run.',
        };
      default:
        return unreachable(params);
    }
  },
};

function dirty(params: BlockerParams['PAWL_WORKSPACE_DIRTY']): Words {
  return {
    message: `${params.path} ${dirtWords(params)}.`,
    hint: 'Keep or discard the contents of that folder, so that it is clean and on its branch, then retry the run.',
  };
}

function dirtWords(params: BlockerParams['PAWL_WORKSPACE_DIRTY']): string {
  switch (params.reason) {
    case 'elsewhere':
      return `is on ${params.at}, not on ${params.branch}`;
    case 'changes':
      return 'has uncommitted changes';
    case 'halfMade':
      return `is incomplete and on ${params.ref ?? 'no branch'}, not on ${params.branch}`;
    case 'strangers':
      return 'is incomplete and contains files that do not belong to it';
    default:
      return unreachable(params);
  }
}

const CHANGED =
  'Look at the worktree and its branch. A retry keeps the contents of both under a rescue ref, resets them to the last recorded commit and has the work done again.';

function diverged(params: BlockerParams['PAWL_WORKSPACE_DIVERGED']): Words {
  const { branch } = params;
  if (params.reason === 'fromWork') {
    const message = `The branch ${branch} no longer contains the commit that the worker started from.`;
    return { message, hint: CHANGED };
  }
  return {
    message: `The branch ${branch} exists and does not descend from ${params.base}.`,
    hint: `Rebase it onto ${params.base}, rename it, or give the packet another branch, then retry the run.`,
  };
}

function changed(params: BlockerParams['PAWL_WORKSPACE_CHANGED']): Words {
  switch (params.reason) {
    case 'gone':
      return { message: `${params.path} is no longer the worktree that was prepared.` };
    case 'unfinished':
      return { message: 'The worker left a merge, rebase or cherry-pick unfinished.' };
    case 'conflicts':
      return { message: 'The worker left conflicts unresolved.' };
    case 'repositories':
      return { message: 'The worker left git repositories inside the worktree, which a commit cannot contain.' };
    case 'untakable':
      return { message: `Git cannot record what the worker left: ${params.said}` };
    case 'afterEnd':
      return { message: 'The worktree was changed after the worker ended.' };
    case 'headDamaged':
      return { message: 'The HEAD of the worktree is damaged or missing.' };
    case 'offBranch':
      return {
        message: `The worktree is on ${params.ref ?? `no branch (${params.head})`}, not on ${params.branch}.`,
      };
    case 'branchGone':
      return { message: `The branch ${params.branch} no longer exists.` };
    default:
      return unreachable(params);
  }
}

function filterNames({ filters, uses }: BlockerParams['PAWL_REPOSITORY_FILTERS']): string {
  const names = filters.map((filter) => (filter === 'lfs' ? 'Git LFS' : `the filter ${filter}`));
  return `${names.join(' and ')} (${uses.join(', ')})`;
}

/** Names of branches that a message has room for. */
const BRANCHES_NAMED = 5;

/** The part of the catalogue that is about packets, surfaces and worktrees. */
export const PLACE_WORDS = {
  PAWL_PACKET_INSUFFICIENT: {
    hint: 'Add the fields that are named; an edited packet is a new run.',
    words: packetInsufficient,
  },
  PAWL_REPOSITORY_MISMATCH: {
    hint: 'Use the clone of the repository that the packet names, or allow it under scm.allowRepos in pawl.config.json.',
    words: otherRepository,
  },
  PAWL_SETUP_NOT_ALLOWED: {
    hint: 'If it may run, add it to verification.allow in pawl.config.json (matched word by word; a final * matches any further words); else correct workspace.setup. Then retry.',
    words: commandRefused('setup', 'workspace.setup of pawl.config.json'),
  },
  PAWL_VERIFICATION_NOT_ALLOWED: {
    hint: 'If it may run, add it to verification.allow in pawl.config.json (matched word by word; a final * matches any further words), then retry; else correct the packet.',
    words: commandRefused('verification', 'the packet'),
  },
  PAWL_LEASE_CONFLICT: {
    hint: 'While runs are driven, this one resumes automatically once what it needs is free.',
    words: leaseConflict,
  },
  PAWL_SURFACE_CONFLICT: {
    hint: 'The work is kept as a commit on its branch. Retry once the run that holds these paths has ended, or decide on them yourself.',
    words: surfaceConflict,
  },
  PAWL_WORKSPACE_BRANCH_PROTECTED: protectedBranch,
  PAWL_WORKSPACE_PATH_TOO_LONG: pathTooLong,
  PAWL_WORKSPACE_BRANCH_ELSEWHERE: {
    hint: 'Check out another branch there; if that folder is gone, prune the worktrees of the repository. Then retry.',
    words: ({ branch, path }) => ({ message: `The branch ${branch} is checked out at ${path}.` }),
  },
  PAWL_WORKSPACE_BRANCH_IN_WAY: {
    hint: "Git cannot keep a branch next to one whose name starts with that branch's name and a slash. Rename the named branch, or delete it if nobody needs it; then retry.",
    words: ({ branch, names }) => ({
      message: `The branch ${branch} cannot be created while ${listed(names, BRANCHES_NAMED)} ${names.length === 1 ? 'exists' : 'exist'}.`,
    }),
  },
  PAWL_WORKSPACE_FOREIGN: foreign,
  PAWL_WORKSPACE_DIRTY: {
    hint: 'Keep or discard the contents of that folder, so that the worktree is clean and on its branch, then retry.',
    words: dirty,
  },
  PAWL_WORKSPACE_BASE_MISSING: {
    hint: 'Fetch or create the base branch, or name another one in the packet, then retry.',
    words: ({ branch }) => ({
      message:
        branch === null
          ? 'The repository has no default branch with a commit to start from.'
          : `The base branch ${branch} does not exist, here or at origin.`,
      hint: 'Commit on it, fetch it, or name another base_branch in the packet, then retry the run.',
    }),
  },
  PAWL_WORKSPACE_DIVERGED: {
    hint: 'Rebase or rename the branch, or give the packet another one, then retry.',
    words: diverged,
  },
  PAWL_WORKSPACE_CHANGED: { hint: CHANGED, words: changed },
  PAWL_WORKSPACE_FILTERS: {
    hint: 'A retry keeps this work under a rescue ref and has it done again; if the packet asks for the filter, correct it first. Pawl cannot work on repositories that use filters.',
    words: (params) => ({
      message: `The work uses ${filterNames(params)}, which Pawl does not run: the files would be committed as they are.`,
    }),
  },
  PAWL_REPOSITORY_FILTERS: {
    hint: 'Pawl commits files byte for byte. Remove these patterns from the attributes on the base branch and retry, or do this work without Pawl.',
    words: (params) => ({
      message: `The repository stores files through ${filterNames(params)}, which Pawl does not run.`,
    }),
  },
} as const satisfies Partial<Entries<keyof BlockerParams>>;
