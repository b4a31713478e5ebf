/**
 * Runs as lines for a terminal.
 *
 * Owns: the words and columns. Does not own: where the facts come from (run/run-view), the live view (cli/live-view).
 * Free of zod and xstate: `status` starts with it.
 */
import { elapsed, spanMs } from '../base/elapsed.ts';
import { listed } from '../base/listed.ts';
import { sanitise } from '../base/sanitise.ts';
import { visible } from '../base/visible.ts';
import type { SomePaths } from '../model/event.ts';
import { contraryStanding, signWords, standingWords, taskStanding } from '../run/liveness.ts';
import { type DriverFacts, drivenBy } from '../run/next-actions.ts';
import { type Condition, conditionOf, MARKS } from '../run/run-marks.ts';
import type { MadeDecision } from '../run/run-story.ts';
import type { Replacement, RunView } from '../run/run-view.ts';
import { spentWords, turnAgent, turnNotes } from '../turn/turn-words.ts';
import { failureLines } from './failure-lines.ts';
import type { RowColours } from './live-rows.ts';
import { actionLines, type Output } from './output.ts';

/** Paths named of a run in a list of runs. */
const PATHS_SHOWN = 5;

/** Who drives the registry; null where no run can move and nobody drives. */
export function driverLine(
  { colour }: Output,
  driver: DriverFacts,
  runs: readonly RunView[],
  nowMs: number,
): string | null {
  if (driver.kind !== 'none') return colour.dim(`This registry is ${drivenBy(driver, nowMs)}.`);
  return runs.some(({ kind }) => kind === 'active') ? colour.yellow('Nothing is driving this registry.') : null;
}

/** One run in one line: mark, id, state, task. */
export function runLine(output: Output, view: RunView): string {
  const { colour } = output;
  const state = view.substate === null ? view.state : `${view.state}.${view.substate}`;
  const task = view.kind === 'active' && view.task !== null ? ` ${colour.dim(view.task.taskId)}` : '';
  return `${mark(output, view)} ${view.runId}  ${colour.bold(state)}${task}`;
}

/** What lives of a run that can move, and what the next start would find of it. */
function livenessLines({ colour }: Output, { liveness, task }: RunView, nowMs: number): readonly string[] {
  if (liveness === null) return [];
  const { standing } = liveness;
  // It has not begun: that nobody drives is said once, above all runs.
  if (standing === 'halted' && task === null && liveness.findings.length === 0) return [];
  const contrary = contraryStanding(liveness);
  const words = [...(contrary === null ? [] : [colour.yellow(standingWords(contrary))]), ...signWords(liveness, nowMs)];
  return [
    ...(words.length === 0 ? [] : [words.join(' · ')]),
    ...liveness.findings.map(({ detail, action }) => `${colour.dim('found')}     ${detail}: ${action}`),
  ].map((line) => `    ${line}`);
}

function mark({ colour }: Output, view: RunView): string {
  const condition = conditionOf(view);
  return colour[MARK_COLOURS[condition]](MARKS[condition]);
}

/** Of a text from outside: a reason, a name, a summary. */
const TEXT_CHARS = 400;

/** The colour of a mark, which says no more than the mark does. */
const MARK_COLOURS = {
  working: 'cyan',
  waiting: 'dim',
  blocked: 'yellow',
  ready: 'green',
  failed: 'red',
  insufficient: 'yellow',
  cancelled: 'dim',
  quarantined: 'red',
} as const satisfies Readonly<Record<Condition, keyof Output['colour']>>;

/** The colours of a row of the live view. */
export function rowColours(colour: Output['colour']): RowColours {
  return {
    mark: (condition, text) => colour[MARK_COLOURS[condition]](text),
    name: colour.cyan,
    place: colour.bold,
    detail: colour.dim,
  };
}

/** The lines under a run: why it stands, what it leased beyond its packet (the first few paths), and what can be done. */
export function runDetails(output: Output, view: RunView, pathsMax = PATHS_SHOWN): readonly string[] {
  const { colour } = output;
  const lines: string[] = [...livenessLines(output, view, Date.now())];
  for (const blocker of view.blockers)
    lines.push(`    ${colour.yellow(blocker.code)}  ${blocker.message.replaceAll('\n', '\n    ')}`);
  if (view.failure !== undefined) lines.push(...failureLines(output, view.failure).map((line) => `    ${line}`));
  const hint = view.blockers[0]?.hint;
  if (hint !== undefined) lines.push(`    ${colour.dim('hint')}      ${hint}`);
  if (view.contention !== null && view.kind === 'active') lines.push(`    waits for ${view.contention.holder}`);
  if (view.surfacesAdded.length > 0)
    lines.push(`    outside the packet's surface  ${pathsOf(view.surfacesAdded, pathsMax)}`);
  lines.push(...leftOutLines(view).map((line) => `    ${line}`));
  if (view.handoff !== null) lines.push(`    ${colour.dim('evidence')}  ${view.handoff.reference}`);
  // Who drives is said once, above all runs.
  const actions = view.actions.filter(({ kind }) => kind !== 'driven');
  lines.push(...actionLines(actions, colour.dim).map((line) => `    ${line}`));
  return lines;
}

