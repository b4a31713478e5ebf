/**
 * Why a run has stopped, as lines for a terminal.
 *
 * Owns: the layout. Does not own: what is shown (run/failure-notes).
 */
import type { FailureNotes, NotedGate, OutputEnd } from '../run/failure-notes.ts';
import type { Output } from './output.ts';

/** The lines under a run's blockers. */
export function failureLines(output: Output, notes: FailureNotes): readonly string[] {
  return [
    ...notes.gates.flatMap((gate) => gateLines(output, gate)),
    ...notes.outputs.flatMap((end) => endLines(output, end)),
  ];
}

function gateLines({ colour }: Output, { gate, round, findings, findingsLeftOut }: NotedGate): readonly string[] {
  return [
    `${colour.dim('found by')}  the ${gate} of round ${round}`,
    ...findings.map(({ severity, message, place }) => `  ${severity}  ${place === null ? '' : `${place}  `}${message}`),
    ...(findingsLeftOut > 0 ? [`  and ${findingsLeftOut} more`] : []),
  ];
}

function endLines({ colour }: Output, { what, file, lines }: OutputEnd): readonly string[] {
  return [
    `${colour.dim('said by')}   ${what}`,
    ...lines.map((line) => `  ${colour.dim('│')} ${line}`),
    `  ${colour.dim(`in ${file}`)}`,
  ];
}
