/** The main job through the built command line: packets become reviewable branches, and nothing else changes. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { codesOf, documentOf, runOf } from '../support/pawl-cli.ts';
import { changedPaths, fingerprint } from '../support/scenario-fingerprint.ts';
import { answer, packetOf, write } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
let scenario: Scenario;

/** What git itself needs in the repository for a run's worktree and branch (L8). */
const ALLOWED_IN_GIT =
  /^\.git\/(?:worktrees(?:\/.*)?|objects\/.*|refs\/heads\/work(?:\/.*)?|logs\/refs\/heads\/work(?:\/.*)?|refs\/pawl(?:\/.*)?|info\/exclude|pawl-repository)$/;

describe('one packet', () => {
  let run: RunView;
  let changed: readonly string[] = [];
  let exitCode: number | null = null;
  let own: { readonly before: readonly string[]; readonly after: readonly string[] };
  beforeAll(async () => {
    scenario = new Scenario();
    scenario.scripted({ ONE: { implementation: [write('src/new.txt'), write('src/one.txt', 'changed\n'), answer()] } });
    for (const hook of ['pre-commit', 'commit-msg', 'post-commit', 'post-checkout']) {
      const file = `.git/hooks/${hook}`;
      scenario.repo.write(file, `#!/bin/sh\ntouch ${scenario.repo.root}/hook-ran\nexit 1\n`);
      chmodSync(join(scenario.path, file), 0o755);
    }
    scenario.repo.write('untracked.txt', 'mine\n');
    scenario.repo.write('src/one.txt', 'my own uncommitted work\n');
    const temporary = join(scenario.repo.root, 'tmp');
    mkdirSync(temporary);
    const packets = scenario.packets(packetOf('ONE'));
    const checkout = (): readonly string[] => [
      scenario.repo.git(['rev-parse', 'HEAD']),
      scenario.repo.git(['--no-optional-locks', 'status', '--porcelain', '--branch']),
    ];
    const before = [checkout(), fingerprint(scenario.repo.root)] as const;
    const env = { TMPDIR: temporary };
    const end = await scenario.startIn(scenario.path, env, 'run', '--packets', packets, '--json').ended;
    const after = fingerprint(scenario.repo.root);
    run = runOf(documentOf(end), 'ONE');
    exitCode = end.code;
    changed = changedPaths(before[1], after).filter(
      (path) => path !== 'witness' && !/^repo\/\.pawl(?:\/|$)/.test(path),
    );
    own = { before: before[0], after: checkout() };
  }, SLOW);
  afterAll(() => scenario.end());

  test('ends ready for review on its branch, and the user checkout keeps every byte', () => {
    expect(exitCode).toBe(0);
    expect(run).toMatchObject({ state: 'readyForManualReview', kind: 'terminal', blockers: [], lease: null, epoch: 1 });
    expect(scenario.startsOf(run.runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
    expect(changed.filter((path) => !ALLOWED_IN_GIT.test(path.replace(/^repo\//, '')))).toEqual([]);
    expect(own.after).toEqual(own.before);
    expect(scenario.repo.git(['show', 'work/ONE:src/one.txt'])).toBe('changed');
    expect(scenario.repo.git(['rev-parse', 'work/ONE'])).toBe(run.headCommit);
    expect(scenario.repo.git(['for-each-ref', '--format=%(refname)']).split('\n').sort()).toEqual([
      'refs/heads/main',
      'refs/heads/work/ONE',
    ]);
  });

  test('leaves a commit with its trailers by the user, without hooks', () => {
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
  beforeEach(() => {
    scenario = new Scenario();
  });
  afterEach(() => scenario.end());

  /** When the implementation of that packet ran. */
  const workOf = (run: RunView): { from: number; to: number } => {
    const task = run.tasks.find((each) => each.purpose === 'implementation');
    return { from: task?.startedAtMs ?? 0, to: task?.endedAtMs ?? 0 };
  };
  /** When its last task has ended. */
  const endOf = (run: RunView): number => Math.max(...run.tasks.map((task) => task.endedAtMs ?? 0));
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

  test('are worked on at once, from a subfolder as well, and one whose surface overlaps waits for its holder', {
    timeout: SLOW,
  }, async () => {
    const names = ['A', 'B', 'C'];
    scenario.scripted(Object.fromEntries(names.map((name) => [name, slowly(name)])));
    const packets = scenario.packets(
      packetOf('A', { conflict_surface: ['src/lib'] }),
      packetOf('B'),
      packetOf('C', { conflict_surface: ['docs', 'src/lib/deep/file.txt'] }),
    );
    const args = ['run', '--packets', packets, '--max-parallel', '3', '--json'];
    const overlaps = watchWorktreeCalls();
    const end = await scenario.startIn(join(scenario.path, 'src'), overlaps.env, ...args).ended;
    expect(overlaps.seen(), 'git worktree fails on what another one is still making').toBe(false);
    const [holder, beside, waiter] = names.map((name) => runOf(documentOf(end), name));
    if (holder === undefined || beside === undefined || waiter === undefined) throw new Error('three runs are there');
    expect([holder, beside, waiter].map((run) => run.state)).toEqual(names.map(() => 'readyForManualReview'));
    expect(end.code).toBe(0);
    expect(workOf(holder).from).toBeLessThan(workOf(beside).to);
    expect(workOf(beside).from).toBeLessThan(workOf(holder).to);
    expect(endOf(holder)).toBeLessThanOrEqual(workOf(waiter).from);
    expect(scenario.journal(waiter.runId).map((record) => record.event)).toContainEqual(
      expect.objectContaining({ type: 'leaseContended', holder: holder.runId }),
    );
    expect(scenario.starts()).toHaveLength(6);
    expect(existsSync(join(scenario.path, 'src/.pawl'))).toBe(false);
  });

  test('with --max-parallel 1 are worked on one after another', { timeout: SLOW }, async () => {
    const parks = { implementation: [answer({ status: 'blocked' })] };
    scenario.scripted({ A: parks, B: parks });
    const { code, of } = await scenario.run(scenario.packets(packetOf('A'), packetOf('B')), '--max-parallel', '1');
    expect(code).toBe(3);
    expect(endOf(of('A'))).toBeGreaterThan(0);
    expect(workOf(of('B')).from).toBeGreaterThan(endOf(of('A')));
  });

  test('a waiter of a holder that parks is blocked by name, and continues once the holder is gone', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({ A: { implementation: [answer({ status: 'blocked' })] } });
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
