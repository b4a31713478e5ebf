/** Field by field: what a packet's values come to, and what is named as wrong. */
import { describe, expect, it, test } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { PawlError } from '../../src/model/error.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { draftOfIssue } from '../../src/packets/packet-issue.ts';
import { nextRunId, runIdOf, taskPartOf, taskPartOfRun } from '../../src/packets/packet-run-id.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { type Given, goodPacket, without } from './good-packet.ts';

/** What is read of the good packet with these fields. */
function read(changes: Given) {
  const [reading] = readPackets(JSON.stringify([{ ...goodPacket(), ...changes }]), sha256).readings;
  if (reading === undefined) throw new Error('no packet');
  return reading;
}

/** Why the good packet with these fields is refused. */
function refusal(changes: Given): string {
  try {
    read(changes);
  } catch (error) {
    if (error instanceof PawlError) return error.message;
    throw error;
  }
  return 'it is not';
}

const target = (changes: Given): Given => ({ scm_target: { ...(goodPacket().scm_target as Given), ...changes } });

describe('a limit', () => {
  it.each([
    ['attemptsMax', 'attempts_max', 3],
    ['fixAttemptsMax', 'fix_attempts_max', 0],
    ['lostRetriesMax', 'lost_retries_max', 0],
    ['interruptionsMax', 'interruptions_max', 0],
    ['limitWaitsMax', 'limit_waits_max', 0],
    ['hostStartsMax', 'host_starts_max', 4],
    ['deadlineMs', 'deadline_ms', 5],
    ['stallMs', 'stall_ms', 6],
    ['graceMs', 'grace_ms', 7],
    ['outputBytesMax', 'output_bytes_max', 8],
    ['leaseTtlMs', 'lease_ttl_ms', 9],
    ['firstEventMs', 'first_event_ms', 10],
    ['budgetUsd', 'budget_usd', 1.5],
    ['tokens', 'tokens', 11],
  ])('%s may be spelled %s, and is alone where it is alone', (name, snake, value) => {
    expect(read({ limits: { [name]: value } }).packet.limits).toEqual({ [name]: value });
    expect(read({ limits: { [snake]: value } }).packet.limits).toEqual({ [name]: value });
    if (name === snake) return;
    expect(read({ limits: { [name]: value, [snake]: 12 } }).packet.limits).toEqual({ [name]: value });
  });
});

describe('what a packet needs', () => {
  it.each([
    [without(without(goodPacket(), 'scope.acceptance_criteria'), 'scope.goal'), ['scope.goal']],
    [without(goodPacket(), 'scope.goal'), []],
    [without(goodPacket(), 'scope.acceptance_criteria'), []],
    [without(goodPacket(), 'verification.commands'), []],
    [without(goodPacket(), 'verification.expectations'), []],
    [without(goodPacket(), 'review.criteria'), []],
    [without(goodPacket(), 'review.reviewer_plan'), []],
  ])('is there in one of two ways (%#)', (packet, missing) => {
    const [reading] = readPackets(JSON.stringify([packet]), sha256).readings;
    if (missing.length === 0) expect(reading?.missingFields).toEqual([]);
    else expect(reading?.missingFields.length).toBeGreaterThan(0);
  });

  it('is missing where both ways are', () => {
    const bare = (path: string, other: string) => without(without(goodPacket(), path), other);
    for (const packet of [
      bare('verification.commands', 'verification.expectations'),
      bare('review.criteria', 'review.reviewer_plan'),
      bare('scope.goal', 'scope.acceptance_criteria'),
    ]) {
      expect(readPackets(JSON.stringify([packet]), sha256).readings[0]?.missingFields).toHaveLength(1);
    }
  });
});

describe('a value that is wrong', () => {
  it.each([
    [{ task_id: 'a\u0007b' }, 'task_id: "a\\u0007b" contains a control character'],
    [target({ repo: 'a\u0000/b' }), 'scm_target.repo: "a\\u0000/b" contains a control character'],
    [target({ issue_number: '1\u001b2' }), 'scm_target.issue_number: "1\\u001b2" contains a control character'],
    [target({ provider: 'g\u0001' }), 'scm_target.provider: "g\\u0001" contains a control character'],
    [{ agent: 'a\u0001b' }, 'agent: "a\\u0001b" contains a control character'],
    [{ task_id: 'a/../b' }, 'task_id: "a/../b" steps through folders'],
    [target({ base_branch: 'a..b' }), 'scm_target.base_branch: "a..b" '],
    [target({ intended_branch: 'a b' }), 'scm_target.intended_branch: "a b" '],
    [target({ intended_branch: 'main' }), 'scm_target.intended_branch: "main" is the base branch'],
  ])('is named with its field: %j', (changes, told) => {
    expect(refusal(changes)).toContain(told);
  });

  it.each(['a..b', 'v1.2', '..', 'a.b/c.d'])('is no task id that only has dots: %s', (taskId) => {
    expect(refusal({ task_id: taskId })).toBe('it is not');
  });

  it('is a field that is not read: it is named, printable, and bounded in number', () => {
    const many = Object.fromEntries(Array.from({ length: BOUNDS.filesListed + 5 }, (_, n) => [`x${n}`, 1]));
    expect(read(many).unknownFields).toHaveLength(BOUNDS.filesListed);
    const [name] = read({ [`\u001b${'y'.repeat(5_000)}`]: 1 }).unknownFields;
    expect(name?.startsWith('?y')).toBe(true);
    expect(name).toHaveLength(BOUNDS.packetLineChars);
  });
});

