/**
 * The criteria of a packet, each with the gates' evidence for it.
 *
 * Owns: their ids, which evidence names which criterion, the resulting status. Does not own: the gates' verdicts (run/gate-evidence), asking for
 * them (turn/turn-prompt), the page (run/handoff/page).
 *
 * Invariants: 1. A criterion is met only if a gate says so about this criterion; a command or a finding that names it is shown, but proves
 * nothing. 2. A criterion that nothing names is reported as such. 3. Nothing that a gate said about a criterion is left out.
 */
import { shellCommand } from '../../base/shell-words.ts';
import type { Gate } from '../../model/effect.ts';
import type { Packet } from '../../model/packet.ts';
import type { CriterionStatus } from '../../model/request.ts';
import { commandEnd } from '../failure-notes.ts';
import type { GateView } from '../gate-evidence.ts';

/** One piece of evidence that names a criterion. */
export interface CriterionEvidence {
  readonly gate: Gate;
  /** `statement`: the gate's own statement about the criterion. */
  readonly kind: 'statement' | 'command' | 'finding';
  /** The status in a statement; null for anything else. */
  readonly status: CriterionStatus | null;
  readonly text: string;
}

/** One criterion with its evidence. */
export interface CriterionView {
  /** `A2`: the second acceptance criterion; null for one that a gate mentioned and the packet does not have. */
  readonly id: string | null;
  readonly kind: 'acceptance' | 'review' | 'expectation' | 'other';
  readonly text: string;
  readonly status: CriterionStatus | 'notShown';
  readonly evidence: readonly CriterionEvidence[];
}

interface Criterion {
  readonly id: string;
  readonly kind: 'acceptance' | 'review' | 'expectation';
  readonly text: string;
}

/** The criteria of the packet in their order, then others that the gates mentioned. */
export function criteriaOf(packet: Packet, gates: readonly GateView[]): readonly CriterionView[] {
  const known = [
    ...numbered('A', 'acceptance', packet.scope.acceptanceCriteria),
    ...numbered('R', 'review', packet.review.criteria),
    ...numbered('E', 'expectation', packet.verification.expectations),
  ];
  const said = gates.flatMap(({ gate, criteria }) =>
    criteria.map((each) => ({ gate, each, meant: meantBy(each.criterion, known) })),
  );
  const statementsOn = (criterion: Criterion | null): readonly (CriterionEvidence & { readonly about: string })[] =>
    said
      .filter(({ meant }) => meant === criterion)
      .map(({ gate, each: { criterion: about, status, evidence: text } }) => ({
        about,
        ...{ gate, kind: 'statement', status, text },
      }));
  return [
    ...known.map((criterion): CriterionView => {
      const statements = statementsOn(criterion).map(({ about: _, ...evidence }) => evidence);
      const evidence = [...statements, ...gates.flatMap((gate) => namingIt(criterion, gate))];
      return { ...criterion, status: statusOf(evidence), evidence };
    }),
    ...statementsOn(null).map(({ about, ...evidence }): CriterionView => {
      return { id: null, kind: 'other', text: about, status: statusOf([evidence]), evidence: [evidence] };
    }),
  ];
}

function numbered(letter: string, kind: Criterion['kind'], texts: readonly string[]): readonly Criterion[] {
  return texts.map((text, at) => ({ id: `${letter}${at + 1}`, kind, text }));
}

/** The criterion of that text, or with that id before the text. */
function meantBy(said: string, known: readonly Criterion[]): Criterion | null {
  const text = plain(said);
  const [, id = ''] = /^([are]\d+)(?:$|[\s:.)-])/.exec(text) ?? [];
  return known.find((each) => plain(each.text) === text) ?? known.find((each) => each.id.toLowerCase() === id) ?? null;
}

/** Shorter texts would match everywhere. */
const NAMING_CHARS_MIN = 8;

/** Commands of a gate that the criterion names, and findings that name the criterion. */
function namingIt(criterion: Criterion, { gate, commands, findings }: GateView): readonly CriterionEvidence[] {
  const text = plain(criterion.text);
  const run = commands.filter(({ argv }) => text.includes(plain(shellCommand(argv))));
  const found = findings.filter(({ message }) => {
    const said = plain(message);
    return (
      (text.length >= NAMING_CHARS_MIN && said.includes(text)) || new RegExp(`^${criterion.id}\\b`, 'i').test(said)
    );
  });
  return [
    ...run.map(
      (command): CriterionEvidence => ({
        ...{ gate, kind: 'command', status: null, text: `${shellCommand(command.argv)}: ${commandEnd(command)}` },
      }),
    ),
    ...found.map(({ message }): CriterionEvidence => ({ ...{ gate, kind: 'finding', status: null, text: message } })),
  ];
}

function statusOf(evidence: readonly CriterionEvidence[]): CriterionView['status'] {
  if (evidence.length === 0) return 'notShown';
  const said = evidence.map(({ status }) => status);
  if (said.includes('notMet')) return 'notMet';
  return said.includes('met') && !said.includes('unclear') ? 'met' : 'unclear';
}

/** A text normalised for comparison: the same words, whatever surrounds them. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/[.;:]+$/, '');
}
