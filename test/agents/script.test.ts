/** Which steps of a script a task gets. */
import { describe, expect, it } from 'vitest';
import { parseScript, pickSteps, ScriptError } from '../../src/adapters/agents/script.ts';

const print = (text: string) => [{ do: 'print', text }];
const place = { packetTaskId: 'T', purpose: 'review', epoch: 2, attempt: 1 } as const;

describe('pickSteps', () => {
  it('takes the most specific key: epoch and attempt, epoch, attempt, purpose', () => {
    const keys = ['review.e2.a1', 'review.e2', 'review.a1', 'review'];
    for (const [index, expected] of keys.entries()) {
      const script = parseScript(Object.fromEntries(keys.slice(index).map((key) => [key, print(key)])));
      expect(pickSteps(script, place)).toEqual(print(expected));
    }
  });

  it("takes the packet's own steps before those for everything, and falls back to these", () => {
    const script = parseScript({
      'review.e2.a1': print('all'),
      fix: print('fix'),
      tasks: { T: { review: print('own') } },
    });
    expect(pickSteps(script, place)).toEqual(print('own'));
    expect(pickSteps(script, { ...place, packetTaskId: 'U' })).toEqual(print('all'));
    expect(pickSteps(script, { ...place, packetTaskId: 'constructor' })).toEqual(print('all'));
    expect(pickSteps(script, { ...place, purpose: 'fix' })).toEqual(print('fix'));
  });

  it('gives null when no key fits', () => {
    expect(pickSteps(parseScript({ 'review.e3': print('x'), fix: [] }), place)).toBeNull();
  });
});

describe('parseScript', () => {
  it.each<[string, unknown]>([
    ['a script is an object', []],
    ['reviews: is no', { reviews: [] }],
    ['review.1: is no', { 'review.1': [] }],
    ['review: must be a list', { review: {} }],
    ['review[0]: must be an object', { review: ['answer'] }],
    ['review[0]: must be an object', { review: [{ do: 'dance' }] }],
    ['review[1].path: must be a string', { review: [{ do: 'answer' }, { do: 'write' }] }],
    ['review[0].ms: must be a whole number', { review: [{ do: 'sleep', ms: -1 }] }],
    ['review[0].forever: must be true or false', { review: [{ do: 'grandchild', forever: 'yes' }] }],
    ['tasks: must be an object', { tasks: [] }],
    ['tasks.T: must be an object', { tasks: { T: [] } }],
    ['tasks.T.fix[0].code: must be', { tasks: { T: { fix: [{ do: 'exit', code: '1' }] } } }],
  ])('%s', (message, document) => {
    expect(() => parseScript(document)).toThrow(ScriptError);
    expect(() => parseScript(document)).toThrow(message);
  });
});
