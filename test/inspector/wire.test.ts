import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMachine, type InspectionEvent } from 'xstate';
import { toDirectedGraph } from 'xstate/graph';
import { runMachine } from '../../machines/run/run.machine.ts';
import { Mirror } from '../../src/engine/mirror.ts';
import { safeForOutside } from '../../src/inspector/hub/stately-page.ts';
import { RunStream } from '../../src/inspector/wire/run-stream.ts';
import { definitionOf, STATELY_VERSION, type StatelyMessage } from '../../src/inspector/wire/stately-message.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { machineOf } from '../../src/run/system.ts';
import { goodRun } from './good-run.ts';

const RUN = 'run_T-1_aaaaaaaaaaaa';
const steps = [...goodRun(RUN)];

function streamed(): StatelyMessage[] {
  const messages: StatelyMessage[] = [];
  const stream = new RunStream(RUN, (message) => messages.push(message));
  for (const { record, state, deliveries } of steps) stream.take(record, state, deliveries);
  return messages;
}

interface Edges {
  readonly edges: readonly { readonly source: { readonly id: string }; readonly target: { readonly id: string } }[];
  readonly children: readonly Edges[];
}

function edgesOf({ edges, children }: Edges): string[] {
  return [...edges.map(({ source, target }) => `${source.id} → ${target.id}`), ...children.flatMap(edgesOf)].sort();
}

describe('the inspection messages of a run', () => {
  const messages = streamed();

  it('begin, for every actor, with its machine, its parent and its root', () => {
    const begun = new Set<string>();
    for (const message of messages) {
      if (message.type === '@xstate.actor') begun.add(message.sessionId);
      expect(begun).toContain(message.sessionId);
      expect(message).toMatchObject({ rootId: RUN, id: null, _version: STATELY_VERSION });
      expect(Number(message.createdAt)).toBeGreaterThan(0);
    }
    const actors = messages.filter((message) => message.type === '@xstate.actor');
    expect(actors.map(({ sessionId }) => sessionId)).toEqual([
      RUN,
      ...Object.keys(steps.at(-1)?.state.children ?? {}).map((taskId) => `${RUN}/${taskId}`),
    ]);
    expect(actors.map(({ parentId }) => parentId)).toEqual([undefined, RUN, RUN, RUN]);
  });

  it('end, for every actor, with the snapshot that is committed', () => {
    const state = steps.at(-1)?.state;
    if (state === undefined) throw new Error('no steps');
    for (const [actor, snapshot] of [[RUN_ACTOR, state.root] as const, ...Object.entries(state.children)]) {
      const session = actor === RUN_ACTOR ? RUN : `${RUN}/${actor}`;
      const last = messages.findLast(({ sessionId, type }) => sessionId === session && type === '@xstate.snapshot');
      const persisted = JSON.parse(JSON.stringify(machineOf(actor).getPersistedSnapshot(snapshot)));
      expect(last).toMatchObject({ snapshot: persisted });
    }
  });

  it('name the actor that a message inside the run comes from, and nobody for what comes from outside', () => {
    const settled = messages.find(
      (message) => message.type === '@xstate.event' && message.event.type === 'taskSettled',
    );
    expect(settled).toMatchObject({ sessionId: RUN, sourceId: expect.stringMatching(`^${RUN}/`) });
    const admitted = messages.find(
      (message) => message.type === '@xstate.event' && message.event.type === 'runAdmitted',
    );
    expect(admitted).not.toHaveProperty('sourceId');
  });

  it('are the same whenever they are made', () => expect(streamed()).toEqual(messages));

  it('carry a definition that is the machine again, with every transition', () => {
    const again = createMachine(JSON.parse(definitionOf(RUN_ACTOR)));
    expect(edgesOf(toDirectedGraph(again))).toEqual(edgesOf(toDirectedGraph(runMachine)));
    expect(edgesOf(toDirectedGraph(runMachine)).length).toBeGreaterThan(50);
  });

  it('are those of the installed package', () => {
    const manifest = readFileSync('node_modules/@statelyai/inspect/package.json', 'utf8');
    expect(JSON.parse(manifest).version).toBe(STATELY_VERSION);
  });

  it('carry the actors, events and states that an `inspect` observer of the library receives', () => {
    const seen: InspectionEvent[] = [];
    const mirror = new Mirror((event) => seen.push(event), null);
    for (const { state, deliveries } of steps) mirror.feed(deliveries, state);
    mirror.stop();
    const ids = new Map(seen.map(({ actorRef }) => [actorRef.sessionId, Object(actorRef).id]));
    const told = seen.flatMap((event): object[] => {
      if ('event' in event && event.event.type.startsWith('xstate.')) return [];
      const actor = { type: event.type, sessionId: Object(event.actorRef).id, rootId: ids.get(event.rootId) };
      if (event.type === '@xstate.actor') return [{ ...actor, parentId: Object(event.actorRef)._parent?.id }];
      if (event.type === '@xstate.event') return [{ ...actor, event: event.event }];
      return event.type === '@xstate.snapshot' ? [{ ...actor, value: Object(event.snapshot).value }] : [];
    });
    const streamedOnes = messages.map((message) => {
      const { type, sessionId, rootId } = message;
      if (message.type === '@xstate.actor') return { type, sessionId, rootId, parentId: message.parentId };
      if (message.type === '@xstate.event') return { type, sessionId, rootId, event: message.event };
      return { type, sessionId, rootId, value: Object(message.snapshot).value };
    });
    expect(told).toEqual(streamedOnes);
  });

  it('leave the machine without words, paths and branches', () => {
    const text = JSON.stringify(messages.map(safeForOutside));
    expect(JSON.stringify(messages)).toMatch(/feature\/x.*acme\/app/s);
    expect(text).not.toMatch(/feature\/x|acme\/app|artifacts\/intake/);
    expect(text).toContain('readyForManualReview');
  });
});
