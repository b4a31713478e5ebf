/** What `validate` finds is what an intake and a run would find, in a real repository, and nothing is changed by looking. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { syncDisks } from '../../src/adapters/disk-sync.ts';
import { createGit } from '../../src/adapters/git/git.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { type CheckPlace, checkPackets, type PacketCheck } from '../../src/engine/check-packets.ts';
import { parseConfig } from '../../src/model/config.ts';
import type { AgentsToChoose } from '../../src/packets/choose-agents.ts';
import { readPackets } from '../../src/packets/packets.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { createFixture, type Fixture, fingerprint } from '../git/git-fixture.ts';
import { type Given, goodPacket } from '../packets/good-packet.ts';

const CONFIG = parseConfig('{"verification": {"allow": ["npm test"]}}', 'pawl.config.json');
const AGENTS: AgentsToChoose = {
  has: () => true,
  names: () => ['worker'],
  forRole: () => null,
  ofEnvironment: () => null,
  installation: () => null,
  installed: () => [],
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
    syncDisks,
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

it('each packet is reported with what would stop it: its branch, its base, its commands, an earlier packet of the file', async () => {
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
    ['PAWL_WORKSPACE_BRANCH_IN_WAY'],
    ['PAWL_WORKSPACE_BRANCH_PROTECTED'],
    ['PAWL_VERIFICATION_NOT_ALLOWED'],
  ]);
  for (const { problems } of checks) for (const { hint } of problems) expect(hint).not.toMatch(/retry/);
});

it('surfaces that overlap within the file are a note, and no packet waits for a refused one', async () => {
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

const shellPacket = (taskId: string, branch: string, change: Given = {}): Given =>
  packet(taskId, branch, { verification: { commands: 'make all' }, ...change });

/** A run of that packet, as far as a check looks at it. */
function runOf(given: Given, facts: Partial<RunView>): Partial<RunView> {
  const runId = readPackets(JSON.stringify([given]), sha256).readings[0]?.runId ?? '';
  return { runId, replacement: null, blockers: [], lease: null, branch: '', ...facts };
}

it('a packet whose run is queued is checked like a new one, also after a start has refused it', async () => {
  const known = shellPacket('A', 'work/a');
  for (const kind of ['active', 'blocked'] as const) {
    const run = runOf(known, { state: 'queued', kind, branch: 'work/a' });
    const [found, other] = await check([known, packet('B', 'work/a')], place([run]));
    expect(found).toMatchObject({
      standing: 'new',
      problems: [{ code: 'PAWL_VERIFICATION_NOT_ALLOWED' }],
      notes: [`it is already recorded: its run ${run.runId} is queued`],
    });
    expect(other).toMatchObject({ problems: [{ code: 'PAWL_RUN_CONFLICT' }], actions: [{ kind: 'cancel' }] });
  }
});

it('for a run that has begun only its state is reported, and for a parked one why it is parked', async () => {
  const names = ['WORKS', 'PARKED', 'ASIDE', 'ENDED', 'GIVEN-UP'];
  const packets = names.map((name) => shellPacket(name, `work/${name}`));
  const facts: readonly Partial<RunView>[] = [
    { state: 'implementing', kind: 'active' },
    {
      state: 'blockedNeedsHuman',
      kind: 'blocked',
      blockers: [{ code: 'PAWL_GATE_FAILED', message: 'm', hint: 'h', evidence: [] }],
    },
    { state: 'quarantined', kind: 'quarantined' },
    { state: 'cancelled', kind: 'terminal' },
    { state: 'quarantined', kind: 'terminal' },
  ];
  const runs = facts.map((fact, n) => runOf(packets[n] ?? {}, fact));
  const checks = await check(packets, place(runs));
  expect(checks.map(({ standing }) => standing)).toEqual(['underWay', 'parked', 'setAside', 'ended', 'ended']);
  expect(codesOf(checks)).toEqual([[], ['PAWL_GATE_FAILED'], ['PAWL_RUN_QUARANTINED'], [], []]);
  expect(checks.map(({ notes }) => notes.join())).toEqual([
    `its run ${runs[0]?.runId} is under way: implementing`,
    `its run ${runs[1]?.runId} is parked: blockedNeedsHuman`,
    '',
    `its run ${runs[3]?.runId} has ended: cancelled`,
    `its run ${runs[4]?.runId} was set aside and abandoned`,
  ]);
});

it('waiting is reported only for a packet that has not begun, for one whose run holds its surfaces or will', async () => {
  const lease = { surfaces: [], expiresAtMs: 1 };
  const waits = async (first: Partial<RunView> | null, second: Partial<RunView> | null): Promise<boolean> => {
    const packets = ['A', 'B'].map((name) => packet(name, `work/${name}`, { conflict_surface: ['src'] }));
    const runs = [first, second].flatMap((facts, n) => (facts === null ? [] : [runOf(packets[n] ?? {}, facts)]));
    const checks = await check(packets, place(runs));
    return checks.some(({ notes }) => notes.some((note) => note.startsWith('it waits until A has ended')));
  };
  const ended = { state: 'cancelled', kind: 'terminal' } as const;
  const working = { state: 'implementing', kind: 'active' } as const;
  const parked = { state: 'blockedNeedsHuman', kind: 'blocked' } as const;
  expect(await waits(null, { state: 'queued', kind: 'active' })).toBe(true);
  expect(await waits(working, null)).toBe(true);
  expect(await waits({ ...parked, lease }, null)).toBe(true);
  expect(await waits(parked, null)).toBe(false);
  expect(await waits(ended, null)).toBe(false);
  expect(await waits(null, ended)).toBe(false);
  expect(await waits(null, working)).toBe(false);
});

it('outside a repository only the file itself is checked', async () => {
  const checks = await check([packet('A', 'x'), packet('B', 'x', { verification: { commands: 'a | b' } })], null);
  expect(codesOf(checks)).toEqual([[], ['PAWL_RUN_CONFLICT']]);
});
