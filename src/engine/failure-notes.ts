/**
 * Why a run has stopped, read from its task folders and artifacts.
 *
 * Owns: which files are read, and how much of them. Does not own: what is shown of them (run/failure-notes), the whole story (engine/run-report).
 * Free of zod and xstate: `status` starts with it.
 *
 * Invariant: a file that is gone, is a link, or does not match its hash contributes nothing, and affects nothing else.
 */
import { isAbsolute, join } from 'node:path';
import { isObject } from '../base/canonical-json.ts';
import { sanitiseTail } from '../base/sanitise.ts';
import { shellCommand } from '../base/shell-words.ts';
import { visible } from '../base/visible.ts';
import { PawlError } from '../model/error.ts';
import { BOUNDS } from '../model/limits.ts';
import { type CommandRun, type Finding, TASK_FILES } from '../model/request.ts';
import {
  commandEnd,
  type FailureNotes,
  lastLines,
  NOTE_BOUNDS,
  type NotedFinding,
  type NotedGate,
  type OutputEnd,
  oneLine,
  withoutOutput,
} from '../run/failure-notes.ts';
import { readEvidence } from '../run/gate-evidence.ts';
import type { RunView, TaskView } from '../run/run-view.ts';
import { readArtifact } from '../store/artifacts.ts';
import { parseJson } from '../store/json-file.ts';
import type { Place } from './run-look.ts';

const GATES = ['verification', 'review'] as const;
const BAD_ENDS: readonly (string | null)[] = ['failed', 'timedOut', 'blocked', 'lost', 'interrupted'];

/** Why the run has stopped; null if it has not, if it ended well, or if its files do not say. */
export function failureNotes(place: Place, view: RunView): FailureNotes | null {
  if (view.kind !== 'blocked' && view.state !== 'failedExecution') return null;
  const failed = GATES.flatMap((gate) => gateNotes(place, view, gate) ?? []);
  const gates = failed.flatMap(({ noted }) => (noted.findings.length === 0 ? [] : [noted]));
  const outputs = [...failed.flatMap((each) => each.outputs), ...taskOutputs(place, view)];
  return gates.length === 0 && outputs.length === 0 ? null : { gates, outputs };
}

/** The evidence of a gate that did not pass. */
function gateNotes(
  place: Place,
  view: RunView,
  gate: (typeof GATES)[number],
): { readonly noted: NotedGate; readonly outputs: readonly OutputEnd[] } | null {
  const record = view.gates[gate];
  if (record === null || record.evidence === null || (record.status !== 'FAIL' && record.status !== 'BLOCKED'))
    return null;
  const folder = place.paths.run(view.runId);
  const document = quietly(() =>
    parseJson(readArtifact(place.files, folder, record.evidence ?? { path: '', sha256: '' })),
  );
  const { findings, commands } = readEvidence(document);
  const shown = findings.slice(0, NOTE_BOUNDS.findings);
  const worktree = place.paths.worktree(view.runId);
  const file = join(folder, record.evidence.path);
  return {
    noted: {
      gate,
      round: record.epoch,
      findings: shown.map((finding) => notedFinding(finding, commands, worktree)),
      findingsLeftOut: findings.length - shown.length,
    },
    outputs: commandEnds(commands, file),
  };
}

function notedFinding(
  { severity, message, file, line }: Finding,
  commands: readonly CommandRun[],
  worktree: string,
): NotedFinding {
  const path = file === undefined ? null : visible(isAbsolute(file) ? file : join(worktree, file));
  return {
    severity: oneLine(severity),
    message: oneLine(withoutOutput(message, commands)),
    place: path === null ? null : `${path}${line === undefined ? '' : `:${line}`}`,
  };
}

function commandEnds(commands: readonly CommandRun[], file: string): readonly OutputEnd[] {
  return commands
    .filter(({ exitCode }) => exitCode !== 0)
    .map((command) => ({
      what: `${oneLine(shellCommand(command.argv.map(String)))}: ${commandEnd(command)}`,
      file: visible(file),
      lines: lastLines(String(command.outputTail ?? '')),
    }));
}

/** What the last task said, if it ended badly or was a gate that left only an exit code. */
function taskOutputs(place: Place, view: RunView): readonly OutputEnd[] {
  const task = view.tasks.at(-1);
  if (task === undefined) return [];
  const isBadEnd = BAD_ENDS.includes(task.result);
  const gate = GATES.find((each) => each === task.purpose);
  const isSilentGate = gate !== undefined && view.gates[gate]?.status === 'FAIL' && task.turn === null;
  if (!isBadEnd && !isSilentGate) return [];
  const folder = place.paths.task(view.runId, task.taskId);
  const ends = commandsIn(place, folder);
  if (ends.length > 0) return isBadEnd ? ends : [];
  return endOfOutput(place, folder, task);
}

/** The failing commands of our own verification worker, as its answer has them. */
function commandsIn({ files }: Place, folder: string): readonly OutputEnd[] {
  const path = join(folder, TASK_FILES.completion);
  const answer = quietly(() => {
    const bytes = files.readBytes(path, 2 * BOUNDS.answerBytes);
    return bytes === null ? null : parseJson(new TextDecoder().decode(bytes));
  });
  return commandEnds(readEvidence(isObject(answer) ? answer : null).commands, path);
}

/** stderr and stdout, if not empty; the stdout of a coding agent is events, which its turn describes better. */
function endOfOutput(place: Place, folder: string, { taskId, turn }: TaskView): readonly OutputEnd[] {
  const names = turn === null ? [TASK_FILES.stderr, TASK_FILES.output] : [TASK_FILES.stderr];
  return names.flatMap((name) => {
    const file = join(folder, name);
    const lines = lastLines(tailOf(place, file));
    return lines.length === 0 ? [] : [{ what: `${name} of ${taskId}`, file: visible(file), lines }];
  });
}

function tailOf({ files }: Place, path: string): string {
  // A link leads to something that is not the worker's output.
  if (files.fs.stat(path)?.kind !== 'file') return '';
  const text = quietly(() =>
    files.usingIfThere(path, (fd) => {
      const size = files.fs.size(fd);
      const from = Math.max(0, size - NOTE_BOUNDS.tailBytes);
      const bytes = files.fs.read(fd, from, size - from);
      return sanitiseTail(new TextDecoder().decode(bytes), NOTE_BOUNDS.tailBytes, from > 0);
    }),
  );
  return text ?? '';
}

/** What `read` returns; null where the file is gone, damaged or not readable: code that relies on it reports that. */
function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof PawlError) return null;
    throw error;
  }
}
