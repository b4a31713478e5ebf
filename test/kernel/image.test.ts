/** The image of a state leaves out what equals its declared default, so that a member which is added later changes no hash. */
import { describe, expect, it } from 'vitest';
import { setup } from 'xstate';
import { z } from 'zod';
import { sha256 } from '../../src/base/sha256.ts';
import { decide } from '../../src/kernel/decide.ts';
import { fold } from '../../src/kernel/fold.ts';
import {
  persist,
  persistedHash,
  restoreProblem,
  snapshotOf,
  stateHash,
  stateImage,
  stateProblem,
} from '../../src/kernel/image.ts';
import { defineSystem } from '../../src/kernel/system.ts';
import { FIRST_PREV } from '../../src/model/system-record.ts';
import { sealRecord } from '../../src/store/journal-lines.ts';

const events = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('begun'), name: z.string() })]);

/** The same system, once as it was, once with a member more. */
function systemOf<Member extends object>(
  member: Member,
  schema: z.ZodType,
  defaults: { [name: string]: null | number },
) {
  const machine = setup({
    types: {
      context: {} as { name: string; count: number } & Member,
      events: {} as { type: 'begun' },
      input: {} as { name: string },
    },
  }).createMachine({
    id: 'root',
    context: ({ input }) => ({ name: input.name, count: 0, ...member }),
    initial: 'idle',
    states: { idle: { on: { begun: 'busy' } }, busy: {} },
  });
  return defineSystem({
    kind: 'toy',
    rules: 1,
    root: { name: 'root', machine, events, context: schema, defaults },
    effects: {},
    open: { type: 'begun', input: (_id, event) => ({ name: event.name }) },
  });
}

const before = systemOf({}, z.strictObject({ name: z.string(), count: z.int() }), { count: 0 });
const after = systemOf({ colour: null }, z.strictObject({ name: z.string(), count: z.int(), colour: z.null() }), {
  count: 0,
  colour: null,
});
const undeclared = systemOf({ colour: null }, z.strictObject({ name: z.string(), count: z.int(), colour: z.null() }), {
  count: 0,
});

const stateOf = (system: typeof before) => {
  const found = decide(system, 'toy-1', null, { actor: 'root', event: { type: 'begun', name: 'n' }, atMs: 1 });
  if (found.kind === 'refused') throw new Error(found.reason);
  return found.state;
};

describe('a member of a context', () => {
  it('that equals its declared default is not part of the image', () => {
    expect(stateImage(before, stateOf(before))).toContain('"context":{"name":"n"}');
  });

  it('that is added with a default changes no hash: a journal of before folds as before', () => {
    const state = stateOf(before);
    const fields = {
      v: 2,
      rules: 1,
      seq: 1,
      gen: 1,
      atMs: 1,
      actor: 'root',
      event: { type: 'begun', name: 'n' },
      effects: [],
    } as const;
    const { record } = sealRecord({ ...fields, post: stateHash(before, state, sha256), prev: FIRST_PREV });
    expect(fold(after, 'toy-1', [record], { hash: sha256 }).kind).toBe('whole');
    expect(persistedHash(after, persist(before, state), sha256)).toBe(record.post);
    // Without the declaration it would: the guard can fail.
    expect(fold(undeclared, 'toy-1', [record], { hash: sha256 }).kind).toBe('diverged');
  });
});

describe('what is stored', () => {
  it('is still complete: anyone can restore it, and its hash is that of the state', () => {
    const state = stateOf(before);
    const stored = snapshotOf(before, state, FIRST_PREV, 'd');
    expect(stored).toMatchObject({
      v: 2,
      systemId: 'toy-1',
      rules: 1,
      seq: 1,
      actors: { root: { value: 'busy', context: { name: 'n', count: 0 } } },
    });
    expect(persistedHash(before, stored, sha256)).toBe(stateHash(before, state, sha256));
    expect(stateProblem(before, state)).toBeNull();
  });

  it('is refused where its context is not one of the machine, or the machine has no such state', () => {
    const { root } = persist(before, stateOf(before)).actors;
    expect(restoreProblem(before.root, { ...Object(root), value: 'gone' })).toContain('gone');
    const wrong = { ...stateOf(before), root: { ...stateOf(before).root, context: { name: 'n', count: 'x' } } };
    expect(stateProblem(before, wrong as never)).toContain('count');
  });
});
