/**
 * What the gates have found on the way to a handoff, round by round.
 *
 * Owns: that part of the evidence bundle. Does not own: reading the evidence (runtime/run-report), the rest of the bundle (core/handoff).
 */

import type { Json } from '../base/canonical-json.ts';
import { shellCommand } from '../base/shell-words.ts';
import type { CommandRun, Finding } from '../model/request.ts';
import { commandEnd, lastLines, withoutOutput } from './failure-notes.ts';
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

/** The rounds as data: every finding of every gate. */
export function roundsJson(rounds: readonly HandoffRound[]): Json {
  return rounds.map(({ round, commit, gates }) => ({
    round,
    commit,
    gates: gates.map(({ gate, status, summary, findings, problem }) => ({
      gate,
      status,
      summary,
      findings: findings.map((finding) => ({ ...finding })),
      problem,
    })),
  }));
}

/** The rounds for people: those in which a gate did not pass, with why. */
export function roundLines(rounds: readonly HandoffRound[]): readonly string[] {
  const failed = rounds.filter(({ gates }) => gates.some(hasSomething));
  if (failed.length === 0) return [];
  return [
    '## Rounds',
    '',
    ...failed.flatMap(({ round, commit, gates }) => [
      `### Round ${round}, commit \`${commit}\``,
      '',
      ...gates.filter(hasSomething).flatMap(gateLines),
      '',
    ]),
  ];
}

function hasSomething({ status, findings, problem }: JudgedGate): boolean {
  return status !== 'PASS' || findings.length > 0 || problem !== null;
}

function gateLines({ gate, status, summary, findings, commands, problem }: JudgedGate): readonly string[] {
  const said = problem ?? summary;
  const rest = findings.length - FINDINGS_SHOWN;
  return [
    `- ${gate} ${status}${said === '' ? '' : `: ${markdownLine(said)}`}`,
    ...findings.slice(0, FINDINGS_SHOWN).map((finding) => {
      const message = withoutOutput(finding.message, commands);
      return `  - ${findingText({ ...finding, message })}`;
    }),
    ...(rest > 0 ? [`  - and ${rest} more`] : []),
    ...commands.filter(({ exitCode }) => exitCode !== 0).flatMap(commandLines),
  ];
}

function commandLines(command: CommandRun): readonly string[] {
  return [
    `  - ${markdownName(shellCommand(command.argv))}: ${commandEnd(command)}`,
    ...lastLines(command.outputTail).map((line) => `    - ${markdownCode(line)}`),
  ];
}

/** A finding with its place, as a line of Markdown. */
export function findingText({ severity, message, file, line }: Finding): string {
  const place = file === undefined ? '' : ` (${markdownName(`${file}${line === undefined ? '' : `:${line}`}`)})`;
  return `${markdownLine(severity)}: ${markdownLine(message)}${place}`;
}
