/**
 * The statecharts as pages: every state with what it owes and where its events lead, and a picture that fits on a screen.
 *
 * Owns: reading a machine's own definition, Markdown and Mermaid of it.
 * Does not own: the machines; when the pages are written (lifecycle.test.ts).
 *
 * Invariant: nothing about a machine is written here by hand but the words for three guards, and a word whose guard is gone throws.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { runMachine } from '../../machines/run/run.machine.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { RUN_EFFECTS } from '../../src/model/effect.ts';

interface Step {
  /** Empty of a step that is taken as soon as its state is entered. */
  readonly event: string;
  readonly guard: string | null;
  /** What the guard is asked with, or the word for it: `PASS`, `retry`. */
  readonly word: string | null;
  /** Null: the state is not left. */
  readonly target: AnyStateNode | null;
  /** It only keeps what holds elsewhere from holding here. */
  readonly isForbidding: boolean;
}

/** Guards that say in their name what others say in their params. */
const WORDS: Readonly<Record<string, string>> = { isGateToFix: 'FAIL', isAbandon: 'abandon', mayRetry: 'retry' };
/** Of the steps out of the state that leads back to a stage: which stage. */
const RESUME_GUARD = 'resumesAt';
/** Said in words, not drawn from every state. */
const CANCEL = 'cancelRequested';
const LABEL_EVENTS_MAX = 2;
const LABEL_WORDS_MAX = 3;

function stepsOf(node: AnyStateNode): Step[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])].map((transition) => {
    const [name, params] = namedParts(transition.guard);
    const word = name === null ? null : params.length > 0 ? params.join(' ') : (WORDS[name] ?? null);
    const target = transition.target?.[0] ?? null;
    const isForbidding = target === null && transition.actions.length === 0;
    return { event: transition.eventType, guard: name, word, target, isForbidding };
  });
}

