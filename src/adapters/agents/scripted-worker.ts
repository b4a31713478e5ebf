/**
 * The program of the scripted agent: follows its script for the one task it was started for.
 *
 * Owns: finding script and task, the default work, the exit codes. Does not own: single steps (scripted-steps), the script's form (script).
 *
 * Usage: `node scripted-worker.js [SCRIPT_FILE]`, or the script as JSON in PAWL_SCRIPT. Without either, or without steps for the task, it does the default work.
 */
import { readFileSync } from 'node:fs';
import { isObject } from '../../base/canonical-json.ts';
import { SCRIPT_VARIABLE, type Script, type Step } from '../../model/script.ts';
import { parseScript, pickSteps, SCRIPT_REFUSED_EXIT, ScriptError } from './script.ts';
import { createStage, doStep, endOnSigterm } from './scripted-steps.ts';
import { readTaskFile, type WorkerTask, WorkerTaskError, workerTaskOf } from './worker-task.ts';

const EMPTY: Script = { steps: {}, tasks: {} };

async function main(): Promise<void> {
  endOnSigterm();
  const task = workerTaskOf(process.env);
  const packetTaskId = packetTaskIdIn(readTaskFile(task.taskFile));
  const script = readScript(process.argv[2], process.env[SCRIPT_VARIABLE]);
  const stage = createStage(task, packetTaskId);
  for (const step of pickSteps(script, { ...task, packetTaskId }) ?? defaultSteps(task, packetTaskId)) {
    await doStep(step, stage);
  }
}

function readScript(path: string | undefined, inline: string | undefined): Script {
  if (path === undefined && inline === undefined) return EMPTY;
  try {
    return parseScript(JSON.parse(path === undefined ? (inline ?? '') : readFileSync(path, 'utf8')));
  } catch (error) {
    if (error instanceof ScriptError) throw error;
    throw new ScriptError(`the script ${path ?? SCRIPT_VARIABLE} cannot be read as JSON`, { cause: error });
  }
}

function packetTaskIdIn(taskFile: Record<string, unknown>): string | null {
  const packet = taskFile.packet;
  return isObject(packet) && typeof packet.taskId === 'string' ? packet.taskId : null;
}

/** Good work: a small file where work is wanted, and the answer that all is well. */
function defaultSteps(task: WorkerTask, packetTaskId: string | null): readonly Step[] {
  const answer: Step = { do: 'answer' };
  if (task.purpose !== 'implementation' && task.purpose !== 'fix') return [answer];
  const name = (packetTaskId ?? task.taskId).replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 64);
  const path = `pawl-scripted/${name}-${task.purpose}-e${task.epoch}-a${task.attempt}.txt`;
  return [{ do: 'write', path, text: `${task.purpose} of ${packetTaskId ?? task.taskId}\n` }, answer];
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ScriptError) && !(error instanceof WorkerTaskError)) throw error;
  process.stderr.write(`pawl scripted worker: ${error.message}\n`);
  process.exitCode = SCRIPT_REFUSED_EXIT;
}
