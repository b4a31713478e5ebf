/** Pawl as a library: what a runner is told once holds for the runs that it takes in. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRunner, parsePackets } from '../../src/app/runner.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

let scenario: Scenario;
beforeEach(() => {
  scenario = new Scenario();
  scenario.scripted({});
});
afterEach(() => scenario.end());

test('a runner with an agent records it with the runs that it imports; one without finds it there', async () => {
  const packets = parsePackets(JSON.stringify([packetOf('A')]));
  const first = await createRunner({ cwd: scenario.path, agent: 'worker' });
  expect((await first.intake(packets)).map(({ agentOverride }) => agentOverride)).toEqual(['worker']);
  await first.close();
  const second = await createRunner({ cwd: scenario.path });
  expect((await second.intake(packets)).map(({ agentOverride }) => agentOverride)).toEqual(['worker']);
  expect((await second.intake(parsePackets(JSON.stringify([packetOf('B')]))))[0]?.agentOverride).toBeNull();
  await second.close();
});

test('a name that no agent can have is refused before the registry is touched', async () => {
  await expect(createRunner({ cwd: scenario.path, agent: 'a b' })).rejects.toMatchObject({
    code: 'PAWL_USAGE',
    message: expect.stringContaining('must be a name'),
  });
});
