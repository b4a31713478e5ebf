/**
 * Which session of its agent a task continues with, if any.
 *
 * Owns: that choice. Does not own: what the agent can do (ports/agent), the id of a new session (engine).
 *
 * Invariants: 1. Only a turn that was cut off is gone on with: by an interruption, a limit, its worker's loss or death, or by something that a person has seen to; never one that its agent itself has ended. 2. A session that its agent has
 * refused is never asked for again. 3. A reviewer's or verifier's session is never one of a writer's, nor of another epoch. 4. A turn that was cut off under
 * another packet is not gone on with: it knows that packet, and would be told of no other.
 */
import type { Purpose } from '../model/limits.ts';
import type { TaskResult } from '../model/request.ts';
import type { TurnReport } from '../model/turn.ts';
import type { CodingAgent } from '../ports/agent.ts';

/** A task as far as the choice depends on it. */
export interface EndedTask {
  readonly taskId: string;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly attempt: number;
  readonly result: TaskResult | null;
  readonly endedAtMs: number | null;
  readonly code: string | null;
  readonly turn: TurnReport | null;
}

/** A session to continue with. */
export interface ResumedSession {
  readonly id: string;
  /** The task whose turn was the last of it. */
  readonly taskId: string;
  /** `cutOff`: that turn did not end. `writer`: the fixer continues where the implementer ended. */
  readonly why: 'cutOff' | 'writer';
  /** How that task ended. */
  readonly result: TaskResult;
  /** That turn ended well, but for an answer; absent for any other. */
  readonly isUnanswered?: true;
}

const CUT_OFF: readonly (TaskResult | null)[] = ['interrupted', 'limited', 'lost'];
/** What a person has seen to before the next attempt: the agent can continue where it had to stop. */
const SEEN_TO: readonly (string | null)[] = [
  'PAWL_AGENT_ACCOUNT',
  'PAWL_AGENT_DENIED',
  'PAWL_AGENT_LOGIN',
  'PAWL_BUDGET_EXCEEDED',
];

function wasCutOff({ result, code, turn }: EndedTask): boolean {
  if (CUT_OFF.includes(result) || SEEN_TO.includes(code)) return true;
  // Its process was killed, or crashed, in the middle of the turn: that is charged, and no reason to lose what it had done.
  if (turn === null || (code !== 'PAWL_WORKER_EXIT' && code !== 'PAWL_AGENT_FAILED')) return false;
  return turn.ended === null || turn.ended.how === 'interrupted';
}

/** The session that the next task of `purpose` continues with, null when it begins a fresh one. `tasks`: those of the run, oldest first. */
export function sessionToResume(
  tasks: readonly EndedTask[],
  next: { readonly purpose: Purpose; readonly epoch: number },
  name: string,
  agent: CodingAgent,
): ResumedSession | null {
  if (!agent.resumes || !agent.capabilities.canResume) return null;
  const own = tasks.filter(({ purpose, epoch }) => purpose === next.purpose && epoch === next.epoch);
  for (const task of own.toReversed()) {
    // It had not been told its task: whatever it would continue with is the one before.
    if (task.code === 'PAWL_AGENT_SETTING_REFUSED') continue;
    if (task.result === null || !wasCutOff(task)) return null;
    // Of a worker that never ran there is nothing to continue with: the one before it counts.
    const id = usableSession(task.turn, name);
    if (task.turn?.isSessionRefused === true) return null;
    if (id === null) continue;
    const unanswered = task.code === 'PAWL_AGENT_NO_ANSWER' ? ({ isUnanswered: true } as const) : {};
    return { id, taskId: task.taskId, why: 'cutOff', result: task.result, ...unanswered };
  }
  if (next.purpose !== 'fix' || !agent.fixResumesImplementer || own.length > 0) return null;
  const writer = tasks.findLast(({ purpose, result }) => isWriting(purpose) && result === 'completed');
  const id = writer === undefined ? null : usableSession(writer.turn, name);
  return writer === undefined || id === null ? null : { id, taskId: writer.taskId, why: 'writer', result: 'completed' };
}

/** Those of the tasks that may be gone on with under the packet that the run has now; `lastBefore`: the last one under the packet before. */
export function underPacket(
  tasks: readonly EndedTask[],
  lastBefore: Pick<EndedTask, 'purpose' | 'epoch' | 'attempt'> | null,
): readonly EndedTask[] {
  if (lastBefore === null) return tasks;
  return tasks.filter(
    ({ purpose, epoch, attempt, result }) =>
      result === 'completed' ||
      purpose !== lastBefore.purpose ||
      epoch !== lastBefore.epoch ||
      attempt > lastBefore.attempt,
  );
}

/** The session's id as the agent named it, or as we did once it has said anything: before that it may have kept nothing. */
function usableSession(turn: TurnReport | null, name: string): string | null {
  if (turn === null || turn.agent !== name || turn.isSessionRefused) return null;
  return turn.session ?? (turn.lines.all > 0 ? turn.askedSession : null);
}

function isWriting(purpose: Purpose): boolean {
  return purpose === 'implementation' || purpose === 'fix';
}
