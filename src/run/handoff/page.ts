/**
 * The evidence bundle of a passed run, as a page for the person who reviews it.
 *
 * Owns: the words and the order: what was done and how it was judged first, the record of it last. Does not own: the facts (run/handoff/document),
 * rounds (run/handoff/rounds), lists of agents and attempts (run/handoff/tables).
 *
 * Invariant: everything that comes from a packet, a worker or a repository is text and nothing but text.
 */

import { shellCommand } from '../../base/shell-words.ts';
import type { LeftOut, SomePaths } from '../../model/event.ts';
import { shownSurface } from '../../packets/surfaces.ts';
import type { FileChange } from '../../ports/git.ts';
import { commandEnd, lastLines } from '../failure-notes.ts';
import type { PacketVersion } from '../packet-versions.ts';
import type { CriterionEvidence, CriterionView } from './criteria.ts';
import type { HandoffDocument } from './document.ts';
import { markdownLine as line, markdownCode, markdownName as name } from './markdown-text.ts';
import { findingText, roundLines } from './rounds.ts';
import { attemptLines, deniedLines, recordLines, roleLines } from './tables.ts';
import type { DoneWork } from './work.ts';

/** The page of that document, as Markdown. */
export function handoffPage(document: HandoffDocument): string {
  const judged = Math.max(0, ...document.gates.map(({ epoch }) => epoch));
  const lines = [
    ...headLines(document),
    ...versionLines(document.packets ?? []),
    ...workLines(document.work),
    ...criteriaLines(document.criteria),
    ...document.gates.flatMap(gateLines),
    ...changeLines(document),
    ...outsideLines(document),
    ...leftOutLines(document.leftOut),
    ...deniedLines(document.denials),
    ...roleLines(document.roles, document.spent),
    ...roundLines(document.rounds, judged),
    ...decisionLines(document),
    ...commitLines(document),
    ...attemptLines(document.attempts),
    ...recordLines(document),
  ];
  return `${lines.join('\n')}\n`;
}

function headLines(document: HandoffDocument): readonly string[] {
  const { packet, target, timing, baseCommit, headCommit } = document;
  const range = `${baseCommit.slice(0, 12)}..${headCommit.slice(0, 12)}`;
  return [
    `# ${line(document.taskId)}: ready for review`,
    '',
    ...instructionLines(document.instructionChanges),
    ...(packet.goal === null ? [] : [line(packet.goal), '']),
    `- Commit \`${headCommit}\`, which both gates judged, from ${name(document.baseBranch)} (\`${baseCommit}\`)`,
    `- Branch ${name(document.branch)}, which was at that commit when it was handed off`,
    `- Target: ${line(target.provider)} ${line(target.repo ?? '')} issue ${line(target.issue ?? '')}`,
    `- Run \`${document.runId}\`, packet \`${packet.hash}\`${packet.approvedBy === null ? '' : `, approved by ${line(packet.approvedBy)}`}`,
    `- Review: \`${shellCommand(['git', 'log', '--patch', range])}\``,
    `- From ${time(timing.startedAtMs)} to ${time(timing.passedAtMs)}`,
    '',
  ];
}

function instructionLines(changes: SomePaths): readonly string[] {
  return somePathLines(
    'Look at these first: files that instruct agents were changed',
    'Agents that work here later read them as instructions or settings. The agents that judged this work had the versions of the base instead; read what they say now before you merge.',
    changes,
  );
}

function versionLines(versions: readonly PacketVersion[]): readonly string[] {
  const last = versions.at(-1);
  if (last === undefined) return [];
  return [
    `## Packet: version ${last.version} was judged`,
    '',
    'The packet was replaced while the run was parked. Only verdicts under the last version count; the work before it was kept, and judged again.',
    '',
    ...versions.map(({ version, packetHash, packet, by, reason, atMs, rounds }) => {
      const who = by === null ? 'submitted' : `submitted as a replacement by ${line(by)}`;
      const why = reason === null || reason === '' ? '' : `: ${line(reason)}`;
      const judged =
        rounds.length === 0 ? 'no round' : `${rounds.length === 1 ? 'round' : 'rounds'} ${rounds.join(', ')}`;
      return `- Version ${version} \`${packetHash}\`, ${who} at ${time(atMs)}${why} (${judged}), kept as ${fileWords(packet)}`;
    }),
    '',
  ];
}

/** What the workers say about their work; the words themselves are unchecked. */
function workLines(work: readonly DoneWork[]): readonly string[] {
  if (work.length === 0) return [];
  return [
    '## What was done, as the workers say',
    '',
    ...work.map(({ taskId, role, agent, commit, summary, problem }) => {
      const where = commit === null ? 'nothing to commit' : `commit \`${commit}\``;
      const said = problem ?? summary ?? 'no summary was given';
      return `- ${role ?? ''} ${line(agent)} (${taskId}, ${where}): ${line(said)}`;
    }),
    '',
  ];
}

const CRITERION_WORDS: Readonly<Record<CriterionView['status'], string>> = {
  met: 'met',
  notMet: '**not met**',
  unclear: 'unclear',
  notShown: 'not shown by any evidence',
};