test.each([
  ['#12', '12'],
  ['12', '12'],
  ['#12a', '#12a'],
  ['a#12', 'a#12'],
  ['##12', '##12'],
])('the issue %s is %s', (given, issue) => {
  expect(read(target({ issue_number: given })).packet.scm.issueNumber).toBe(issue);
});

test('a provider is the one that is given in any of the places, else GitHub', () => {
  expect(read(target({ provider: 'forgejo' })).packet.scm.provider).toBe('forgejo');
  expect(read(target({ provider: '  ' })).packet.scm.provider).toBe('github');
  expect(read({ scm_target: undefined, github: { repo: 'a/b', provider: 'gitlab' } }).packet.scm.provider).toBe(
    'gitlab',
  );
});

describe('the id of a run', () => {
  const hash = '0123456789abcdef'.repeat(4);

  it('has the task in it, and gives it back', () => {
    expect(runIdOf('WID 1/2', hash)).toBe('run_WID-1-2_0123456789ab');
    expect(taskPartOf('WID 1/2')).toBe('WID-1-2');
    expect(taskPartOfRun('run_WID-1-2_0123456789ab')).toBe('WID-1-2');
    expect(taskPartOfRun('run_WID_1_0123456789ab_r12')).toBe('WID_1');
    expect(taskPartOfRun('run__0123456789ab')).toBe('');
  });

  it.each([
    'run_A_0123456789a',
    'run_A_0123456789abc',
    'run_A_0123456789AB',
    'run_A_ghijklmnopqr',
    'xrun_A_0123456789ab',
    'run_A_0123456789ab_r',
    'run_A_0123456789ab_rx',
    'run_A_0123456789ab_r1x',
    'A',
  ])('is none of another form: %s', (runId) => {
    expect(taskPartOfRun(runId)).toBeNull();
  });

  it('counts on from the first run of its packet', () => {
    expect(nextRunId('run_A_0123456789ab', 2)).toBe('run_A_0123456789ab_r2');
    expect(nextRunId('run_A_0123456789ab_r12', 13)).toBe('run_A_0123456789ab_r13');
    expect(nextRunId('run_A_r5_0123456789ab', 2)).toBe('run_A_r5_0123456789ab_r2');
  });
});

describe('an issue as gh prints it', () => {
  const draft = (issue: unknown) => draftOfIssue(JSON.stringify(issue), () => false);
  const problem = (issue: unknown): PawlError => {
    try {
      draft(issue);
    } catch (error) {
      if (error instanceof PawlError) return error;
      throw error;
    }
    throw new Error('it was read');
  };
  const url = 'https://github.com/acme/widgets/issues/12';

  it('becomes a draft named by its number, with its title as the goal where it says no more', () => {
    expect(draft({ number: 12, title: ' Widgets\n  can\trotate ', url })).toMatchObject({
      taskId: 'GH-12',
      issue: '12',
      repo: 'acme/widgets',
      goal: 'Widgets can rotate',
    });
    expect(draft({ number: 12, title: 'Rotate', body: '## Goal\n\nThey should rotate.', url }).goal).toBe(
      'Rotate\n\nThey should rotate.',
    );
    expect(draft({ number: 12, title: 'Rotate', body: 7 }).goal).toBe('Rotate');
  });

  it.each([
    ['http://forge.test/a/b/pull/3', 'a/b'],
    ['https://forge.test/a/b/issues/345?x=1', 'a/b'],
    ['https://forge.test/a/b/commits/3', null],
    ['see https://forge.test/a/b/issues/3', null],
    ['https://forge.test/a/b/issues/x', null],
    [undefined, null],
    [5, null],
  ])('at %s is of the repository %s', (at, repo) => {
    expect(draft({ number: 1, title: 't', url: at }).repo).toBe(repo);
  });

  it.each([
    [[], 'it is a list; one issue makes one packet'],
    ['text', 'it is not a JSON object'],
    [{ title: 't' }, 'it has no number or no title'],
    [{ number: 0, title: 't' }, 'it has no number or no title'],
    [{ number: 1.5, title: 't' }, 'it has no number or no title'],
    [{ number: -1, title: 't' }, 'it has no number or no title'],
    [{ number: 1, title: ' \n ' }, 'it has no number or no title'],
    [{ number: 1, title: 5 }, 'it has no number or no title'],
  ])('is refused when it is none: %j', (issue, why) => {
    const { code, message, subject, hint } = problem(issue);
    expect([code, message, subject]).toEqual([
      'PAWL_USAGE',
      `This is not an issue as gh prints it: ${why}.`,
      '--from-issue',
    ]);
    expect(hint).toContain('gh issue view 12 --json number,title,body,url');
  });
});
