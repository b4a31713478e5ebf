/**
 * The definition of runs, changed in one place: what a later version of Pawl might do.
 *
 * Owns: making such definitions of the present one, which stays as it is. Does not own: what is expected of them.
 */
import { type AnyStateMachine, StateMachine } from 'xstate';
import { z } from 'zod';
import { freshContext, RUN_CONTEXT_DEFAULTS } from '../../machines/run/context.ts';
import { runMachine } from '../../machines/run/run.machine.ts';
import { taskMachine } from '../../machines/task/task.machine.ts';
import { isObject, type Json } from '../../src/base/canonical-json.ts';
import type { System } from '../../src/kernel/system.ts';
import { TASK_KIND } from '../../src/model/record.ts';
import { runContextSchema } from '../../src/model/run-context.ts';
import { runSystem } from '../../src/run/system.ts';

const { root, children } = runSystem;
const { [TASK_KIND]: task } = children;
if (task === undefined) throw new Error('a run has no tasks');
const ofTask = task;

/** Runs whose root is otherwise. */
export function withRoot(changes: Partial<System['root']>): System {
  return { ...runSystem, root: { ...root, ...changes } };
}

/** Runs whose tasks are otherwise. */
export function withTask(changes: Partial<System['root']>): System {
  return { ...runSystem, children: { ...children, [TASK_KIND]: { ...ofTask, ...changes } } };
}

/** Runs that remember a colour: nobody sets it. */
export function withColour(defaults: { readonly [member: string]: Json }): System {
  const machine = new StateMachine(
    { ...runMachine.config, context: ({ input }) => Object.assign(freshContext(input), { colour: null }) },
    runMachine.implementations,
  );
  const context = runContextSchema.extend({ colour: z.string().nullable() });
  return withRoot({ machine, context, defaults: { ...RUN_CONTEXT_DEFAULTS, ...defaults } });
}

/** The run machine with each part of its chart, innermost first, as `change` gives it back. */
export function runChart(change: Change): AnyStateMachine {
  return new StateMachine(changed(runMachine.config, change), runMachine.implementations);
}

/** The task machine, in the same way. */
export function taskChart(change: Change): AnyStateMachine {
  return new StateMachine(changed(taskMachine.config, change), taskMachine.implementations);
}

/** A state, a transition or an action of a chart, as plain members. */
export type ChartPart = Readonly<Record<string, unknown>>;
/** What becomes of it; the same where nothing does. */
export type Change = (part: ChartPart) => ChartPart;

function changed<Value>(value: Value, change: Change): Value {
  if (Array.isArray(value)) return value.map((each) => changed(each, change)) as Value;
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, changed(member, change)]);
  return change(Object.fromEntries(members)) as Value;
}
