/**
 * One run as a page of lines for a reader.
 *
 * Owns: the words, the order, what is left out of long lists. Does not own: the facts (engine/run-report, app/comparing).
 *
 * Invariant: every text that comes from a packet, a worker or a repository stands on one line, and nothing in it is hidden.
 */

import type { RunChange } from '../app/comparing.ts';
import { counted } from '../base/counted.ts';
import { shellCommand } from '../base/shell-words.ts';
import { visible } from '../base/visible.ts';
import type { GateReport, RoundReport, RunReport } from '../engine/run-report.ts';
import type { Packet } from '../model/packet.ts';
import type { CommandRun, CriterionVerdict, Finding } from '../model/request.ts';
import type { FileChange } from '../ports/git.ts';
import type { AttemptRow } from '../run/attempts.ts';
import { commandEnd, lastLines, withoutOutput } from '../run/failure-notes.ts';
import type { PacketVersion } from '../run/packet-versions.ts';
import type { PatchReading } from '../scm/patch-reading.ts';
import { spentWords, turnAgent, turnNotes } from '../turn/turn-words.ts';
import { columnsOf, padColumns } from './columns.ts';
import type { Output } from './output.ts';
import { decisionWords, oneLine as line, runDetails, runLine } from './render.ts';

/** A run with what git says of it. */
export interface ShownRun extends RunReport, RunChange {
  readonly evidence: readonly { readonly what: string; readonly path: string }[];
}

const FILES_SHOWN = 30;
const FINDINGS_SHOWN = 20;
const OUTPUT_LINES_SHOWN = 8;
const COMMIT_CHARS = 12;

/** All lines of `pawl show`. */
export function showLines(output: Output, run: ShownRun): readonly string[] {
  const { view, story, packet } = run;
  return [
    runLine(output, view),
    ...packetLines(output, packet),
    ...versionLines(output, story.packets),
    ...branchLines(output, run),
    ...changeLines(output, run),
    ...run.rounds.flatMap((round) => roundLines(output, round)),
    ...section(output, 'attempts', story.attempts.flatMap(attemptLines)),
    ...section(output, 'decisions', story.decisions.map(decisionWords)),
    ...used(output, run),
    ...section(
      output,
      'evidence',
      run.evidence.map(({ what, path }) => `${what.padEnd(EVIDENCE_WIDTH)}  ${visible(path)}`),
    ),
    ...runDetails(output, { ...view, handoff: null }),
  ];
}

const EVIDENCE_WIDTH = 9;

function packetLines(output: Output, packet: Packet | null): readonly string[] {
  if (packet === null) return section(output, 'packet', ['cannot be read']);
  const { isApproved, approvedBy, approvedAt, scope, scm } = packet;
  const goal = scope.goal ?? scope.acceptanceCriteria[0] ?? '(no goal)';
  const who = approvedBy === null ? '' : ` by ${line(approvedBy)}`;
  const when = approvedAt === null ? '' : ` at ${line(approvedAt)}`;
  return [
    ...section(output, 'goal', [line(goal)]),
    ...section(output, 'approved', [isApproved ? `yes${who}${when}` : 'no']),
    ...section(output, 'target', [
      `${line(scm.provider)} ${line(scm.repo ?? '?')}${scm.issueNumber === null ? '' : `, issue ${line(scm.issueNumber)}`}`,
    ]),
  ];
}

/** Where the packet was replaced: each packet that the run has had, and what was judged under it. */
function versionLines(output: Output, versions: readonly PacketVersion[]): readonly string[] {
  if (versions.length < 2) return [];
  const lines = versions.map(({ version, packetHash, by, reason, atMs, rounds }) => {
    const who = by === null ? 'as submitted' : `by ${line(by)}`;
    const why = reason === null || reason === '' ? '' : `: ${line(reason)}`;
    const judged =
      rounds.length === 0
        ? 'nothing judged'
        : `judged in ${rounds.length === 1 ? 'round' : 'rounds'} ${rounds.join(', ')}`;
    return `version ${version}  ${packetHash.slice(0, COMMIT_CHARS)}  ${who} at ${time(atMs)}${why}; ${judged}`;
  });
  return section(output, 'packets', lines);
}

function branchLines(output: Output, { story, branchCommit, rounds }: ShownRun): readonly string[] {
  const { branch, baseBranch, baseCommit, headCommit } = story;
  if (branch === '') return [];
  const from = baseCommit === null ? '' : `, from ${visible(baseBranch ?? '')} (${short(baseCommit)})`;
  const judged = rounds.at(-1);
  const lines = [`${visible(branch)}${from}`];
  if (judged !== undefined) lines.push(`judged commit ${judged.commit}`);
  if (headCommit !== null && headCommit !== (judged?.commit ?? baseCommit))
    lines.push(`last commit ${headCommit}, not judged yet`);
  if (headCommit !== null && branchCommit !== undefined && branchCommit !== headCommit) {
    const now = branchCommit === null ? 'is gone' : `is at ${branchCommit} now`;
    lines.push(output.colour.yellow(`the branch ${now}, not at the last commit of the run`));
  }
  return section(output, 'branch', lines);
}