/** The name and the params of a guard or an action, which a config writes as a text or as an object. */
function namedParts(named: unknown): [name: string | null, params: readonly string[]] {
  if (named === undefined) return [null, []];
  if (typeof named === 'string') return [named, []];
  const { type, params } = named as { readonly type: string; readonly params?: Readonly<Record<string, unknown>> };
  return [type, Object.values(params ?? {}).map(String)];
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

function nameOf(node: AnyStateNode): string {
  return node.path.join('.');
}

function owedBy(node: AnyStateNode): string[] {
  const kinds: readonly string[] = Object.keys(RUN_EFFECTS);
  const names = node.entry.map((action: unknown) => namedParts(action)[0] ?? '');
  return names.filter((name) => kinds.includes(name));
}

/** The picture of a machine in Mermaid: its states at the top, or its regions with all that is in them. */
export function chartOf(machine: AnyStateMachine): string {
  const { root } = machine;
  const lines =
    root.type === 'parallel' ? Object.values(root.states).flatMap((region) => boxOf(region, '  ')) : topOf(root);
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'].join('\n');
}

/** The states at the top, and what leads from one of them, or from inside of it, to another. */
function topOf(root: AnyStateNode): string[] {
  const lines = [`  [*] --> ${String(root.initial.target[0]?.key)}`];
  for (const from of Object.values(root.states)) {
    const steps = nodesOf(from)
      .flatMap(stepsOf)
      .filter(({ event }) => event !== CANCEL);
    lines.push(
      ...edgesOf(
        from,
        steps.filter(({ target }) => target?.path[0] !== from.key),
        (target) => String(target.path[0]),
        '  ',
      ),
    );
    if (from.type === 'final') lines.push(`  ${from.key} --> [*]`);
  }
  return lines;
}

/** A state with everything inside of it. */
function boxOf(node: AnyStateNode, indent: string): string[] {
  if (node.type !== 'compound') return [`${indent}state ${node.key}`];
  const inner = `${indent}  `;
  const lines = Object.values(node.states).flatMap((child) => [
    ...(child.type === 'compound' ? boxOf(child, inner) : []),
    ...edgesOf(child, stepsOf(child), ({ key }) => key, inner),
    ...(child.type === 'final' ? [`${inner}${child.key} --> [*]`] : []),
  ]);
  return [
    `${indent}state ${node.key} {`,
    `${inner}[*] --> ${String(node.initial.target[0]?.key)}`,
    ...lines,
    `${indent}}`,
  ];
}

function edgesOf(
  from: AnyStateNode,
  steps: readonly Step[],
  nameOfTarget: (target: AnyStateNode) => string,
  indent: string,
): string[] {
  const edges = new Map<string, Map<string, Set<string>>>();
  for (const step of steps) if (step.target !== null) note(edges, nameOfTarget(step.target), step);
  return [...edges].map(([to, events]) => edgeLine(from.key, to, events, indent));
}

function note(edges: Map<string, Map<string, Set<string>>>, to: string, step: Step): void {
  const events = edges.get(to) ?? new Map<string, Set<string>>();
  edges.set(to, events);
  const words = events.get(step.event) ?? new Set<string>();
  events.set(step.event, words.add(step.word ?? ''));
}

/** Events by name, with their words where they have a few; no label where there are too many, or no event is needed. */
function edgeLine(from: string, to: string, events: ReadonlyMap<string, ReadonlySet<string>>, indent: string): string {
  const labels = [...events].map(([event, words]) =>
    (isTelling(words) ? `${event} ${[...words].join(', ')}` : event).trim(),
  );
  const isLabelled = events.size <= LABEL_EVENTS_MAX && labels.some((label) => label !== '');
  return `${indent}${from} --> ${to}${isLabelled ? `: ${labels.filter((label) => label !== '').join(' / ')}` : ''}`;
}

function isTelling(words: ReadonlySet<string>): boolean {
  return !words.has('') && words.size <= LABEL_WORDS_MAX;
}

/** What holds in every state that is not final, one Markdown line an event. */
export function everywhere(machine: AnyStateMachine): string {
  return rowsOf(machine.root)
    .map(([event, steps]) => `- \`${event}\`: ${steps}`)
    .join('\n');
}

function rowsOf(node: AnyStateNode): [event: string, steps: string][] {
  const byEvent = new Map<string, Step[]>();
  for (const step of stepsOf(node)) byEvent.set(step.event, [...(byEvent.get(step.event) ?? []), step]);
  return [...byEvent].map(([event, steps]) => [event, told(steps).join('; ')]);
}

function told(steps: readonly Step[]): string[] {
  const lines = steps.map(({ guard, word, target, isForbidding }) => {
    if (isForbidding) return 'is refused';
    const where = target === null ? 'stays' : `→ \`${nameOf(target)}\``;
    if (guard === null) return steps.length === 1 ? where : `else ${where}`;
    // A state for every answer of one guard: said once.
    if (target !== null && word === target.key)
      return `\`${guard} <x>\` → \`${nameOf(target).replace(/[^.]*$/, '<x>')}\``;
    return `\`${guard}${word === null || guard in WORDS ? '' : ` ${word}`}\` ${where}`;
  });
  return [...new Set(lines)];
}

/** Every state of a machine: what it is and owes, and for each event the first guard that holds and where it leads. */
export function tableOf(machine: AnyStateMachine): string {
  const rows = nodesOf(machine.root)
    .filter((node) => node.parent !== undefined)
    .flatMap((node) => {
      const owes = owedBy(node).map((kind) => `\`${kind}\``);
      const events = rowsOf(node);
      const name = `\`${nameOf(node)}\`${node.type === 'final' ? ' (final)' : ''}`;
      const begins = node.type === 'compound' ? `begins in \`${nameOf(node)}.${node.initial.target[0]?.key}\`` : '';
      const [first = ['', begins], ...rest] = events.map(([event, steps]) => [
        event === '' ? 'at once' : `\`${event}\``,
        steps,
      ]);
      return [[name, descriptionOf(node), owes.join(', '), ...first], ...rest.map((row) => ['', '', '', ...row])];
    });
  return table(['state', 'what it is', 'owes', 'event', 'leads to'], rows);
}

/** What a machine says of a state, and how the views see it. */
function descriptionOf(node: AnyStateNode): string {
  const tags = node.tags.map((tag) => `\`${tag}\``);
  return [node.description ?? '', ...(tags.length === 0 ? [] : [`(${tags.join(', ')})`])].join(' ');
}

/** The stages at which a run can be resumed, and the state in which each begins. */
function stagesOf(machine: AnyStateMachine): string {
  const steps = nodesOf(machine.root).flatMap(stepsOf);
  const stages = new Map<string, string>();
  for (const { guard, word, target } of steps) {
    if (guard === RESUME_GUARD && target !== null) stages.set(String(word), nameOf(target));
  }
  return table(
    ['stage', 'begins in'],
    [...stages].map(([stage, state]) => [stage, `\`${state}\``]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

function assertWords(): void {
  const steps = [runMachine, taskMachine].flatMap((machine) => nodesOf(machine.root)).flatMap(stepsOf);
  for (const guard of [...Object.keys(WORDS), RESUME_GUARD]) {
    if (!steps.some((step) => step.guard === guard)) throw new Error(`no machine has the guard ${guard} any more`);
  }
}

const NOT_DRAWN = `An arrow without a label has more than ${LABEL_EVENTS_MAX} causes, or is taken at once: \`resuming\` is left for the stage at which the run had stopped. Not drawn: a cancel, which leads to \`cancelling\` where a task is open; and what holds in every state that is not final and has no rule of its own for it:`;

/** The section of the README: the picture of a run, and what it leaves out. */
export function lifecycleSection(): string {
  assertWords();
  return [chartOf(runMachine), '', NOT_DRAWN, '', everywhere(runMachine)].join('\n');
}

/** docs/states.md. */
export function statesPage(): string {
  assertWords();
  return `# States

Made from the machines themselves by \`npm run docs:update\`; a test fails when it is not current. The charts are in [\`machines/\`](../machines/), XState 5, pure.

How to read it: an event is tried from top to bottom of its cell, and the first guard that holds decides; an event that no guard takes is refused. *Owes* is the effect that the state asks for when it is entered. It stays in the outbox until an event with its key settles it, or the state is left. A state without one awaits a task, a person, or nothing. *At once*: no event is needed, the state is only passed through. In brackets stands how other parts of Pawl see a state: \`working\`, \`waiting\` (for the clock, a slot or another run), \`parked\` (a person has to decide), \`ended\`.

- [The run](#the-run)
- [The stages of a run](#the-stages-of-a-run)
- [The task](#the-task)

## The run

${lifecycleSection()}

${tableOf(runMachine)}

While a run holds its lease it also owes a \`deadline\` at half of the lease's time, at which the lease is renewed.

## The stages of a run

A parked run that may continue, and a run that gets its lease back, pass through \`resuming\` and are entered again where they stopped:

${stagesOf(runMachine)}

## The task

${chartOf(taskMachine)}

${tableOf(taskMachine)}
`;
}
