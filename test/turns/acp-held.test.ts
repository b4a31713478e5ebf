/** ACP agents that act without asking, in whole runs: held to the policy, refused, or let be by name, and then nothing passes unrecorded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { ALLOWED, Scenario } from '../support/scenario-repo.ts';
import { blockedBy } from '../support/turn-scenario.ts';

const AGENT = join(import.meta.dirname, '../fixtures/workers/acts-without-asking.mjs');
const repo = new Scenario();
const remote = join(repo.repo.root, 'remote.git');

const acp = (modes: string, pushes: boolean, more: object = {}) => ({
  kind: 'acp',
  argv: [process.execPath, AGENT, 'qwen-code', modes, pushes ? remote : ''],
  mcp: false,
  ...more,
});
const AGENTS = {
  pusher: acp('auto,default', true),
  autoOnly: acp('auto,yolo', true),
  accepted: acp('auto,default', true, { acceptsOwnMode: true }),
  named: acp('auto,yolo', false, { nativeMode: 'yolo' }),
  asking: acp('auto,default', false),
  critic: acp('auto,default', false, { acceptsOwnMode: true }),
  judge: { kind: 'scripted', steps: {} },
};
/** By packet: implementer and reviewer. */
const CASES = { PUSHES: 'pusher', REFUSED: 'autoOnly', ACCEPTED: 'accepted', NAMED: 'named', REVIEWED: 'asking' };

let runs: Readonly<Record<string, RunView>>;

async function runWith(taskId: string, implementer: string, reviewer: string): Promise<RunView> {
  repo.config({
    agents: AGENTS,
    roles: { implementer, fixer: 'judge', reviewer },
    verification: { allow: ALLOWED },
    limits: { fixAttemptsMax: 0 },
  });
  return (await repo.run(repo.packets(packetOf(taskId)))).of(taskId);
}

beforeAll(async () => {
  repo.repo.git(['init', '-q', '--bare', remote]);
  const made: Record<string, RunView> = {};
  for (const [taskId, agent] of Object.entries(CASES))
    made[taskId] = await runWith(taskId, agent, taskId === 'REVIEWED' ? 'critic' : 'judge');
  made.CRITIC_HELD = await runWith('CRITIC_HELD', 'judge', 'asking');
  runs = made;
});
afterAll(() => repo.end());

const pushed = (): readonly string[] => repo.repo.git(['ls-remote', remote]).split('\n').filter(Boolean);
const of = (name: string): RunView => {
  const run = runs[name];
  if (run === undefined) throw new Error(`no run ${name}`);
  return run;
};

describe('an agent in an auto mode of its own', () => {
  it('is put into one in which it asks: its edits are allowed, its push is denied, and it is done without', async () => {
    const run = of('PUSHES');
    expect(run.state).toBe('readyForManualReview');
    expect(run.tasks[0]?.turn).toMatchObject({ permissionMode: 'default', denials: [{ isExpected: false }] });
    expect(run.tasks[0]?.turn?.unasked).toBeUndefined();
    expect((await repo.call('status', run.runId)).stdout).toMatch(/denied: execute\(git push /);
    expect(readFileSync(repo.runFile(run.runId, 'artifacts/handoff/handoff.md'), 'utf8')).toContain('git push ');
  });

  it('that offers none in which it asks gets no prompt, and its attempt is not charged', () => {
    const run = of('REFUSED');
    expect(run.state).toBe('blockedNeedsHuman');
    expect(blockedBy(run)).toMatch(/^PAWL_AGENT_SETTING_REFUSED .*the agent's mode.*"auto".*it offers auto, yolo/);
    expect(run.blockers[0]?.hint).toContain('"acceptsOwnMode"');
    expect(run.tasks[0]?.turn?.usage).toBeNull();
  });

  it('that the config accepts works in it, and what it did without asking is in status and handoff', async () => {
    const run = of('ACCEPTED');
    expect(run.state).toBe('readyForManualReview');
    expect(pushed()).toHaveLength(1);
    const did = `execute(git push ${remote} HEAD:refs/heads/pushed)`;
    expect(run.tasks[0]?.turn?.unasked).toMatchObject([{ tool: did }]);
    const status = await repo.call('status', run.runId);
    expect(status.stdout).toContain('did without asking: execute(git push ');
    const report = readFileSync(repo.runFile(run.runId, 'artifacts/handoff/handoff.md'), 'utf8');
    expect(report).toContain('did without asking: execute(git push ');
  });

  it('works in the one that the config names', () => {
    expect(of('NAMED').state).toBe('readyForManualReview');
    expect(of('NAMED').tasks[0]?.turn).toMatchObject({ permissionMode: 'yolo', bypassesPermissions: true });
  });
});

describe('a reviewer', () => {
  it('that changes a tracked file fails its gate, whatever it says, and the sentence names both', () => {
    const run = of('REVIEWED');
    expect(run.gates.review).toMatchObject({ status: 'FAIL' });
    expect(blockedBy(run)).toContain(
      'The review of round 1 failed: The reviewer "critic" changed tracked files: README.md. The verdict was PASS: fine',
    );
    expect(run.tasks.at(-1)?.turn?.unasked).toMatchObject([{ tool: 'edit(README.md)' }]);
  });

  it('that asks is not allowed to', () => {
    const run = of('CRITIC_HELD');
    expect(run.state).toBe('readyForManualReview');
    expect(run.tasks.at(-1)?.turn?.denials).toMatchObject([{ tool: 'edit', isExpected: false }]);
    expect(run.tasks.at(-1)?.turn?.unasked).toBeUndefined();
  });
});
