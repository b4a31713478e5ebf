/** How one draft lies over another, what a draft comes to as a packet, and the names made for it. */
import { describe, expect, it } from 'vitest';
import {
  branchOf,
  EMPTY_DRAFT,
  overlaid,
  type PacketDraft,
  packetOfDraft,
  taskIdOf,
} from '../../src/packets/packet-draft.ts';

const FULL: PacketDraft = {
  taskId: 'T-1',
  repo: 'acme/app',
  issue: '#12',
  branch: 'work/a',
  base: 'main',
  goal: 'A goal.',
  nonGoals: ['Nothing else.'],
  acceptance: ['It works.'],
  instructions: ['First this.'],
  commands: ['npm test'],
  expectations: ['Fast.'],
  criteria: ['Is it right?'],
  surface: ['src'],
  agent: 'a',
};

it('the empty draft says nothing', () => {
  expect(EMPTY_DRAFT).toEqual({
    taskId: null,
    repo: null,
    issue: null,
    branch: null,
    base: null,
    goal: null,
    nonGoals: [],
    acceptance: [],
    instructions: [],
    commands: [],
    expectations: [],
    criteria: [],
    surface: [],
    agent: null,
  });
});

describe('a draft over another', () => {
  it('says all that it says', () => {
    expect(overlaid(EMPTY_DRAFT, FULL)).toEqual(FULL);
    expect(overlaid(FULL, { goal: 'Another.', surface: ['docs', 'test'] })).toEqual({
      ...FULL,
      goal: 'Another.',
      surface: ['docs', 'test'],
    });
  });

  it.each<[string, Partial<PacketDraft>]>([
    ['no part', {}],
    ['nothing in any part', EMPTY_DRAFT],
    ['an empty text', { goal: '' }],
    ['a blank text', { goal: ' \n' }],
  ])('leaves the other as it is where it has %s', (_title, over) => {
    expect(overlaid(FULL, over)).toEqual(FULL);
  });
});

describe('the packet of a draft', () => {
  it('has every part in its place, and waits for an approval', () => {
    expect(packetOfDraft(FULL)).toEqual({
      task_id: 'T-1',
      approval: { status: 'proposed' },
      scm_target: { repo: 'acme/app', issue_number: 12, intended_branch: 'work/a', base_branch: 'main' },
      scope: { goal: 'A goal.', non_goals: ['Nothing else.'], acceptance_criteria: ['It works.'] },
      implementation: { instructions: ['First this.'] },
      verification: { commands: ['npm test'], expectations: ['Fast.'] },
      review: { criteria: ['Is it right?'] },
      conflict_surface: ['src'],
      agent: 'a',
    });
  });

  it('has no part that was not given', () => {
    expect(packetOfDraft(EMPTY_DRAFT)).toEqual({ approval: { status: 'proposed' } });
    expect(packetOfDraft({ ...EMPTY_DRAFT, base: 'main', criteria: ['c'] })).toEqual({
      approval: { status: 'proposed' },
      scm_target: { base_branch: 'main' },
      review: { criteria: ['c'] },
    });
  });

  it.each([
    ['12', 12],
    ['#12', 12],
    ['1', 1],
    ['#0', '#0'],
    ['-1', '-1'],
    ['1.5', '1.5'],
    ['1#2', '1#2'],
    ['##1', '##1'],
    ['9007199254740991', 9_007_199_254_740_991],
    ['9007199254740993', '9007199254740993'],
    ['ABC-1', 'ABC-1'],
  ])('has the issue %j as %j', (issue, number) => {
    expect(packetOfDraft({ ...EMPTY_DRAFT, issue })).toEqual({
      approval: { status: 'proposed' },
      scm_target: { issue_number: number },
    });
  });
});

it.each([
  ['Widgets', 'widgets'],
  ['Été à Łódź 2', 'ete-a-odz-2'],
  ['  --Two  words!!', 'two-words'],
  ['a_b/c', 'a-b-c'],
  [`${'x'.repeat(48)}y`, 'x'.repeat(48)],
  [`${'x'.repeat(47)} y`, 'x'.repeat(47)],
  [`${'x'.repeat(46)} y`, `${'x'.repeat(46)}-y`],
  ['', null],
  ['--', null],
  ['日本', null],
])('the title %j makes the task id %j', (title, id) => {
  expect(taskIdOf(title)).toBe(id);
});

it.each([
  ['GH-12', 'work/gh-12'],
  ['日本', 'work/packet'],
])('the task %j works on the branch %s', (taskId, branch) => {
  expect(branchOf(taskId)).toBe(branch);
});
