/** Every kind of step that a run and its tasks take, written out once for people to read: what it changes, and what it asks for (data/steps.txt). */

import { expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import type { KeyedEffect } from '../../src/model/effect.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import type { Edge, Node } from '../../src/prove/model/graph.ts';
import { placeOf } from '../../src/prove/model/key.ts';
import { COVER_FACETS, exploreChecked, SMALLEST, wholeWorld } from '../../src/prove/model/worlds.ts';
import { machineOf, type RunState } from '../../src/run/system.ts';
import { stepsTaken } from '../support/chart-steps.ts';

/** The steps of the charts that one step of the walk takes, machine by machine. */
function nameOf({ state }: Node, { event, deliveries }: Edge): string {
  const taken = deliveries.flatMap(({ actor, event: heard }) => {
    const before = actor === RUN_ACTOR ? state.root : state.children[actor];
    const who = actor === RUN_ACTOR ? 'run' : 'task';
    return before === undefined ? [] : stepsTaken(machineOf(actor), before, heard).map((step) => `${who}: ${step}`);
  });
  return [event.type, ...taken].join('\n  ');
}

/** The fields of a context that differ, as they are now. */
function changesOf(who: string, before: object, after: object): readonly string[] {
  const was = before as Readonly<Record<string, unknown>>;
  return Object.entries(after)
    .filter(([name, value]) => canonicalJson(value ?? null) !== canonicalJson(was[name] ?? null))
    .map(([name, value]) => `    ${who}.${name} = ${told(value)}`);
}

function effectText({ key: _, actor, ...effect }: KeyedEffect): string {
  return `${actor}: ${told(effect)}`;
}

/** A value as text; hashes and commits of the model, one digit over and over, are shortened. */
function told(value: unknown): string {
  return canonicalJson(value ?? null).replaceAll(/([0-9a-f])\1{15,}/g, '$1…');
}

function written(node: Node, edge: Edge): string {
  const [before, after]: readonly [RunState, RunState] = [node.state, edge.state];
  const asked = after.owed.filter(({ key }) => !before.owed.some((each) => each.key === key)).map(effectText);
  const done = before.owed.filter(({ key }) => !after.owed.some((each) => each.key === key)).map(effectText);
  return [
    nameOf(node, edge),
    `  from ${placeOf(before.root.value)} to ${placeOf(after.root.value)}`,
    ...changesOf('run', before.root.context, after.root.context),
    ...Object.entries(after.children).flatMap(([name, task]) =>
      changesOf(name, before.children[name]?.context ?? {}, task.context),
    ),
    ...done.map((effect) => `    − ${effect}`),
    ...asked.map((effect) => `    + ${effect}`),
  ].join('\n');
}

it('is as it is written out', async () => {
  const steps = new Map<string, string>();
  for (const world of [wholeWorld(SMALLEST), ...COVER_FACETS.map((facet) => facet.world)]) {
    for (const node of exploreChecked(world).nodes.values()) {
      for (const edge of node.edges) {
        const name = nameOf(node, edge);
        if (!steps.has(name)) steps.set(name, written(node, edge));
      }
    }
  }
  await expect(`${[...steps.values()].sort().join('\n\n')}\n`).toMatchFileSnapshot('data/steps.txt');
});
