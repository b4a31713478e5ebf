/**
 * The evidence bundle of a passed run, as data and as a page for people.
 *
 * Owns: its content, made from the journal alone. Does not own: collecting the parts (runtime), where it goes (ports/scm).
 *
 * Invariant: the same journal gives the same bundle, so that projecting it again after a crash projects the same bytes (L2).
 */
import { canonicalJson, type Json, type JsonObject } from '../base/canonical-json.ts';
import { shellCommand } from '../base/shell-words.ts';
import type { ArtifactRef, JournalEvent, LeftOut, SomePaths } from '../model/event.ts';
import { BOUNDS } from '../model/limits.ts';
import type { Packet } from '../model/packet.ts';
import type { JournalRecord } from '../model/record.ts';
import { type AttemptRow, attemptsOf } from './attempts.ts';
import { commandEnd } from './failure-notes.ts';
import type { GateView } from './gate-evidence.ts';
import { findingText, type HandoffRound, roundLines, roundsJson } from './handoff-rounds.ts';
import { reportsIn, type Spent, spentBy } from './ledger.ts';
import { markdownLine as line, markdownName as name } from './markdown-text.ts';
import { type PacketVersion, packetVersions } from './packet-versions.ts';
import { decisionsOf } from './run-story.ts';
import { sanitise } from './sanitise.ts';
import { shownSurface } from './surfaces.ts';
import { spentWords, turnAgent, turnNotes } from './turn-words.ts';

/** All that the evidence bundle is made from. */
export interface HandoffInput {
  readonly runId: string;
  readonly packetHash: string;
  readonly packet: Packet;
  readonly branch: string;
  readonly baseBranch: string;
  readonly baseCommit: string;
  readonly headCommit: string;
  readonly commits: readonly { readonly commit: string; readonly subject: string }[];
  readonly files: readonly string[];
  readonly fileCount: number;
  /** What the work changes in files that instruct agents. */
  readonly instructionChanges: SomePaths;
  readonly gates: readonly GateView[];
  /** Every round of gates that led there. */
  readonly rounds: readonly HandoffRound[];
  readonly policy: JsonObject;
  readonly records: readonly JournalRecord[];
}

/** The bundle as canonical JSON text and as Markdown. */
export function handoffBundle(input: HandoffInput): { readonly json: string; readonly markdown: string } {
  const attempts = attemptsOf(input.records);
  const timing = timingOf(input.records);
  const bundle: Json = {
    v: 1,
    runId: input.runId,
    taskId: input.packet.taskId,
    ...versionsJson(packetVersions(input.records)),
    packet: { hash: input.packetHash, goal: safe(input.packet.scope.goal), approvedBy: safe(input.packet.approvedBy) },
    target: {
      provider: input.packet.scm.provider,
      repo: input.packet.scm.repo,
      issue: input.packet.scm.issueNumber,
    },
    branch: input.branch,
    baseBranch: input.baseBranch,
    baseCommit: input.baseCommit,
    headCommit: input.headCommit,
    commits: input.commits.map((commit) => ({ ...commit })),
    files: input.files,
    fileCount: input.fileCount,
    instructionChanges: { paths: input.instructionChanges.paths, count: input.instructionChanges.count },
    surfacesAdded: addedSurfaces(input.records),
    leftOut: leftOutOf(input.records),
    gates: input.gates.map(gateJson),
    rounds: roundsJson(input.rounds),
    attempts: attempts.map(attemptJson),
    spent: spentJson(spentBy(reportsIn(attempts))),
    decisions: decisionsOf(input.records).map((decision) => ({ ...decision })),
    policy: input.policy,
    timing,
    journal: { records: input.records.length, sum: input.records.at(-1)?.sum ?? '' },
  };
  return { json: canonicalJson(bundle), markdown: markdownOf(input, attempts, timing) };
}

function attemptJson({ turn, ...attempt }: AttemptRow): Json {
  return { ...attempt, turn: turn === null ? null : JSON.parse(canonicalJson(turn)) };
}

function gateJson(gate: GateView): Json {
  return {
    gate: gate.gate,
    status: gate.status,
    epoch: gate.epoch,
    commit: gate.commit,
    summary: gate.summary,
    findings: gate.findings.map((finding) => ({ ...finding })),
    commands: gate.commands.map((command) => ({ ...command })),
    evidence: gate.evidence === null ? null : refJson(gate.evidence),
    override: gate.override === null ? null : { ...gate.override },
  };
}