/** Everything about one run, whose folder is at `folder`. */
export function runReport(output: Output, view: RunView, folder: string): readonly string[] {
  const { colour } = output;
  const lines = [runLine(output, view), `    ${knownParts(view).join(', ')}`];
  if (view.replacement !== null) lines.push(`    ${colour.dim('packet')}  ${replacedWords(view.replacement)}`);
  if (view.agentOverride !== null)
    lines.push(`    ${colour.dim('agent')}  ${visible(view.agentOverride)} for every role, set by --agent`);
  for (const task of view.tasks) {
    const time =
      task.startedAtMs === null || task.endedAtMs === null
        ? ''
        : `, ${elapsed(spanMs(task.startedAtMs, task.endedAtMs))}`;
    const adopted = task.isAdopted ? ', adopted' : '';
    const reports = task.reports.map((report) => `, ${report.decision} completion`).join('');
    lines.push(
      `    ${colour.dim('task')}  ${task.taskId}: ${taskStanding(view.liveness, task) ?? task.state}${task.code === null ? '' : ` (${task.code})`}${time}${adopted}${reports}`,
    );
    if (task.turn === null) continue;
    lines.push(
      `          ${colour.dim(turnAgent(task.turn))}`,
      ...turnNotes(task.turn).map((note) => `          ${note}`),
    );
  }
  for (const gate of ['verification', 'review'] as const) {
    const record = view.gates[gate];
    if (record === null) continue;
    lines.push(
      `    ${colour.dim('gate')}  ${gate}: ${record.status} at ${record.commit.slice(0, 12)}${record.reason === null ? '' : ` (${record.reason})`}`,
    );
  }
  const spent = spentWords(view.spent);
  if (spent !== null) lines.push(`    ${colour.dim('used')}  ${spent}`);
  if (view.lease !== null) lines.push(`    ${colour.dim('lease')} ${view.lease.surfaces.join(', ')}`);
  if (view.lastArtifact !== null)
    lines.push(`    ${colour.dim('last artifact')} ${visible(`${folder}/${view.lastArtifact.path}`)}`);
  return [...lines, ...runDetails(output, view, view.surfacesAdded.length)];
}

/** Of a run that is set aside only its packet is known. */
function knownParts({ taskId, branch, epoch, seq }: RunView): readonly string[] {
  return [
    `packet ${taskId}`,
    ...(branch === '' ? [] : [`branch ${branch}`]),
    ...(epoch === 0 ? [] : [`round ${epoch}`]),
    ...(seq === 0 ? [] : [`record ${seq}`]),
  ];
}

/** What a person has decided, when and why. */
export function decisionWords({ decision, by, reason, atMs }: MadeDecision): string {
  return `${decision} by ${oneLine(by)} at ${new Date(atMs).toISOString()}${because(reason)}`;
}

/** That the packet was replaced, by whom and why. */
function replacedWords({ count, packetHash, by, reason, atMs }: Replacement): string {
  const often = count === 1 ? '' : ` (${count} times in all)`;
  return `replaced by ${oneLine(by)} at ${new Date(atMs).toISOString()}${often}, instead of ${packetHash.slice(0, 12)}${because(reason)}`;
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${oneLine(reason)}`;
}

/** Text from outside on one line: bounded, without secrets, with what cannot be seen written out. */
export function oneLine(text: string): string {
  return visible(sanitise(text, TEXT_CHARS).replace(/\s+/g, ' ').trim());
}

function leftOutLines({ leftOut }: RunView): readonly string[] {
  if (leftOut === null) return [];
  const { emptySubmodules, filesBelowSubmodules } = leftOut;
  const line = (title: string, { paths, count }: SomePaths): readonly string[] =>
    count === 0 ? [] : [`${title}  ${listed(paths, PATHS_SHOWN, count)}`];
  return [
    ...line('empty submodules', emptySubmodules),
    ...line('not committed: inside a submodule', filesBelowSubmodules),
  ];
}

function pathsOf(surfaces: readonly string[], max: number): string {
  return listed(
    surfaces.map((surface) => surface.replace(/^path:/, '')),
    max,
  );
}
