/**
 * What is said of a blocker that speaks of a worker, its host, a gate or the handoff, and what to do about it.
 *
 * Owns: those words, by code and facts. Does not own: the facts (model/task-blockers), commands (run/next-actions).
 */

import { counted } from '../base/counted.ts';
import { exitWords } from '../base/exit-words.ts';
import { listed } from '../base/listed.ts';
import { unreachable } from '../base/unreachable.ts';
import type { BlockerParams, Overruled } from '../model/blocker.ts';
import { READ_OUTPUT } from './agent-words.ts';
import { type Entries, type Entry, endWords, itSaid, type Words } from './words.ts';

type Judged = BlockerParams['PAWL_GATE_FAILED'];

/** Characters of what the gate said. */
const SUMMARY_CHARS = 1_000;

/** What became of the worktree while the gate judged it. */
export function movedWords(gate: Judged['gate'], overruled: Overruled): string {
  switch (overruled.how) {
    case 'offBranch':
      return 'The worktree was switched off its branch while the gate ran.';
    case 'moved':
      return `The head moved from ${overruled.from} to ${overruled.to} while the gate ran.`;
    case 'otherTree': {
      const made = overruled.made === null ? 'no tree' : `the tree ${overruled.made}`;
      return `The files form ${made}; the commit has ${overruled.expected}.`;
    }
    case 'changedFiles':
      return `${judgeName(gate, overruled.judge)} changed tracked files: ${overruled.files.join(', ')}${overruled.isCut ? '…' : ''}.`;
    default:
      return unreachable(overruled);
  }
}

/** Who judged: the agent of that name, or the packet's commands where it is null. */
export function judgeName(gate: Judged['gate'], judge: string | null): string {
  if (judge === null) return `The ${gate}`;
  return `The ${gate === 'review' ? 'reviewer' : 'verifier'} "${judge}"`;
}

/** Why a verdict does not count, before what it said. */
export function overruledWords(why: string, verdict: string, said: string): string {
  return `${why} The verdict was ${verdict}: ${said}`.trim();
}

function judgement(how: 'is blocked' | 'failed') {
  return ({ gate, round, said, overruled }: Judged): Words => {
    const summary = overruled === null ? said : overruledWords(movedWords(gate, overruled), 'PASS', said);
    const text = summary.slice(0, SUMMARY_CHARS);
    return { message: `The ${gate} of round ${round} ${how}${text === '' ? '.' : `: ${text}`}` };
  };
}

const STUCK = {
  same: 'two fixes in a row left the same findings',
  returned: 'every finding had been reported before and had been gone in between',
  newInFix: 'for two rounds, the only findings were new ones in what the fixes themselves had added',
} as const;

function workerExit({ exitCode, signal, answer }: BlockerParams['PAWL_WORKER_EXIT']): Words {
  const how = exitWords({ exitCode, signal });
  switch (answer?.kind) {
    case undefined:
      return { message: `The worker ended with ${how}.` };
    case 'missing':
      return { message: `The worker ended with ${how} and left no answer.` };
    case 'invalid':
      return { message: `The worker ended with ${how}; its answer is not valid: ${answer.problem}.` };
    case 'valid':
      return { message: `The worker answered "${answer.status}" and ended with ${how}: ${answer.summary}` };
  }
}

function startFailed(params: BlockerParams['PAWL_WORKER_START_FAILED']): Words {
  if (params.reason === 'ended') return endWords('The worker could not be started.', params);
  const problem =
    params.reason === 'notFound'
      ? 'was not found, or the interpreter named in its first line was not'
      : 'cannot be executed, or is not a program for this system';
  return {
    message: `The worker could not be started: "${params.program}", or a program that it starts, ${problem} (exit ${params.exitCode}).${itSaid(params.said)}`,
  };
}

function interrupted(params: BlockerParams['PAWL_WORKER_INTERRUPTED']): Words {
  switch (params.reason) {
    case 'operator':
      return endWords('The worker was stopped by the operator.', params);
    case 'down':
      return endWords('The worker ended when Pawl or the machine went down.', params);
    case 'unseen':
      return {
        message: `The worker ended unobserved when Pawl or the machine went down; ${unseenAnswer(params.problem)}.`,
      };
    default:
      return unreachable(params);
  }
}

