/** An agent that refuses a setting when it starts: its run waits for a person, knows which setting it was, and has lost no attempt. */
import { afterAll, describe, expect, it } from 'vitest';
import { change, goodTurn, type Step } from '../support/fixture-lines.ts';
import { runOf } from '../support/pawl-cli.ts';
import { TurnScenario } from '../support/turn-scenario.ts';

const scenario = new TurnScenario();
const { repo } = scenario;
afterAll(() => repo.end());

const refuses = (words: string, code: number): readonly Step[] => [
  { do: 'complain', text: `${words}\n` },
  { do: 'exit', code },
];
const PASS = { verdict: { status: 'PASS', summary: 'fine', findings: [] } } as const;

describe('a setting that the agent refuses', () => {
  it('blocks the run with its name, and the retry has every attempt left', async () => {
    scenario.agents(
      {
        ROOT: {
          kind: 'claude',
          plan: {
            'implementation-e0-a1': refuses(
              '--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons',
              1,
            ),
            'implementation-e0-a2': refuses("error: unknown option '--nonsense'", 1),
            implementation: goodTurn('claude', [change('work-of/ROOT/done.txt')]),
            review: goodTurn('claude', [], PASS),
          },
          settings: { permission: 'bypass' },
        },
      },
      { limits: { attemptsMax: 1 } },
    );
    const first = await repo.json('run', '--packets', repo.packets(scenario.packet('ROOT')));
    const run = runOf(first.document, 'ROOT');
    expect(first.code).toBe(3);
    expect(run.state).toBe('blockedNeedsHuman');
    expect(run.blockers[0]).toMatchObject({
      code: 'PAWL_AGENT_SETTING_REFUSED',
      message: expect.stringContaining('(permission "bypass"). It said: --dangerously-skip-permissions'),
      hint: expect.stringContaining('"permission"'),
    });

    await repo.json('resolve', run.runId, 'retry', '--reason', 'as a test');
    const second = runOf((await repo.json('run')).document, 'ROOT');
    expect(second.blockers[0]).toMatchObject({ code: 'PAWL_AGENT_SETTING_REFUSED' });
    expect(second.blockers[0]?.hint).toContain('--nonsense');

    await repo.json('resolve', run.runId, 'retry', '--reason', 'as a test');
    const third = await repo.json('run');
    expect(runOf(third.document, 'ROOT').state).toBe('readyForManualReview');
    // Nothing was said to it before: each start is a session of its own.
    const sessions = scenario.sessions(run.runId);
    expect(sessions.filter((session) => session.startsWith('new '))).toHaveLength(3);
    expect(new Set(sessions).size).toBe(3);
  });
});
