/** What `validate` finds is what an intake and a run would find, in a real repository, and nothing is changed by looking. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createGit } from '../../src/adapters/git/git.ts';
import { sha256 } from '../../src/base/sha256.ts';
import type { AgentsToChoose } from '../../src/core/choose-agents.ts';
import { readPackets } from '../../src/core/packets.ts';
import type { RunView } from '../../src/core/run-view.ts';
import { parseConfig } from '../../src/model/config.ts';
import { type CheckPlace, checkPackets, type PacketCheck } from '../../src/runtime/check-packets.ts';
import { createFixture, type Fixture, fingerprint } from '../git/git-fixture.ts';
import { type Given, goodPacket } from '../packets/good-packet.ts';

const CONFIG = parseConfig('{"verification": {"allow": ["npm test"]}}', 'pawl.config.json');
const AGENTS: AgentsToChoose = {
  has: () => true,
  names: () => ['worker'],
  forRole: () => null,
  installation: () => null,
  problem: () => null,
};

let fix: Fixture;
beforeEach(() => {
  fix = createFixture();
});
afterEach(() => fix.repo.remove());

function packet(taskId: string, branch: string, change: Given = {}): Given {
  const target = { repo: 'acme/widgets', issue_number: taskId, intended_branch: branch, base_branch: 'main' };
  return { ...goodPacket(), task_id: taskId, scm_target: target, conflict_surface: [taskId], ...change };
}

function place(views: readonly Partial<RunView>[] = []): CheckPlace {
  const git = createGit({
    repository: fix.repo.path,
    helperFd: null,
    environment: fix.repo.environment,
    isOneLook: true,
  });
  const known = views.map((view) => [view.runId ?? '', view as RunView] as const);
  return {
    config: CONFIG,
    agents: AGENTS,
    git,
    agentOverride: null,
    views: new Map(known),
    worktreeOf: (id) => `${fix.worktree}-${id}`,
  };
}

async function check(packets: readonly Given[], where: CheckPlace | null = place()): Promise<readonly PacketCheck[]> {
  const { readings } = readPackets(JSON.stringify(packets), sha256);
  const before = fingerprint(fix.repo.root);
  const checks = await checkPackets(readings, CONFIG, where);
  expect(fingerprint(fix.repo.root)).toEqual(before);
  return checks;
}

const codesOf = (checks: readonly PacketCheck[]): readonly (readonly string[])[] =>
  checks.map(({ problems }) => problems.map(({ code }) => code));

it('each packet is told what would stop it: its branch, its base, its commands, an earlier packet of the file', async () => {
  fix.repo.git(['branch', 'taken']);
  fix.repo.git(['checkout', '--quiet', '-b', 'mine']);
  fix.repo.git([
    'branch',
    'other',
    fix.repo.git(['commit-tree', '-m', 'root', fix.repo.git(['rev-parse', 'HEAD^{tree}'])]),
  ]);
  const target = (branch: string, base: string): Given => ({
    scm_target: { repo: 'acme/widgets', issue_number: branch, intended_branch: branch, base_branch: base },
  });
  const checks = await check([
    packet('GOOD', 'work/good'),
    packet('AGAIN', 'work/good/below'),
    packet('MINE', 'mine'),
    packet('NO-BASE', 'work/no-base', target('work/no-base', 'nowhere')),
    packet('DIVERGED', 'other'),
    packet('NAME', 'taken/below'),
    packet('DEFAULT', 'main', target('main', 'mine')),
    packet('SHELL', 'work/shell', { verification: { commands: 'npm test | tee log' } }),
  ]);
  expect(codesOf(checks)).toEqual([
    [],
    ['PAWL_RUN_CONFLICT'],
    ['PAWL_WORKSPACE_BRANCH_ELSEWHERE'],
    ['PAWL_WORKSPACE_BASE_MISSING'],
    ['PAWL_WORKSPACE_DIVERGED'],
    ['PAWL_WORKSPACE_FAILED'],
    ['PAWL_WORKSPACE_BRANCH_PROTECTED'],
    ['PAWL_VERIFICATION_NOT_ALLOWED'],
  ]);
  for (const { problems } of checks) for (const { hint } of problems) expect(hint).not.toMatch(/retry/);
});

it('surfaces that overlap within the file are a note, and one that is refused is waited for by nobody', async () => {
  const checks = await check([
    packet('A', 'work/a', { conflict_surface: ['src/x'] }),
    packet('B', 'work/a', { conflict_surface: ['docs'] }),
    packet('C', 'work/c', { conflict_surface: ['src', 'docs/guide'] }),
    packet('D', 'work/d', { conflict_surface: ['docs'] }),
  ]);
  expect(codesOf(checks)).toEqual([[], ['PAWL_RUN_CONFLICT'], [], []]);
  expect(checks.map(({ notes }) => notes)).toEqual([
    [],
    [],
    ['it waits until A has ended: both are for path:acme/widgets/src'],
    ['it waits until C has ended: both are for path:acme/widgets/docs'],
  ]);
});

it('a packet whose run is there is told so and checked no further; one for the branch of a live run is refused', async () => {
  const known = packet('A', 'work/a', { verification: { commands: 'make all' } });
  const runId = readPackets(JSON.stringify([known]), sha256).readings[0]?.runId ?? '';
  const live = { runId, kind: 'active', state: 'implementing', branch: 'work/a' } as const;
  const checks = await check([known, packet('B', 'work/a')], place([live]));
  expect(codesOf(checks)).toEqual([[], ['PAWL_RUN_CONFLICT']]);
  expect(checks[0]?.notes).toEqual([`it is recorded already: its run ${runId} is implementing`]);
});

it('outside of a repository only what the file itself tells is checked', async () => {
  const checks = await check([packet('A', 'x'), packet('B', 'x', { verification: { commands: 'a | b' } })], null);
  expect(codesOf(checks)).toEqual([[], ['PAWL_RUN_CONFLICT']]);
});
