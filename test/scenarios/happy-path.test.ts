/** The main job through the built command line: packets become reviewable branches, and nothing else changes. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/core/run-view.ts';
import { codesOf, documentOf, runOf } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { answer, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 120_000;
let scenario: Scenario;
beforeEach(() => {
  scenario = new Scenario();
});
afterEach(() => scenario.end());

/** What git itself needs in the repository for a run's worktree and branch (L8). */
const ALLOWED_IN_GIT =
  /^\.git\/(?:worktrees(?:\/.*)?|objects\/.*|refs\/heads\/work(?:\/.*)?|logs\/refs\/heads\/work(?:\/.*)?|refs\/pawl(?:\/.*)?|info\/exclude|pawl-repository)$/;

describe('one packet', () => {
  test('ends ready for review on its branch, and the user checkout keeps every byte', { timeout: SLOW }, async () => {
    scenario.scripted({ ONE: { implementation: [write('src/new.txt'), write('src/one.txt', 'changed\n'), answer()] } });
    scenario.repo.write('untracked.txt', 'mine\n');
    scenario.repo.write('src/one.txt', 'my own uncommitted work\n');
    const temporary = join(scenario.repo.root, 'tmp');
    mkdirSync(temporary);
    const packets = scenario.packets(packetOf('ONE'));
    const head = scenario.repo.git(['rev-parse', 'HEAD']);
    const status = scenario.repo.git(['--no-optional-locks', 'status', '--porcelain', '--branch']);
    const before = fingerprint(scenario.repo.root);

    const end = await scenario.startIn(scenario.path, { TMPDIR: temporary }, 'run', '--packets', packets, '--json')
      .ended;
    const after = fingerprint(scenario.repo.root);

    const run = runOf(documentOf(end), 'ONE');
    expect(end.code).toBe(0);
    expect(run).toMatchObject({ state: 'readyForManualReview', kind: 'terminal', blockers: [], lease: null, epoch: 1 });
    expect(scenario.startsOf(run.runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
    const changed = changedPaths(before, after).filter(
      (path) => path !== 'witness' && !/^repo\/\.pawl(?:\/|$)/.test(path),
    );
    expect(changed.filter((path) => !ALLOWED_IN_GIT.test(path.replace(/^repo\//, '')))).toEqual([]);
    expect(scenario.repo.git(['rev-parse', 'HEAD'])).toBe(head);
    expect(scenario.repo.git(['--no-optional-locks', 'status', '--porcelain', '--branch'])).toBe(status);
    expect(scenario.repo.git(['show', 'work/ONE:src/one.txt'])).toBe('changed');
    expect(scenario.repo.git(['rev-parse', 'work/ONE'])).toBe(run.headCommit);
    expect(scenario.repo.git(['for-each-ref', '--format=%(refname)']).split('\n').sort()).toEqual([
      'refs/heads/main',
      'refs/heads/work/ONE',
    ]);
  });

  test('leaves a commit with its trailers by the user, without hooks', { timeout: SLOW }, async () => {
    scenario.scripted({});
    for (const hook of ['pre-commit', 'commit-msg', 'post-commit', 'post-checkout']) {
      const file = `.git/hooks/${hook}`;
      scenario.repo.write(file, `#!/bin/sh\ntouch ${scenario.repo.root}/hook-ran\nexit 1\n`);
      chmodSync(join(scenario.path, file), 0o755);
    }
    const run = (await scenario.run(scenario.packets(packetOf('ONE')))).of('ONE');
    expect(run.state).toBe('readyForManualReview');
    const message = scenario.repo.git(['log', '-1', '--format=%an <%ae>%n%B', 'work/ONE']);
    expect(message).toMatch(/^A User <user@example\.invalid>\n/);
    expect(message).toMatch(new RegExp(`^Pawl-Run: ${run.runId}$`, 'm'));
    expect(message).toMatch(/^Pawl-Task: implementation-e0-a1$/m);
    expect(message).toMatch(new RegExp(`^Pawl-Effect: ${run.runId}/\\d+\\.\\d+:commitWork$`, 'm'));
    expect(existsSync(join(scenario.repo.root, 'hook-ran'))).toBe(false);
    expect(statSync(scenario.registry).mode & 0o777).toBe(0o700);
    expect(statSync(scenario.runFile(run.runId, 'events.jsonl')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(scenario.path, '.git/info/exclude'), 'utf8')).toContain('/.pawl/');
  });
});

describe('several packets', () => {
  /** When the implementation of that packet ran. */
  const workOf = (run: RunView): { from: number; to: number } => {
    const task = run.tasks.find((each) => each.purpose === 'implementation');
    return { from: task?.startedAtMs ?? 0, to: task?.endedAtMs ?? 0 };
  };
  const slowly = (taskId: string) => ({
    implementation: [{ do: 'sleep', ms: 800 }, write(`work-of/${taskId}/done.txt`), answer()],
  });

  /** A git before the real one that notes when two of its `worktree` commands run at once. */
  const watchWorktreeCalls = (): { env: NodeJS.ProcessEnv; seen: () => boolean } => {
    const { root } = scenario.repo;
    const git = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    const note = `mkdir ${root}/busy || touch ${root}/overlap; sleep 0.1; ${git} "$@"; code=$?; rmdir ${root}/busy; exit $code`;
    scenario.repo.write(
      join(root, 'bin/git'),
      `#!/bin/sh\ncase " $* " in *" worktree "*) ${note};; esac\nexec ${git} "$@"\n`,
    );
    chmodSync(join(root, 'bin/git'), 0o755);
    return { env: { PATH: `${root}/bin:${process.env.PATH}` }, seen: () => existsSync(join(root, 'overlap')) };
  };

  test('three packets are worked on at once, from a subfolder as well', { timeout: SLOW }, async () => {
    const names = ['A', 'B', 'C'];
    scenario.scripted(Object.fromEntries(names.map((name) => [name, slowly(name)])));
    const packets = scenario.packets(...names.map((name) => packetOf(name)));
    const args = ['run', '--packets', packets, '--max-parallel', '3', '--json'];
    const overlaps = watchWorktreeCalls();
    const end = await scenario.startIn(join(scenario.path, 'src'), overlaps.env, ...args).ended;
    expect(overlaps.seen(), 'git worktree fails on what another one is still making').toBe(false);
    const runs = names.map((name) => runOf(documentOf(end), name));
    expect(runs.map((run) => run.state)).toEqual(names.map(() => 'readyForManualReview'));
    expect(end.code).toBe(0);
    const lastBegin = Math.max(...runs.map((run) => workOf(run).from));
    const firstEnd = Math.min(...runs.map((run) => workOf(run).to));
    expect(lastBegin).toBeLessThan(firstEnd);
    expect(scenario.starts()).toHaveLength(6);
    expect(existsSync(join(scenario.path, 'src/.pawl'))).toBe(false);
  });

  test('with --max-parallel 1 the second begins when the first has ended', { timeout: SLOW }, async () => {
    scenario.scripted({});
    const { code, of } = await scenario.run(scenario.packets(packetOf('A'), packetOf('B')), '--max-parallel', '1');
    expect(code).toBe(0);
    const [first, second] = [of('A'), of('B')].sort((a, b) => workOf(a).from - workOf(b).from);
    const firstEnd = Math.max(...(first?.tasks.map((task) => task.endedAtMs ?? 0) ?? []));
    expect(second === undefined ? 0 : workOf(second).from).toBeGreaterThan(firstEnd);
  });

  test('of two with overlapping surfaces one waits, and both finish', { timeout: SLOW }, async () => {
    scenario.scripted({ A: slowly('A'), B: slowly('B') });
    const packets = scenario.packets(
      packetOf('A', { conflict_surface: ['src/lib'] }),
      packetOf('B', { conflict_surface: ['docs', 'src/lib/deep/file.txt'] }),
    );
    const { code, of } = await scenario.run(packets, '--max-parallel', '3');
    expect(code).toBe(0);
    const [first, second] = [of('A'), of('B')].sort((a, b) => workOf(a).from - workOf(b).from);
    if (first === undefined || second === undefined) throw new Error('two runs are there');
    expect(Math.max(...first.tasks.map((task) => task.endedAtMs ?? 0))).toBeLessThanOrEqual(workOf(second).from);
    expect(scenario.journal(second.runId).map((record) => record.event)).toContainEqual(
      expect.objectContaining({ type: 'leaseContended', holder: first.runId }),
    );
  });

  test('a waiter of a holder that parks is blocked by name, and goes on once the holder is gone', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({ A: { implementation: [{ do: 'sleep', ms: 500 }, answer({ status: 'blocked' })] } });
    const surface = { conflict_surface: ['.'] };
    const first = await scenario.run(scenario.packets(packetOf('A', surface), packetOf('B', surface)));
    expect(first.code).toBe(3);
    const [holder, waiter] = [first.of('A'), first.of('B')];
    expect(holder.state).toBe('blockedNeedsHuman');
    expect(waiter).toMatchObject({ state: 'blockedLockConflict', kind: 'blocked', tasks: [] });
    expect(codesOf(waiter)).toEqual(['PAWL_LEASE_CONFLICT']);
    expect(waiter.blockers[0]?.message).toContain(holder.runId);
    expect(waiter.blockers[0]?.message).toContain('path:acme/widget/**');

    const again = await scenario.json('run');
    expect(again.code).toBe(3);
    expect(runOf(again.document, 'B').state).toBe('blockedLockConflict');
    expect((await scenario.json('resolve', holder.runId, 'abandon', '--reason', 'not needed')).code).toBe(0);
    const last = await scenario.json('run');
    expect(runOf(last.document, 'B').state).toBe('readyForManualReview');
    expect(last.code).toBe(0);
    expect(scenario.startsOf(holder.runId)).toEqual(['implementation-e0-a1']);
  });
});