function criteriaLines(criteria: readonly CriterionView[]): readonly string[] {
  if (criteria.length === 0) return [];
  const counts = (['met', 'notMet', 'unclear', 'notShown'] as const).flatMap((status) => {
    const count = criteria.filter((each) => each.status === status).length;
    return count === 0 ? [] : [`${count} ${COUNT_WORDS[status]}`];
  });
  return [
    `## Criteria (${criteria.length}): ${counts.join(', ')}`,
    '',
    "A criterion is met only where a gate says so about that criterion. A gate's verdict is about the work as a whole.",
    '',
    ...criteria.flatMap(({ id, kind, text, status, evidence }) => [
      `- ${id === null ? '' : `${id}, `}${KIND_WORDS[kind]}: ${line(text)}: ${CRITERION_WORDS[status]}`,
      ...evidence.map((each) => `  - ${evidenceText(each)}`),
    ]),
    '',
  ];
}

const COUNT_WORDS: Readonly<Record<CriterionView['status'], string>> = {
  met: 'met',
  notMet: 'not met',
  unclear: 'unclear',
  notShown: 'not shown',
};

const KIND_WORDS: Readonly<Record<CriterionView['kind'], string>> = {
  acceptance: 'acceptance',
  review: 'review',
  expectation: 'expectation',
  other: 'not of the packet',
};

function evidenceText({ gate, kind, status, text }: CriterionEvidence): string {
  if (kind === 'command') return `${gate} ran ${line(text)}`;
  if (kind === 'finding') return `${gate} found: ${line(text)}`;
  return `${gate} says ${CRITERION_WORDS[status ?? 'unclear']}: ${text === '' ? 'without saying what shows it' : line(text)}`;
}

/** Lines of a command's output that are shown of a gate that passed. */
const OUTPUT_LINES_SHOWN = 3;

function gateLines(gate: HandoffDocument['gates'][number]): readonly string[] {
  const title = gate.gate === 'verification' ? 'Verification' : 'Internal review';
  return [
    `## ${title}: ${gate.status}`,
    '',
    `Round ${gate.epoch}, commit \`${gate.commit}\`. ${line(gate.summary)}`,
    '',
    ...(gate.override === null
      ? []
      : [`**Accepted by ${line(gate.override.by)}, not passed:** ${line(gate.override.reason)}`, '']),
    ...gate.commands.flatMap((command) => [
      `- ${name(shellCommand(command.argv))}: ${commandEnd(command)}, ${command.durationMs} ms`,
      ...lastLines(command.outputTail)
        .slice(-OUTPUT_LINES_SHOWN)
        .map((text) => `  - ${markdownCode(text)}`),
    ]),
    ...gate.findings.map((finding) => `- ${findingText(finding)}`),
    ...(gate.evidence === null ? [] : [`- Evidence: ${fileWords(gate.evidence)}`]),
    '',
  ];
}

function changeLines({ files, fileCount, diffStat }: HandoffDocument): readonly string[] {
  const counted = new Set(diffStat.files.map(({ path }) => path));
  // Git quotes a name that it cannot print as it is: then the plain one is named beside it.
  const others = files.filter((path) => !counted.has(path)).map((path) => `- ${name(path)}`);
  const rest = Math.max(0, fileCount - Math.max(files.length, diffStat.files.length));
  return [
    `## Files (${fileCount}), +${diffStat.added} -${diffStat.deleted}`,
    '',
    ...diffStat.files.map((file) => `- ${name(file.path)} ${countsOf(file)}`),
    ...others,
    ...(rest > 0 ? [`- and ${rest} more`] : []),
    ...(diffStat.fileCount === fileCount
      ? []
      : ['', `Git reports ${diffStat.fileCount}, because it counts a renamed file once.`]),
    '',
  ];
}

function countsOf({ added, deleted, isBinary }: FileChange): string {
  return isBinary ? `binary (+${added} -${deleted})` : `+${added} -${deleted}`;
}

function outsideLines({ outsideSurface, surfacesAdded, target }: HandoffDocument): readonly string[] {
  const { paths, count } = outsideSurface;
  if (count === 0 && surfacesAdded.length === 0) return [];
  const rest = count - paths.length;
  const leased = surfacesAdded.map((surface) => name(shownSurface(surface, target.repo ?? ''))).join(', ');
  return [
    `## Outside the conflict surface (${count})`,
    '',
    'The packet does not name these paths.',
    '',
    ...paths.map((path) => `- ${name(path)}`),
    ...(rest > 0 ? [`- and ${rest} more`] : []),
    ...(leased === ''
      ? []
      : ['', `No other live run held them, so these were leased along with the packet's own: ${leased}.`]),
    '',
  ];
}

function leftOutLines(leftOut: LeftOut | null): readonly string[] {
  if (leftOut === null) return [];
  const { emptySubmodules, filesBelowSubmodules } = leftOut;
  return [
    ...somePathLines(
      'Empty submodules',
      'Neither the workers nor the gates saw the contents that belong there.',
      emptySubmodules,
    ),
    ...somePathLines(
      'Not committed',
      'These files are inside a submodule: a commit of this repository cannot contain them.',
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

function decisionLines({ decisions }: HandoffDocument): readonly string[] {
  if (decisions.length === 0) return [];
  return [
    `## Decisions (${decisions.length})`,
    '',
    ...decisions.map(
      ({ decision, by, reason, atMs }) =>
        `- ${decision} by ${line(by)} at ${time(atMs)}${reason === '' ? '' : `: ${line(reason)}`}`,
    ),
    '',
  ];
}

function commitLines({ commits }: HandoffDocument): readonly string[] {
  return ['## Commits', '', ...commits.map(({ commit, subject }) => `- \`${commit}\` ${line(subject)}`), ''];
}

function fileWords({ path, sha256 }: { readonly path: string; readonly sha256: string }): string {
  return `${name(path)} (sha256 \`${sha256}\`)`;
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}