function unseenAnswer(problem: string | null): string {
  return problem === null ? 'it left no answer' : `its answer is not valid: ${problem}`;
}

function survivors(params: BlockerParams['PAWL_WORKER_SURVIVORS']): Words {
  switch (params.reason) {
    case 'pids': {
      const lock = params.isLockHeld === null ? 'cannot tell whether its lock is held' : 'its lock is still held';
      const pids = params.pids.map(String);
      const left = pids.length === 0 ? lock : listed(pids, pids.length, params.count);
      return { message: `Processes of the worker's tree could not be stopped or read: ${left}.` };
    }
    case 'unreadable':
      return { message: 'A process that may belong to an earlier worker is alive and cannot be read or stopped.' };
    case 'running':
      return {
        message: `A process of ${params.taskId} is still running; no new worker starts in this worktree before it has ended.`,
      };
    default:
      return unreachable(params);
  }
}

const hostUnknown: Entry<BlockerParams['PAWL_HOST_UNKNOWN']> = {
  hint: 'Verify that the host and its worker have ended, then retry: your confirmation is recorded.',
  words: (params) => {
    switch (params.reason) {
      case 'unended':
        return {
          message: `The worker host (pid ${params.pid}) could not be stopped, or its end cannot be proven from here.`,
        };
      case 'unclaimed':
        return { message: 'Cannot tell whether the worker host is alive.' };
      case 'elsewhere':
        return {
          message: `Cannot tell from here whether the worker host is alive: it ran as pid ${params.pid} on ${params.hostname}.`,
        };
      default:
        return unreachable(params);
    }
  },
};

function handoffRefused(params: BlockerParams['PAWL_HANDOFF_REFUSED']): Words {
  switch (params.reason) {
    case 'gates':
      return {
        message: `The gates of round ${params.round} were not both passed by the commit that was handed off.`,
      };
    case 'moved': {
      const { branch, head, commit } = params;
      return { message: `The branch ${branch} is at ${head ?? 'nothing'}, not at ${commit}, which both gates judged.` };
    }
    case 'otherTree': {
      const { gate, commit, tree, judged } = params;
      return { message: `The commit ${commit} has the tree ${tree}; the ${gate} judged ${judged}.` };
    }
    default:
      return unreachable(params);
  }
}

function ended(hint: string, sentence: string): Entry<BlockerParams['PAWL_WORKER_STALLED']> {
  return { hint, words: (params) => endWords(sentence, params) };
}

