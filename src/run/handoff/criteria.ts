/**
 * The criteria of a packet, each with what the gates have left as evidence for it.
 *
 * Owns: their ids, which evidence names which criterion, what that comes to. Does not own: the gates' verdicts (run/gate-evidence), asking for
 * them (turn/turn-prompt), the page (run/handoff/page).
 *
 * Invariants: 1. A criterion is met only where a gate says so of this very criterion; a command or a finding that names it is shown, and proves
 * nothing. 2. A criterion that nothing names is said to be so. 3. Nothing that a gate said of a criterion is left out.
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
  /** `statement`: the gate's own word on the criterion. */
  readonly kind: 'statement' | 'command' | 'finding';
  /** What a statement says; null of anything else. */
  readonly status: CriterionStatus | null;
  readonly text: string;
}

/** One criterion with its evidence. */
export interface CriterionView {
  /** `A2`: the second acceptance criterion; null of one that a gate spoke of and the packet does not have. */
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

/** The criteria of the packet in their order, then what the gates said of others. */
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

/** Short texts are found everywhere. */
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

/** A text as it is compared: the same words, whatever stands around them. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/[.;:]+$/, '');
}
