/**
 * Which session of its agent a task continues with, if any.
 *
 * Owns: that choice. Does not own: what the agent can do (ports/agent), the id of a new session (engine).
 *
 * Invariants: 1. Only a turn that was cut off is resumed: by an interruption, a limit, its worker's loss or death, or something that a person has resolved; never one that its agent itself has ended. 2. A session that its agent has
 * refused is never requested again. 3. A reviewer's or verifier's session is never one of a writer's, nor of another epoch. 4. A turn that was cut off under
 * another packet is not resumed: it knows that packet, and would not be told of another.
 */
import type { Purpose } from '../model/limits.ts';
import type { TaskResult } from '../model/request.ts';
import type { TurnReport } from '../model/turn.ts';
import type { CodingAgent } from '../ports/agent.ts';

/** The facts of a task on which the choice depends. */
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
  /** The task of its last turn. */
  readonly taskId: string;
  /** `cutOff`: that turn did not end. `writer`: the fixer continues where the implementer ended. */
  readonly why: 'cutOff' | 'writer';
  /** How that task ended. */
  readonly result: TaskResult;
  /** That turn ended well except for the missing answer; absent for any other. */
  readonly isUnanswered?: true;
}

const CUT_OFF: readonly (TaskResult | null)[] = ['interrupted', 'limited', 'lost'];
/** What a person has resolved before the next attempt: the agent can continue where it had to stop. */
const SEEN_TO: readonly (string | null)[] = [
  'PAWL_AGENT_ACCOUNT',
  'PAWL_AGENT_DENIED',
  'PAWL_AGENT_LOGIN',
  'PAWL_BUDGET_EXCEEDED',
];

function wasCutOff({ result, code, turn }: EndedTask): boolean {
  if (CUT_OFF.includes(result) || SEEN_TO.includes(code)) return true;
  // Its process was killed, or crashed, in the middle of the turn: an attempt is charged, but that is no reason to lose what it had done.
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
    // It had not been told its task: the session to continue with is that of the turn before.
    if (task.code === 'PAWL_AGENT_SETTING_REFUSED') continue;
    if (task.result === null || !wasCutOff(task)) return null;
    // A worker that never ran left nothing to continue with: the one before it counts.
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

/** Those of the tasks that may be resumed under the run's current packet; `lastBefore`: the last one under the previous packet. */
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

/** The session's id as the agent named it, or ours once the agent has said anything: before that it may have stored nothing. */
function usableSession(turn: TurnReport | null, name: string): string | null {
  if (turn === null || turn.agent !== name || turn.isSessionRefused) return null;
  return turn.session ?? (turn.lines.all > 0 ? turn.askedSession : null);
}

function isWriting(purpose: Purpose): boolean {
  return purpose === 'implementation' || purpose === 'fix';
}