function changeLines(output: Output, { change, changeProblem }: ShownRun): readonly string[] {
  if (changeProblem !== null) return section(output, 'changed', [changeProblem]);
  return change === null ? [] : section(output, 'changed', statLines(output, change));
}

/** A patch in figures: a line for each file, then the sum. */
export function statLines(output: Output, change: PatchReading): readonly string[] {
  const shown = change.files.slice(0, FILES_SHOWN);
  const width = Math.max(0, ...shown.map(({ path }) => columnsOf(path)));
  const rest = change.fileCount - shown.length;
  return [
    ...shown.map((file) => `${padColumns(file.path, width)}  ${counts(output, file)}`),
    ...(rest > 0 ? [`and ${counted(rest, 'more file')}`] : []),
    `${counted(change.fileCount, 'file')}, +${change.added} -${change.deleted}`,
  ];
}

function counts({ colour }: Output, { added, deleted, isBinary }: FileChange): string {
  if (isBinary) return 'binary';
  return `${colour.green(`+${added}`)} ${colour.red(`-${deleted}`)}`;
}

function roundLines(output: Output, { round, commit, gates }: RoundReport): readonly string[] {
  return section(output, `round ${round}`, [`at ${commit}`, ...gates.flatMap((gate) => gateLines(output, gate))]);
}

function gateLines(output: Output, gate: GateReport): readonly string[] {
  const { colour } = output;
  const paint = gate.status === 'PASS' ? colour.green : gate.status === 'FAIL' ? colour.red : colour.yellow;
  const shown = gate.findings.slice(0, FINDINGS_SHOWN);
  const rest = gate.findings.length - shown.length;
  const failed = gate.commands.filter((command) => command.exitCode !== 0);
  return [
    `${gate.gate.padEnd(12)}  ${paint(gate.status)}  ${gate.problem === null ? line(gate.summary) : gate.problem}`,
    ...failed.flatMap(commandLines),
    ...shown.map((finding) => {
      const message = withoutOutput(finding.message, gate.commands);
      return `    ${findingLine({ ...finding, message })}`;
    }),
    ...(rest > 0 ? [`    and ${counted(rest, 'more finding')}`] : []),
    ...gate.criteria.map(criterionLine),
  ];
}

const CRITERION_WORDS = { met: 'met', notMet: 'not met', unclear: 'unclear' } as const;

/** What the gate said of one criterion. */
function criterionLine({ criterion, status, evidence }: CriterionVerdict): string {
  return `    ${line(criterion)} ${CRITERION_WORDS[status]}${evidence === '' ? '' : `: ${line(evidence)}`}`;
}

/** A command that did not succeed, and the end of what it said. */
function commandLines(command: CommandRun): readonly string[] {
  return [
    `    ${line(shellCommand(command.argv))}: ${commandEnd(command)}`,
    ...lastLines(command.outputTail)
      .slice(-OUTPUT_LINES_SHOWN)
      .map((text) => `      │ ${text}`),
  ];
}

/** A finding with its place. */
function findingLine({ severity, message, file, line: row }: Finding): string {
  const place = file === undefined ? '' : `${visible(file)}${row === undefined ? '' : `:${row}`}  `;
  return `${line(severity)}  ${place}${line(message)}`;
}

function attemptLines(row: AttemptRow): readonly string[] {
  const took = row.durationMs === null ? '' : `, ${(row.durationMs / 1_000).toFixed(1)} s`;
  const code = row.code === null ? '' : ` (${row.code})`;
  const agent = row.turn === null ? row.agent : turnAgent(row.turn);
  return [
    `${row.taskId}  ${row.result}${code}${took}, ${line(agent)}`,
    ...(row.turn === null ? [] : turnNotes(row.turn).map((note) => `    ${line(note)}`)),
    ...(row.rescueRef === null ? [] : [`    the previous contents of the worktree are kept under ${row.rescueRef}`]),
  ];
}

function used(output: Output, { view }: ShownRun): readonly string[] {
  const words = spentWords(view.spent);
  return words === null ? [] : section(output, 'used', [words]);
}

const TITLE_WIDTH = 9;

/** Lines under a title in the margin. */
function section({ colour }: Output, title: string, lines: readonly string[]): readonly string[] {
  return lines.map((text, index) => `    ${colour.dim((index === 0 ? title : '').padEnd(TITLE_WIDTH))}  ${text}`);
}

function short(commit: string): string {
  return commit.slice(0, COMMIT_CHARS);
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