/** The part of the catalogue that is about workers, hosts, gates and the handoff. */
export const TASK_WORDS = {
  PAWL_GATE_BLOCKED: { hint: 'Read why the gate could not judge, then decide.', words: judgement('is blocked') },
  PAWL_GATE_FAILED: { hint: 'Read the findings, then decide.', words: judgement('failed') },
  PAWL_FIX_LIMIT: {
    hint: 'Read the findings, then decide.',
    words: ({ gate, fixes }) => ({
      message: `The ${gate} still fails after ${counted(fixes, 'fix round')}, the most that this run allows.`,
    }),
  },
  PAWL_FIX_STUCK: {
    hint: 'Read the findings, round by round, then decide.',
    words: ({ gate, reason, trend }) => ({
      message: `The fix loop is not converging: ${STUCK[reason]}. Findings of the ${gate}, round by round: ${trend.join(', ')}.`,
    }),
  },
  PAWL_ATTEMPTS_EXHAUSTED: {
    hint: 'If the cause is gone, retry. Otherwise change the packet or the agent, then submit the packet again with --again.',
    words: ({ purpose }) => ({ message: `The ${purpose} of this run has used up its attempts.` }),
  },
  PAWL_INTERRUPTIONS_EXHAUSTED: {
    hint: 'Find out what keeps ending it, then decide.',
    words: ({ purpose, times }) => ({
      message: `The ${purpose ?? 'task'} was interrupted ${times} times by Pawl or the machine going down.`,
    }),
  },
  PAWL_HANDOFF_REFUSED: {
    hint: 'Look at the commits that are named. A retry keeps the contents of the branch and the worktree under a rescue ref, and resets them to the commit that both gates judged.',
    words: handoffRefused,
  },
  PAWL_WORKER_BLOCKED: {
    hint: 'Provide what it lacks, then retry.',
    words: ({ said }) => ({ message: `The worker is blocked: ${said === '' ? 'no reason given' : said}` }),
  },
  PAWL_WORKER_FAILED: {
    hint: READ_OUTPUT,
    words: ({ said }) => ({ message: `The worker failed: ${said === '' ? 'no reason given' : said}` }),
  },
  PAWL_WORKER_EXIT: { hint: READ_OUTPUT, words: workerExit },
  PAWL_WORKER_NO_COMPLETION: {
    hint: 'Have the worker write its answer to PAWL_COMPLETION_FILE, or configure "completion": "exitCode" for it.',
    words: () => ({ message: 'The worker exited with code 0 and left no answer.' }),
  },
  PAWL_WORKER_ANSWER_INVALID: {
    hint: 'Compare the answer with the schema in the task file.',
    words: ({ problem }) => ({ message: `The worker's answer is not valid: ${problem}.` }),
  },
  PAWL_WORKER_CONTRADICTION: {
    hint: 'Read the answer, then decide.',
    words: ({ status }) => ({ message: `The answer contradicts itself: status ${status} with verdict PASS.` }),
  },
  PAWL_WORKER_NO_CHANGE: {
    hint: 'If no change is right for this packet, say so in it: "allow_empty": true.',
    words: () => ({ message: 'The worker reported that it was done, but changed nothing.' }),
  },
  PAWL_WORKER_START_FAILED: {
    hint: 'Install the named program, make it executable, or correct its command line in pawl.config.json; it is looked up on the PATH of the shell that started Pawl. Then retry: no attempt was used.',
    words: startFailed,
  },
  PAWL_WORKER_DEADLINE: ended(
    'Raise limits.deadlineMs, or make the packet smaller.',
    'The worker was stopped at its deadline.',
  ),
  PAWL_WORKER_STALLED: ended(
    'Raise the limit that the message names (limits.stallMs or limits.silenceMaxMs) if long silence is normal for this worker.',
    'The worker was stopped because it had been silent for too long.',
  ),
  PAWL_WORKER_OUTPUT_LIMIT: ended(
    'Raise limits.outputBytesMax, or make the worker quieter.',
    'The worker was stopped because it wrote more output than allowed.',
  ),
  PAWL_WORKER_CANCELLED: ended('Nothing to do.', 'The worker was stopped because its run was cancelled.'),
  PAWL_WORKER_INTERRUPTED: {
    hint: 'Nothing to do: it is not charged, and the next attempt starts automatically.',
    words: interrupted,
  },
  PAWL_WORKER_LOST: {
    hint: READ_OUTPUT,
    words: ({ problem }) => ({ message: `The worker ended unobserved; ${unseenAnswer(problem)}.` }),
  },
  PAWL_WORKER_SURVIVORS: {
    hint: 'End these processes yourself, then retry: your confirmation that they have ended is recorded.',
    words: survivors,
  },
  PAWL_HOST_UNKNOWN: hostUnknown,
  PAWL_HOST_HUNG: ended(
    "Check the machine's load and disk.",
    'The worker was stopped because its host had stopped responding.',
  ),
  PAWL_HOST_STARTS_EXHAUSTED: ended(
    "Look at host.log in the task's folder and at the machine's process limits, then retry: no attempt was used.",
    'All allowed worker hosts were started, but none came up.',
  ),
  PAWL_STORE_FAILED: {
    hint: 'Look at what the worker put there and move it away, then retry.',
    words: ({ action, path, systemCode }) => ({
      message: `Cannot record how the task ended: could not ${action} ${path}: ${systemCode}.`,
    }),
  },
} as const satisfies Partial<Entries<keyof BlockerParams>>;