function refJson(ref: ArtifactRef): Json {
  return { path: ref.path, sha256: ref.sha256 };
}

/** What the work touches beyond the packet's conflict surface, as it was leased. */
function addedSurfaces(records: readonly JournalRecord[]): readonly string[] {
  let added: readonly string[] = [];
  for (const { event } of records) {
    if (event.type === 'packetReplaced') added = event.surfacesBeyond ?? [];
    else if ('surfacesAdded' in event) added = [...added, ...(event.surfacesAdded ?? [])];
  }
  return added;
}

/** Only where the packet was replaced: each that the run has had, the judged one last. */
function versionsJson(versions: readonly PacketVersion[]): JsonObject {
  return versions.length < 2
    ? {}
    : { packets: versions.map((version) => ({ ...version, packet: refJson(version.packet) })) };
}

function versionLines(versions: readonly PacketVersion[]): readonly string[] {
  const last = versions.at(-1);
  if (last === undefined || versions.length < 2) return [];
  return [
    `## Packet: version ${last.version} was judged`,
    '',
    'The packet was replaced while the run was parked. Only verdicts under the last version count; the work before it was kept, and judged again.',
    '',
    ...versions.map(({ version, packetHash, by, reason, atMs, rounds }) => {
      const who = by === null ? 'submitted' : `submitted as a replacement by ${line(by)}`;
      const why = reason === null || reason === '' ? '' : `: ${line(reason)}`;
      const judged =
        rounds.length === 0 ? 'no round' : `${rounds.length === 1 ? 'round' : 'rounds'} ${rounds.join(', ')}`;
      return `- Version ${version} \`${packetHash}\`, ${who} at ${new Date(atMs).toISOString()}${why} (${judged})`;
    }),
    '',
  ];
}

function timingOf(records: readonly JournalRecord[]): { readonly startedAtMs: number; readonly passedAtMs: number } {
  return { startedAtMs: records[0]?.atMs ?? 0, passedAtMs: records.at(-1)?.atMs ?? 0 };
}

function markdownOf(
  input: HandoffInput,
  attempts: readonly AttemptRow[],
  timing: { readonly startedAtMs: number; readonly passedAtMs: number },
): string {
  const { packet } = input;
  const lines = [
    `# ${line(packet.taskId)}: ready for review`,
    '',
    ...instructionLines(input.instructionChanges),
    ...(packet.scope.goal === null ? [] : [line(packet.scope.goal), '']),
    `- Commit \`${input.headCommit}\`, which both gates judged, from ${name(input.baseBranch)} (\`${input.baseCommit}\`)`,
    `- Branch ${name(input.branch)}, which was at that commit when it was handed off`,
    `- Target: ${line(packet.scm.provider)} ${line(packet.scm.repo ?? '')} issue ${line(packet.scm.issueNumber ?? '')}`,
    `- Run \`${input.runId}\`, packet \`${input.packetHash}\`${packet.approvedBy === null ? '' : `, approved by ${line(packet.approvedBy)}`}`,
    `- Review: \`${shellCommand(['git', 'log', '--patch', `${input.baseCommit.slice(0, 12)}..${input.headCommit.slice(0, 12)}`])}\``,
    `- From ${new Date(timing.startedAtMs).toISOString()} to ${new Date(timing.passedAtMs).toISOString()}`,
    '',
    ...versionLines(packetVersions(input.records)),
    '## Commits',
    '',
    ...input.commits.map((commit) => `- \`${commit.commit.slice(0, 12)}\` ${line(commit.subject)}`),
    '',
    `## Files (${input.fileCount})`,
    '',
    ...input.files.map((file) => `- ${name(file)}`),
    ...(input.fileCount > input.files.length ? [`- and ${input.fileCount - input.files.length} more`] : []),
    '',
    ...surfaceLines(input),
    ...leftOutLines(leftOutOf(input.records)),
    ...input.gates.flatMap(gateLines),
    ...roundLines(input.rounds),
    '## Attempts',
    '',
    '| task | agent | result | time | notes |',
    '|---|---|---|---|---|',
    ...attempts.map(
      (row) =>
        `| ${row.taskId} | ${line(row.turn === null ? row.agent : turnAgent(row.turn))} | ${row.result}${row.code === null ? '' : ` (${row.code})`} | ${row.durationMs === null ? '' : `${(row.durationMs / 1000).toFixed(1)} s`} | ${line(notesOf(row).join('; '))} |`,
    ),
    '',
    ...usedLine(attempts),
  ];
  return `${lines.join('\n')}\n`;
}

