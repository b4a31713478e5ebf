/**
 * What a worker is told about its task: its packet, what failed, what was tried before.
 *
 * Owns: collecting it from the run, bytes verified. Does not own: the document (turn/task-document), who is told (engine/effects/request-task).
 */
import { join } from 'node:path';
import type { Json } from '../../base/canonical-json.ts';
import type { KeyedEffectOf } from '../../model/effect.ts';
import { TASK_FILES } from '../../model/request.ts';
import type { TaskContext } from '../../model/task-context.ts';
import type { InstructionChanges } from '../../ports/git.ts';
import { type EndedAttempt, taskDocument } from '../../turn/task-document.ts';
import { parseOutcome } from '../../turn/task-files.ts';
import type { KeptPacket } from '../kept-packet.ts';
import type { LiveRun } from '../live-run.ts';
import { outcomeWords } from '../outcome-cause.ts';

type PrepareTask = KeyedEffectOf<'prepareTask'>;

/** The document of the task that `effect` asks for. */
export async function documentOf(
  run: LiveRun,
  effect: PrepareTask,
  kept: KeptPacket,
  told: {
    readonly commands: readonly (readonly string[])[];
    readonly completionFile: string;
    readonly instructions: InstructionChanges | null;
  },
): Promise<Json> {
  const { context } = run.state.root;
  const { taskId, purpose, epoch, attempt } = effect;
  return taskDocument({
    runId: run.runId,
    taskId,
    purpose,
    epoch,
    attempt,
    packet: kept.packet,
    given: kept.given,
    branch: context.branch,
    baseCommit: context.baseCommit ?? effect.commit,
    commit: effect.commit,
    worktree: run.world.paths.worktree(run.runId),
    completionFile: told.completionFile,
    isSurfaceStrict: run.world.config.surface === 'strict',
    commands: told.commands,
    instructionChanges: told.instructions,
    failedGate: purpose === 'fix' ? await failedGate(run) : null,
    earlier: await earlierAttempts(run, (task) => task.purpose === purpose && task.epoch === epoch),
    earlierRounds:
      purpose === 'fix' ? await earlierAttempts(run, (task) => task.purpose === 'fix' && task.epoch < epoch) : [],
  });
}

/** The evidence of the gate that sent the run into the fix loop, its bytes verified. */
async function failedGate(run: LiveRun): Promise<Json | null> {
  const { gates } = run.state.root.context;
  const failed = [gates.review, gates.verification].find((gate) => gate?.status === 'FAIL');
  if (failed === undefined || failed === null || failed.evidence === null) return null;
  return JSON.parse(await run.world.artifacts.read(run.folder, failed.evidence));
}

/** How earlier tasks ended, in the words of their outcomes. */
async function earlierAttempts(run: LiveRun, isMeant: (task: TaskContext) => boolean): Promise<EndedAttempt[]> {
  const earlier: EndedAttempt[] = [];
  for (const { context } of Object.values(run.state.children)) {
    if (!isMeant(context) || context.settlement === null) continue;
    const bytes = await run.world.registers.read(
      join(run.world.paths.task(run.runId, context.taskId), TASK_FILES.outcome),
    );
    const outcome = bytes === null ? null : parseOutcome(bytes);
    earlier.push({
      taskId: context.taskId,
      result: context.settlement.result,
      message: outcome?.ok === true ? outcomeWords(outcome.value) : '',
    });
  }
  return earlier;
}
