/** The catalogue of blockers: every code has words for every set of its facts, and none of them is a command. */
import { describe, expect, it } from 'vitest';
import { hintOf, wordsOf } from '../../src/blockers/catalogue.ts';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import { blocker } from '../../src/model/blocker.ts';
import { blockerSchema } from '../../src/model/event.ts';
import { BLOCKER_CODES, causesOf, SAMPLES, sampleOf } from '../support/sample-blockers.ts';

/** A sentence ends so. */
const END = /[.!?)}]$/;
/** Codes whose message ends with the words of git, as they came. */
const ENDS_WITH_GIT = ['PAWL_WORKSPACE_FAILED'];

describe.each(BLOCKER_CODES)('%s', (code) => {
  const causes = causesOf(code);

  it('is a blocker with each set of its facts, and with no other fact', () => {
    for (const { params } of causes) {
      const made = { code, params, evidence: ['e'] };
      expect(blockerSchema.safeParse(made).error).toBeUndefined();
      expect(blockerSchema.safeParse({ ...made, message: 'm' }).success).toBe(false);
      expect(blockerSchema.safeParse({ ...made, params: { ...params, extra: 1 } }).success).toBe(false);
      for (const name of Object.keys(params)) {
        expect(blockerSchema.safeParse({ ...made, params: { ...params, [name]: undefined } }).success, name).toBe(
          false,
        );
      }
    }
  });

  it('has words for each, in sentences, without a hole', () => {
    for (const cause of causes) {
      const { message, hint } = wordsOf(cause);
      for (const text of [message, hint]) {
        expect(text).not.toMatch(/undefined|\[object|NaN|null/);
        expect(text).toMatch(/^\S.*\S$/s);
      }
      expect(hint).toMatch(END);
      if (!ENDS_WITH_GIT.includes(code)) expect(message).toMatch(END);
    }
  });

  it('has hints without a command, its own and that of each', () => {
    for (const hint of [hintOf(code), ...causes.map((cause) => wordsOf(cause).hint)]) {
      expect(hint).not.toMatch(/\b(?:pawl|git)\s+[a-z]|RUN_ID|TEXT|[`$|&\\]/);
    }
  });

  it('says something else of each', () => {
    const messages = causes.map((cause) => wordsOf(cause).message + wordsOf(cause).hint);
    expect(new Set(messages).size).toBe(messages.length);
  });
});

it('a hint that its facts make look like a command is not shown: the own hint of the code is', () => {
  const hostile = blocker('PAWL_WORKSPACE_DIVERGED', { reason: 'fromBase', branch: 'a', base: '$(git push)' }, []);
  expect(shownBlocker(hostile).hint).toBe(hintOf('PAWL_WORKSPACE_DIVERGED'));
  expect(shownBlocker(sampleOf('PAWL_WORKSPACE_DIVERGED')).hint).toContain('Rebase it onto main');
});

it('a run that waits for a model that cannot be reached says when it resumes, after what the agent said', () => {
  const messages = SAMPLES.PAWL_AGENT_UNREACHABLE.map(
    (params) => wordsOf({ code: 'PAWL_AGENT_UNREACHABLE', params }).message,
  );
  expect(messages).toEqual([
    'The agent could not reach its model. It said: fetch failed.',
    'The agent could not reach its model until 1970-01-01T00:00:01.000Z. It said: fetch failed. The run resumes at 1970-01-01T00:00:02.000Z.',
  ]);
});

it('a loop that does not converge says why, and how much was found round by round', () => {
  const cause = { code: 'PAWL_FIX_STUCK', params: { gate: 'review', reason: 'same', trend: [3, 2, 2] } } as const;
  expect(wordsOf(cause).message).toBe(
    'The fix loop is not converging: two fixes in a row left the same findings. Findings of the review, round by round: 3, 2, 2.',
  );
});
