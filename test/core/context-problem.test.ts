/** What is wrong with a persisted context is named by its place. */
import { expect, it } from 'vitest';
import { freshContext } from '../../machines/run/context.ts';
import { contextProblem } from '../../src/core/context-problem.ts';
import { RUN_ACTOR } from '../../src/model/record.ts';
import { RUN_INPUT } from '../support/run-input.ts';

it('a context of the machine has no problem, and only of that machine', () => {
  expect(contextProblem(RUN_ACTOR, freshContext(RUN_INPUT))).toBeNull();
  expect(contextProblem('fix-e1-a1', freshContext(RUN_INPUT))).toMatch(/^[A-Za-z]+: /);
});

it('the first problem is told with its place, however deep it is', () => {
  const context = { ...freshContext(RUN_INPUT), packet: { path: 5, sha256: RUN_INPUT.packetHash } };
  expect(contextProblem(RUN_ACTOR, context)).toMatch(/^packet\.path: \S/);
  expect(contextProblem(RUN_ACTOR, null)).toMatch(/^: \S/);
});
