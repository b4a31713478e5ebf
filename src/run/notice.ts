/**
 * Which facts of a run are reported to its operator, and in which words.
 *
 * Owns: which states are such facts, the notice (pure). Does not own: when it is sent (engine/notices).
 *
 * Invariant: a notice holds names, states, codes and bounded messages: nothing of a worker's output, environment or prompts.
 */
import { sanitise } from '../base/sanitise.ts';
import type { Notice, NoticeEvent } from '../ports/notifier.ts';
import type { RunView } from './run-view.ts';

const MESSAGE_CHARS = 1_000;
const REASONS_MAX = 5;

/** The fact of the view that is worth a notice; null while the run moves, and for a cancelled run: the person who cancelled it knows. */
export function noticeEvent({ kind, state }: Pick<RunView, 'kind' | 'state'>): NoticeEvent | null {
  if (kind === 'quarantined') return 'quarantined';
  if (kind === 'blocked' || state === 'blockedPlanInsufficient') return 'blocked';
  if (state === 'readyForManualReview') return 'done';
  return state === 'failedExecution' ? 'failed' : null;
}

/** The notice of a run, from its view as shown to people. */
export function noticeOf(event: NoticeEvent, view: RunView, registry: string, atMs: number): Notice {
  const { runId, taskId, state, branch, headCommit, blockers, actions, handoff } = view;
  const [first] = blockers.flatMap((blocker) => blocker.evidence).filter((entry) => entry.startsWith('/'));
  return {
    v: 1,
    event,
    runId,
    taskId,
    state,
    branch,
    commit: headCommit,
    reasons: blockers.slice(0, REASONS_MAX).map(({ code, message }) => ({ code, message: line(message) })),
    commands: actions.flatMap(({ command }) => (command === null ? [] : [command])),
    evidence: handoff?.reference ?? first ?? null,
    registry,
    atMs,
  };
}

/** The notice as variables of an environment. */
export function noticeVariables(notice: Notice): Readonly<Record<string, string>> {
  const [reason] = notice.reasons;
  return {
    PAWL_EVENT: notice.event,
    PAWL_RUN_ID: notice.runId,
    PAWL_TASK_ID: notice.taskId,
    PAWL_STATE: notice.state,
    PAWL_BRANCH: notice.branch,
    PAWL_COMMIT: notice.commit ?? '',
    PAWL_CODE: reason?.code ?? '',
    PAWL_MESSAGE: reason?.message ?? '',
    PAWL_COMMAND: notice.commands[0] ?? '',
    PAWL_EVIDENCE: notice.evidence ?? '',
    PAWL_REGISTRY: notice.registry,
  };
}

function line(text: string): string {
  return sanitise(text, MESSAGE_CHARS).replace(/\s+/g, ' ').trim();
}
