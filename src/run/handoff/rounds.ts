/**
 * What the gates found before a handoff, round by round.
 *
 * Owns: that part of the evidence bundle. Does not own: reading the evidence (engine/run-report), the rest of the bundle (run/handoff/bundle).
 */

import { shellCommand } from '../../base/shell-words.ts';
import type { CommandRun, Finding } from '../../model/request.ts';
import { commandEnd, lastLines, withoutOutput } from '../failure-notes.ts';
import { markdownCode, markdownLine, markdownName } from './markdown-text.ts';

/** One round of gates with their evidence. */
export interface HandoffRound {
  readonly round: number;
  readonly commit: string;
  readonly gates: readonly {
    readonly gate: string;
    readonly status: string;
    readonly summary: string;
    readonly findings: readonly Finding[];
    readonly commands: readonly CommandRun[];
    /** Why the evidence cannot be read; null when it can. */
    readonly problem: string | null;
  }[];
}

type JudgedGate = HandoffRound['gates'][number];

const FINDINGS_SHOWN = 50;

/** The rounds for people; for `judged`, which is reported elsewhere, only gates that did not pass or found something. */
export function roundLines(rounds: readonly HandoffRound[], judged: number): readonly string[] {
  const told = rounds.flatMap((each) => {
    const gates = each.round === judged ? each.gates.filter(hasSomething) : each.gates;
    return gates.length === 0 ? [] : [{ ...each, gates }];
  });
  if (told.length === 0) return [];
  return [
    '## Rounds',
    '',
    ...told.flatMap(({ round, commit, gates }) => [
      `### Round ${round}, commit \`${commit}\``,
      '',
      ...gates.flatMap(gateLines),
      '',
    ]),
  ];
}

function hasSomething({ status, findings, problem }: JudgedGate): boolean {
  return status !== 'PASS' || findings.length > 0 || problem !== null;
}

function gateLines({ gate, status, summary, findings, commands, problem }: JudgedGate): readonly string[] {
  const said = [problem ?? '', summary].filter((text) => text !== '').join(' ');
  const rest = findings.length - FINDINGS_SHOWN;
  return [
    `- ${gate} ${status}${said === '' ? '' : `: ${markdownLine(said)}`}`,
    ...findings.slice(0, FINDINGS_SHOWN).map((finding) => {
      const message = withoutOutput(finding.message, commands);
      return `  - ${findingText({ ...finding, message })}`;
    }),
    ...(rest > 0 ? [`  - and ${rest} more`] : []),
    ...commands.flatMap(commandLines),
  ];
}

function commandLines(command: CommandRun): readonly string[] {
  return [
    `  - ${markdownName(shellCommand(command.argv))}: ${commandEnd(command)}, ${command.durationMs} ms`,
    ...(command.exitCode === 0 ? [] : lastLines(command.outputTail).map((line) => `    - ${markdownCode(line)}`)),
  ];
}

/** A finding with its place, as a line of Markdown. */
export function findingText({ severity, message, file, line }: Finding): string {
  const place = file === undefined ? '' : ` (${markdownName(`${file}${line === undefined ? '' : `:${line}`}`)})`;
  return `${markdownLine(severity)}: ${markdownLine(message)}${place}`;
}
