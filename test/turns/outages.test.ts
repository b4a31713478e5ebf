/** Several runs whose agent is limited at once: one of them asks it again, across a killed runner, and the others continue once it has an answer. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { goodTurn, LINES, type Step, say } from '../support/fixture-lines.ts';
import { until } from '../support/pawl-cli.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { TurnScenario } from '../support/turn-scenario.ts';

const scenario = new TurnScenario();
const { repo } = scenario;
const serviceFile = join(repo.repo.root, 'service');
const endFile = join(repo.repo.root, 'end');
const NAMES = ['ONE', 'TWO', 'THREE'];
const window = { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: '$SOON' } };
const PASS = { verdict: { status: 'PASS', summary: 'fine', findings: [] } } as const;
/** Without the service an agent says that it has started, and no more. */
const again: readonly Step[] = [
  say(LINES.claude.started),
  { do: 'until', file: serviceFile },
  say(LINES.claude.text('It answers.')),
  { do: 'until', file: endFile },
  ...goodTurn('claude').slice(1),
];

afterAll(() => repo.end());

it('one run asks the agent that all wait for, and the rest follow its answer, while it still works', async () => {
  const plan = {
    'implementation-e0-a1': [
      say(LINES.claude.started),
      say(window),
      say(LINES.claude.failed('usage limit reached')),
      { do: 'exit', code: 1 },
    ],
    implementation: again,
    review: goodTurn('claude', [], PASS),
  };
  scenario.agents({ shared: { kind: 'claude', plan } });
  const packets = NAMES.map((name) =>
    packetOf(name, { agent: 'shared', conflict_surface: [`of/${name}`], allow_empty: true }),
  );
  const taken = await repo.json('intake', repo.packets(...packets));
  const ids = taken.document.runs.map(({ runId }) => runId);
  const asks = (): number => ids.filter((runId) => scenario.starts(runId).length > 1).length;

  const runner = repo.start('run', '--max-parallel', '3');
  await until('one to ask again', () => asks() > 0);
  await pause(2_500);
  expect(asks(), 'after the time of all is over').toBe(1);
  runner.child.kill('SIGKILL');
  await runner.ended;

  const next = repo.start('run', '--json', '--max-parallel', '3');
  await pause(3_500);
  expect(asks(), 'under the next runner').toBe(1);
  writeFileSync(serviceFile, '');
  await until('the others to ask', () => asks() === NAMES.length);
  writeFileSync(endFile, '');
  const end = await next.ended;
  expect(end.code, end.stderr).toBe(0);
  for (const runId of ids) {
    const [first, second, ...more] = scenario.sessions(runId);
    expect(more).toEqual([]);
    expect(second).toBe(first?.replace('new', 'resume'));
  }
});

/** Long enough for every run whose time is over to have looked. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
