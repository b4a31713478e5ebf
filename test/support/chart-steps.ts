/**
 * What a machine's chart says can happen, and what of it an event made happen.
 *
 * Owns: the places and steps of a chart by name, the steps of a chart that nothing leads to. Does not own: the walks that take them
 * (src/prove/model).
 *
 * Invariants: 1. Every transition of a chart is one step of its own name, those without an event too. 2. A transition that only forbids what
 * holds elsewhere is no step.
 */
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { RunMachineEvent } from '../../machines/run/context.ts';
import type { TaskMachineEvent } from '../../machines/task/context.ts';
import { transitionsTaken } from '../../src/run/transitions-taken.ts';

/**
 * Steps of the charts that no run takes, whatever it is told: nothing leads to the handoff but both gates. They stay in the chart as a second
 * line.
 */
export const NEVER_TAKEN: readonly string[] = ['handoffReady: handoffProjected → blockedNeedsHuman'];

/** Every place of a machine that has no places inside and is not only passed through, by name. */
export function leavesOf(machine: AnyStateMachine): readonly string[] {
  const leaves = nodesOf(machine.root).filter((node) => node.type === 'atomic' || node.type === 'final');
  return leaves.filter((node) => !node.tags.includes('transient')).map((node) => node.path.join('.'));
}

/** Every step in a machine's chart, by name: where, on which event, under which guard. */
export function chartSteps(machine: AnyStateMachine): readonly string[] {
  return nodesOf(machine.root).flatMap((node) =>
    [...[...node.transitions.values()].flat().filter((step) => !isForbidding(step)), ...(node.always ?? [])].map(
      stepName,
    ),
  );
}

/** The steps of the chart that an event takes in a snapshot: first its own, then those without an event that follow at once. */
export function stepsTaken(
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: RunMachineEvent | TaskMachineEvent,
): readonly string[] {
  return transitionsTaken(machine, snapshot, event).map(stepName);
}

/** Steps of a chart, as walks take them. */
export class TakenSteps {
  readonly #names = new Set<string>();
  readonly #eventlessLeft = new Map<AnyStateMachine, readonly string[]>();

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Every step that the event takes in the snapshot is in here. */
  add(machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: RunMachineEvent | TaskMachineEvent): void {
    for (const step of machine.getTransitionData(snapshot, event)) this.#names.add(stepName(step));
    // To find what follows at once is to take the event: of no use where every such step is here.
    const left = (this.#eventlessLeft.get(machine) ?? eventlessSteps(machine)).filter((name) => !this.has(name));
    this.#eventlessLeft.set(machine, left);
    if (left.length > 0) for (const name of stepsTaken(machine, snapshot, event)) this.#names.add(name);
  }
}

function eventlessSteps(machine: AnyStateMachine): readonly string[] {
  return nodesOf(machine.root).flatMap((node) => (node.always ?? []).map(stepName));
}

/** A transition that keeps an event from those around its state. */
function isForbidding({ target, actions }: AnyTransitionDefinition): boolean {
  return target === undefined && actions.length === 0;
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

function stepName({ source, eventType, guard, target }: AnyTransitionDefinition): string {
  const where = source.path.join('.') || 'anywhere';
  const to = target?.map((node) => node.path.join('.')).join() ?? 'stays';
  const on = eventType === '' ? 'at once' : eventType;
  return `${where}: ${on}${guard === undefined ? '' : ` [${guardName(guard)}]`} → ${to}`;
}

function guardName(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { type, params } = guard as { readonly type: string; readonly params?: Readonly<Record<string, unknown>> };
  return [type, ...Object.values(params ?? {}).map(String)].join(' ');
}
