/** What can be done where a run has no agent: each that is there can be named, by a command that works as it is. */
import { expect, test } from 'vitest';
import { ALONE, runActions, type Surroundings } from '../../src/run/next-actions.ts';
import { factsOf } from '../support/run-facts.ts';

const MISSING = { code: 'PAWL_AGENT_MISSING', evidence: ['fixer', 'a', '--x', 'b', 'c', 'd'] } as const;
const RUN = factsOf('queued', { kind: 'blocked', blockers: [MISSING] });
const actions = (more: Partial<Surroundings>) => runActions(RUN, { ...ALONE, ...more });

test('the first few agents are offered by name, in place of one that was named and is not there', () => {
  const offered = actions({ beginOptions: ['--agent', 'gone'], options: ['--registry', '/r'] });
  expect(offered.slice(0, 3).map(({ kind, label, command }) => [kind, label, command])).toEqual(
    ['a', 'b', 'c'].map((name) => [
      'configureAgent',
      `continue with the agent ${name}`,
      `pawl run run_A --agent ${name} --registry /r`,
    ]),
  );
  expect(offered[4]?.command).toBe('pawl run run_A --agent gone --registry /r');
});

test('nothing is offered that a registry which is driven would refuse', () => {
  const driver = { kind: 'alive', pid: 1, hostname: 'here', sinceMs: 0 } as const;
  expect(actions({ driver }).map(({ kind }) => kind)).not.toContain('configureAgent');
});
