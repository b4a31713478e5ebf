/** What a worker reads in task.json, whole, for each purpose. */
import { describe, expect, it } from 'vitest';
import type { Purpose } from '../../src/model/limits.ts';
import type { Packet } from '../../src/model/packet.ts';
import { answerSchema, taskDocument } from '../../src/turn/task-document.ts';

const PACKET: Packet = {
  taskId: 'T-1',
  isApproved: true,
  approvedBy: 'ann',
  approvedAt: null,
  scm: { provider: 'github', repo: 'acme/app', issueNumber: '1', intendedBranch: 'work/a', baseBranch: 'main' },
  scope: { goal: 'A goal.', nonGoals: ['Nothing else.'], acceptanceCriteria: ['It works.'] },
  instructions: ['First this.'],
  verification: { commands: ['npm test'], expectations: ['Fast.'] },
  review: { criteria: ['Is it right?'], reviewerPlan: ['Read all.'] },
  conflictSurface: ['src'],
  agent: null,
  allowedTools: [],
  allowEmpty: false,
  limits: { stallMs: 5 },
};
const ENDED = { taskId: 'implementation-e1-a1', result: 'failed', message: 'no' };
const FIXED = { taskId: 'fix-e1-a1', result: 'completed', message: 'yes' };
const documentOf = (
  purpose: Purpose,
  isSurfaceStrict = false,
  instructionChanges: { readonly paths: readonly string[]; readonly count: number } | null = null,
) =>
  taskDocument({
    runId: 'run_T-1',
    taskId: 'task',
    purpose,
    epoch: 2,
    attempt: 3,
    packet: PACKET,
    given: { task_id: 'T-1' },
    branch: 'work/a',
    baseCommit: 'ba5e',
    commit: 'c0ffee',
    worktree: '/w',
    completionFile: '/w/answer.json',
    isSurfaceStrict,
    commands: [['npm', 'test']],
    instructionChanges,
    failedGate: { status: 'FAIL' },
    earlier: [ENDED],
    earlierRounds: [FIXED],
  });
const same = (purpose: Purpose) => ({
  v: 1,
  runId: 'run_T-1',
  taskId: 'task',
  purpose,
  epoch: 2,
  attempt: 3,
  packet: { ...PACKET, limits: {} },
  packetAsGiven: { task_id: 'T-1' },
  instructions: ['First this.'],
  goal: 'A goal.',
  nonGoals: ['Nothing else.'],
  acceptanceCriteria: ['It works.'],
  earlierAttempts: [ENDED],
  branch: 'work/a',
  baseCommit: 'ba5e',
  commit: 'c0ffee',
  worktree: '/w',
  completionFile: '/w/answer.json',
  answerSchema: answerSchema(purpose),
});

describe('the document of a task', () => {
  it('names the commands of a setup', () => {
    expect(documentOf('setup')).toEqual({
      ...same('setup'),
      what: 'Run the setup commands of this worktree.',
      commands: [['npm', 'test']],
    });
  });

  it.each([true, false])('names the paths of an implementation, and that they are strict: %j', (isStrict) => {
    expect(documentOf('implementation', isStrict)).toEqual({
      ...same('implementation'),
      what: 'Implement the packet in the worktree, then give your answer.',
      surface: { paths: ['src'], isStrict },
    });
  });

  it.each([true, false])('adds for a fix what failed and the rounds before it (strict: %j)', (isStrict) => {
    expect(documentOf('fix', isStrict)).toEqual({
      ...same('fix'),
      what: 'Fix what the failed gate found, then give your answer.',
      surface: { paths: ['src'], isStrict },
      failedGate: { status: 'FAIL' },
      earlierRounds: [FIXED],
    });
  });

  it('names what a verification expects, and of which commit', () => {
    expect(documentOf('verification')).toEqual({
      ...same('verification'),
      what: 'Judge whether the commit meets the expectations. Change nothing. Answer with a verdict.',
      commands: [['npm', 'test']],
      expectations: ['Fast.'],
      commitToJudge: 'c0ffee',
    });
  });

  it('names by what a review goes, and which commit it reads', () => {
    expect(documentOf('review')).toEqual({
      ...same('review'),
      what: 'Review the commit against the criteria. Change nothing. Answer with a verdict.',
      criteria: ['Is it right?'],
      reviewerPlan: ['Read all.'],
      commitToReview: 'c0ffee',
    });
  });
});

it('names the instruction files that a change touches to those who judge it, and to nobody else', () => {
  const changes = { paths: ['CLAUDE.md'], count: 2 };
  for (const purpose of ['setup', 'implementation', 'fix', 'review', 'verification'] as const) {
    const isGate = purpose === 'review' || purpose === 'verification';
    const named = isGate ? { instructionFilesOfBase: changes } : {};
    expect(documentOf(purpose, false, changes), purpose).toEqual({ ...(documentOf(purpose) as object), ...named });
    expect(documentOf(purpose, false, { paths: [], count: 0 }), purpose).toEqual(documentOf(purpose));
  }
});

describe('the schema of an answer', () => {
  const text = { type: 'string' };
  const shared = {
    v: { const: 1 },
    status: { enum: ['completed', 'failed', 'blocked'] },
    summary: text,
    filesChanged: { type: 'array', items: text },
    problem: { type: 'object', required: ['code', 'message'], properties: { code: text, message: text } },
  };

  it.each<Purpose>(['setup', 'implementation', 'fix'])(
    'wants no verdict of a task that judges nothing: %s',
    (purpose) => {
      expect(answerSchema(purpose)).toEqual({ type: 'object', required: ['status', 'summary'], properties: shared });
    },
  );

  it.each<Purpose>(['verification', 'review'])('wants a verdict with findings of a %s', (purpose) => {
    expect(answerSchema(purpose)).toEqual({
      type: 'object',
      required: ['status', 'summary', 'verdict'],
      properties: {
        ...shared,
        verdict: {
          type: 'object',
          required: ['status', 'findings', 'summary'],
          properties: {
            status: { enum: ['PASS', 'FAIL', 'BLOCKED'] },
            summary: text,
            criteria: {
              type: 'array',
              items: {
                type: 'object',
                required: ['criterion', 'status', 'evidence'],
                properties: { criterion: text, status: { enum: ['met', 'notMet', 'unclear'] }, evidence: text },
              },
            },
            findings: {
              type: 'array',
              items: {
                type: 'object',
                required: ['severity', 'message'],
                properties: { severity: text, message: text, file: text, line: { type: 'integer' } },
              },
            },
          },
        },
      },
    });
  });
});
