/** What is exported of the charts is whole: another tool that reads their definitions as JSON finds every state, step and name. */
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, type AnyStateNode, type AnyTransitionDefinition, createMachine } from 'xstate';
import { runMachine, taskMachine } from '../../machines/index.ts';
import { isObject } from '../../src/base/canonical-json.ts';
import { wholeDefinition } from '../../src/kernel/machine-definition.ts';

const MACHINES: readonly [string, AnyStateMachine][] = [
  ['run', runMachine],
  ['task', taskMachine],
];

/** A description is a sentence that fits on a line of a terminal, and of the table of states. */
const SENTENCE_CHARS = { min: 15, max: 100 } as const;

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

function transitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

/** The name of a guard or an action; null where it has none. */
function nameOf(named: unknown): string | null {
  if (typeof named === 'string') return named;
  return isObject(named) && typeof named.type === 'string' ? named.type : null;
}

/** The params that are plain data; those that a function makes do not survive JSON. */
function paramsOf(named: unknown): unknown {
  const params = isObject(named) ? named.params : undefined;
  return typeof params === 'function' ? undefined : params;
}

/** All that a reader of the chart sees, state by state. */
function shapeOf(machine: AnyStateMachine, isSeen = (_step: AnyTransitionDefinition): boolean => true): unknown {
  return nodesOf(machine.root).map((node) => ({
    id: node.id,
    type: node.type,
    description: node.description,
    tags: node.tags,
    initial: node.type === 'compound' ? node.initial.target.map(({ id }: AnyStateNode) => id) : null,
    entry: node.entry.map((action) => [nameOf(action), paramsOf(action)]),
    exit: node.exit.map((action) => [nameOf(action), paramsOf(action)]),
    steps: transitionsOf(node)
      .filter(isSeen)
      .map(({ eventType, guard, target, actions, reenter }) => ({
        eventType,
        guard: guard === undefined ? null : [nameOf(guard), paramsOf(guard)],
        target: target?.map(({ id }) => id) ?? null,
        actions: actions.map((action) => [nameOf(action), paramsOf(action)]),
        reenter,
      })),
  }));
}

/** A definition holds its initial transitions resolved, where a config names the state: XState reads no other form. */
function nameInitial(key: string, value: unknown): unknown {
  if (key !== 'initial' || !isObject(value) || !Array.isArray(value.target)) return value;
  return String(value.target[0]).split('.').at(-1);
}

describe.each(MACHINES)('the %s machine', (_name, machine) => {
  it('read back from the JSON of its config has every state, step, guard and action by the same name', () => {
    const again = createMachine(JSON.parse(JSON.stringify(machine.config)));
    expect(shapeOf(again)).toEqual(shapeOf(machine));
  });

  it('read back from its whole definition has them too, steps without an event among them', () => {
    const again = createMachine(JSON.parse(JSON.stringify(wholeDefinition(machine)), nameInitial));
    expect(shapeOf(again)).toEqual(shapeOf(machine));
  });

  it('has a definition of XState to which only those steps are added', () => {
    const again = createMachine(JSON.parse(JSON.stringify(machine.definition), nameInitial));
    expect(shapeOf(again)).toEqual(shapeOf(machine, (step) => step.eventType !== ''));
  });

  it('names every guard and action, and has an implementation for each', () => {
    const { guards, actions } = machine.implementations;
    for (const node of nodesOf(machine.root)) {
      for (const action of [...node.entry, ...node.exit, ...transitionsOf(node).flatMap((step) => step.actions)]) {
        const name = nameOf(action);
        expect(name === null ? null : typeof actions[name], `an action of ${node.id}`).toBe('function');
      }
      for (const { guard } of transitionsOf(node)) {
        const name = nameOf(guard);
        if (guard !== undefined) expect(name === null ? null : typeof guards[name], node.id).toBe('function');
      }
    }
  });

  it('uses every guard and action that its vocabulary has', () => {
    const nodes = nodesOf(machine.root);
    const steps = nodes.flatMap(transitionsOf);
    const actions = [
      ...nodes.flatMap(({ entry, exit }) => [...entry, ...exit]),
      ...steps.flatMap((step) => step.actions),
    ];
    const used = new Set([...actions, ...steps.map(({ guard }) => guard)].map(nameOf));
    const unused = Object.keys(machine.implementations.actions).filter((name) => !used.has(name));
    expect(unused).toEqual([]);
    // Those that a guard is made of are used by that.
    const parts = ['isRequested', 'hasHostStartLeft'];
    const idle = Object.keys(machine.implementations.guards).filter((name) => !used.has(name) && !parts.includes(name));
    expect(idle).toEqual([]);
  });

  it('says of every state what it is, in a sentence', () => {
    for (const { id, description } of nodesOf(machine.root)) {
      const { length } = description ?? '';
      expect([id, length >= SENTENCE_CHARS.min, length <= SENTENCE_CHARS.max]).toEqual([id, true, true]);
      expect(description, id).toMatch(/^[A-Z][^'\n]*\.$/);
    }
  });

  it('gives every state that a snapshot can stand in its tags, and every final one its output', () => {
    for (const node of nodesOf(machine.root)) {
      const isRunLeaf = machine.id === 'run' && (node.type === 'atomic' || node.type === 'final');
      if (isRunLeaf) expect(node.tags.length, node.id).toBeGreaterThan(0);
      if (node.type === 'final' && node.id !== 'task.supervision.over') expect(node.output, node.id).toBeDefined();
    }
  });
});