function instructionLines(changes: SomePaths): readonly string[] {
  return somePathLines(
    'Look at these first: files that instruct agents were changed',
    'Agents that work here later read them as instructions or settings. The agents that judged this work had the versions of the base instead; read what they say now before you merge.',
    changes,
  );
}

function surfaceLines({ packet, records }: HandoffInput): readonly string[] {
  const added = addedSurfaces(records);
  if (added.length === 0) return [];
  const repo = packet.scm.repo ?? '';
  return [
    `## Outside of the conflict surface (${added.length})`,
    '',
    "The packet does not name these paths. No other live run held them, and they were leased with the packet's own.",
    '',
    ...added.map((surface) => `- ${name(shownSurface(surface, repo))}`),
    '',
  ];
}

/** What the last commit of the work could not hold. */
function leftOutOf(records: readonly JournalRecord[]): LeftOut | null {
  const work = records.findLast(({ event }) => WORK_EVENTS.includes(event.type))?.event;
  return work !== undefined && 'leftOut' in work ? (work.leftOut ?? null) : null;
}

const WORK_EVENTS: readonly JournalEvent['type'][] = ['workCommitted', 'workEmpty', 'surfaceExceeded'];

function leftOutLines(leftOut: LeftOut | null): readonly string[] {
  if (leftOut === null) return [];
  const { emptySubmodules, filesBelowSubmodules } = leftOut;
  return [
    ...somePathLines('Empty submodules', 'Nobody who worked or verified here saw what belongs there.', emptySubmodules),
    ...somePathLines(
      'Not committed',
      'These files lie in the folder of a submodule: no commit of this repository can hold them.',
      filesBelowSubmodules,
    ),
  ];
}

function somePathLines(title: string, meaning: string, { paths, count }: SomePaths): readonly string[] {
  if (count === 0) return [];
  const rest = count - paths.length;
  return [
    `## ${title} (${count})`,
    '',
    meaning,
    '',
    ...paths.map((path) => `- ${name(path)}`),
    ...(rest > 0 ? [`- and ${rest} more`] : []),
    '',
  ];
}

function notesOf({ turn, rescueRef }: AttemptRow): readonly string[] {
  const kept = rescueRef === null ? [] : [`the previous contents of the worktree are kept as ${rescueRef}`];
  return turn === null ? kept : [...kept, ...turnNotes(turn)];
}

function usedLine(attempts: readonly AttemptRow[]): readonly string[] {
  const words = spentWords(spentBy(reportsIn(attempts)));
  return words === null ? [] : [`Used: ${words}.`, ''];
}

function gateLines(gate: GateView): readonly string[] {
  const title = gate.gate === 'verification' ? 'Verification' : 'Internal review';
  return [
    `## ${title}: ${gate.status}`,
    '',
    `Round ${gate.epoch}, commit \`${gate.commit}\`. ${line(gate.summary)}`,
    '',
    ...(gate.override === null
      ? []
      : [`**Accepted by ${line(gate.override.by)}, not passed:** ${line(gate.override.reason)}`, '']),
    ...gate.commands.map(
      (command) => `- ${name(shellCommand(command.argv))}: ${commandEnd(command)}, ${command.durationMs} ms`,
    ),
    ...gate.findings.map((finding) => `- ${findingText(finding)}`),
    '',
  ];
}

/** A text of the packet as a report may hold it; the packet itself is kept, as it was given, where its hash leads. */
function safe(text: string | null): string | null {
  return text === null ? null : sanitise(text, BOUNDS.summaryChars);
}

function spentJson({ estimated, ...whole }: Spent): JsonObject {
  return { ...whole, ...(estimated === undefined ? {} : { estimated: { ...estimated } }) };
}
