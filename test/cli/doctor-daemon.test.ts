/** What the doctor says of the daemon and of what it needs, whether it runs or not. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { addProject } from '../../src/app/projects.ts';
import { doctorAt } from '../../src/cli/commands/doctor.ts';
import type { Check, CheckName, DoctorReport } from '../../src/cli/doctor/doctor-report.ts';
import { Files } from '../../src/store/files.ts';
import { takeHomeLock } from '../../src/store/home/home-lock.ts';
import { HomePaths } from '../../src/store/home/home-paths.ts';
import { ProjectStore } from '../../src/store/home/projects.ts';
import { ensureToken } from '../../src/store/home/token-file.ts';
import { DaemonPlace } from '../daemon/daemon-kit.ts';
import { Heard } from '../support/heard.ts';

const files = new Files(nodeFs, systemClock);

let folder = '';
let home: HomePaths;
let environment: Record<string, string> = {};

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-doctor-')));
  for (const name of ['bin', 'home', 'tmp', 'work']) mkdirSync(join(folder, name));
  for (const program of ['git', 'flock']) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
    symlinkSync(stdout.trim(), join(folder, 'bin', program));
  }
  home = new HomePaths(join(folder, 'state'));
  environment = { PATH: join(folder, 'bin'), HOME: join(folder, 'home'), PAWL_HOME: home.root };
});
afterEach(() => {
  if (existsSync(home.root)) chmodSync(home.root, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

interface Visit {
  readonly exit: number;
  readonly text: string;
  readonly checks: readonly Check[];
  readonly check: (name: CheckName) => Check | undefined;
}

async function visit(): Promise<Visit> {
  const output = new Heard(false);
  const cwd = join(folder, 'work');
  const exit = await doctorAt(output, {}, { cwd, temporaryFolder: join(folder, 'tmp'), environment });
  const { checks } = output.report as DoctorReport;
  const check = (name: CheckName): Check | undefined => checks.find((each) => each.name === name);
  return { exit, text: output.lines.join('\n'), checks, check };
}

function repository(name: string, config: string | null = null): string {
  const path = join(folder, name);
  spawnSync('git', ['init', '--quiet', path]);
  if (config !== null) writeFileSync(join(path, 'pawl.config.json'), config);
  return path;
}

async function register(path: string): Promise<void> {
  await addProject(new ProjectStore(files, home), { path, by: 'ann', key: null, bodyHash: null });
}

describe('with no daemon', () => {
  test('what it needs is tried, outside of a repository too, and nothing is made', async () => {
    const { exit, text, check } = await visit();
    expect(exit).toBe(0);
    expect(check('stateFolder')).toMatchObject({ status: 'ok', found: `none yet; it will be ${home.root}` });
    expect(check('socket')).toMatchObject({ status: 'ok', found: expect.stringContaining(join(home.root, 'sock')) });
    expect(check('daemonLock')).toMatchObject({ status: 'ok', found: 'free' });
    expect(check('daemon')).toMatchObject({ status: 'ok', found: 'stopped' });
    expect(check('token')).toMatchObject({ status: 'ok', found: expect.stringContaining('none yet') });
    expect(check('projects')).toMatchObject({ status: 'ok', found: 'none is registered' });
    expect(text).toMatch(/\d+ PASS, \d+ WARN, 0 FAIL/);
    expect(readdirSync(folder).sort()).toEqual(['bin', 'home', 'tmp', 'work']);
  });

  test('a state folder that cannot hold what it keeps fails, with exit 1 and what to do', async () => {
    // Nobody can make folders in a file, not even root.
    writeFileSync(home.root, '');
    const { exit, check } = await visit();
    expect(exit).toBe(1);
    expect(check('stateFolder')).toMatchObject({ status: 'failed', hint: expect.stringContaining('PAWL_HOME') });
  });

  test('a state folder that is no absolute path fails', async () => {
    environment = { ...environment, PAWL_HOME: 'here' };
    const { exit, check } = await visit();
    expect([exit, check('stateFolder')?.status]).toEqual([1, 'failed']);
    expect(check('stateFolder')?.found).toContain('must be an absolute path');
  });

  test('a socket whose path would be too long, wherever it may be, fails', async () => {
    const long = 'x'.repeat(100);
    environment = { ...environment, PAWL_HOME: join(folder, long), XDG_RUNTIME_DIR: join(folder, long) };
    const { exit, check } = await visit();
    expect([exit, check('socket')?.status]).toEqual([1, 'failed']);
    expect(check('socket')?.hint).toContain('shorter');
  });

  test('a token that others may read fails, and one that is none', async () => {
    await ensureToken(files, home);
    expect((await visit()).check('token')).toMatchObject({ status: 'ok', found: home.tokenFile });
    chmodSync(home.tokenFile, 0o640);
    const readable = await visit();
    expect(readable.check('token')).toMatchObject({ status: 'failed', found: expect.stringContaining('mode 640') });
    writeFileSync(home.tokenFile, 'no token\n');
    chmodSync(home.tokenFile, 0o600);
    const none = await visit();
    expect([none.exit, readable.exit]).toEqual([1, 1]);
    expect(none.check('token')).toMatchObject({ status: 'failed', hint: 'Replace it with `pawl token rotate`.' });
  });

  test('the config of every project is read: one that cannot be fails, a repository that has gone is a warning', async () => {
    await files.ensureFolders([home.root]);
    for (const name of ['good', 'gone', 'wrong']) await register(repository(name));
    rmSync(join(folder, 'gone'), { recursive: true });
    const before = await visit();
    writeFileSync(join(folder, 'wrong/pawl.config.json'), '{"agent": {}}');
    const { exit, checks } = await visit();
    expect([before.exit, exit]).toEqual([0, 1]);
    const told = checks.filter(({ name }) => name === 'projects').map(({ status, found }) => [status, found]);
    expect(told).toEqual([
      ['ok', '1 project with a config that can be read'],
      ['warning', expect.stringMatching(/^gone: /)],
      ['failed', expect.stringMatching(/^wrong: .*agent/)],
    ]);
  });

  test('a lock whose holder has not ended in order is free, and a daemon that was left behind is a warning', async () => {
    await files.ensureFolders([home.root]);
    const processes = systemProcesses();
    const gone = { ...processes, self: () => ({ ...processes.self(), pid: 1, startTicks: 1 }) };
    await takeHomeLock({ files, home, clock: systemClock, processes: gone });
    const { exit, check } = await visit();
    expect([exit, check('daemonLock')?.found]).toEqual([0, 'free']);
    expect(check('daemon')).toMatchObject({ status: 'warning', hint: expect.stringContaining('pawl start') });
  });
});

test('a daemon that runs is reported with its state and its version, and the lock with its process', async () => {
  const place = new DaemonPlace();
  try {
    await place.start();
    home = place.home;
    environment = { ...environment, PAWL_HOME: home.root };
    const { exit, check } = await visit();
    expect(exit).toBe(0);
    expect(check('daemonLock')?.found).toContain(`process ${place.pid}`);
    expect(check('daemon')).toMatchObject({ status: 'ok', found: expect.stringMatching(/^ready, version \d/) });
    expect(check('token')?.status).toBe('ok');
    const file = JSON.parse(readFileSync(home.daemonFile, 'utf8'));
    writeFileSync(home.daemonFile, JSON.stringify({ ...file, version: '0.0.1-other' }));
    expect((await visit()).check('daemon')).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/^ready, version 0\.0\.1-other, but this is \d/),
      hint: expect.stringContaining('`pawl stop`'),
    });
  } finally {
    await place.end();
  }
});

describe('the agent of a packet that names none', () => {
  const config = (value: object): void => {
    spawnSync('git', ['init', '--quiet'], { cwd: join(folder, 'work') });
    writeFileSync(join(folder, 'work/pawl.config.json'), JSON.stringify(value));
  };

  test('is reported with what it comes from; where there is none, that is a warning', async () => {
    config({});
    expect((await visit()).check('defaultAgent')).toMatchObject({
      status: 'warning',
      found: 'none for the implementer',
    });
    writeFileSync(join(folder, 'bin/codex'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    expect((await visit()).check('defaultAgent')).toMatchObject({
      status: 'ok',
      found: 'codex, the only one installed',
    });
    config({ agents: { a: { kind: 'scripted' }, b: { kind: 'scripted' } } });
    expect((await visit()).check('defaultAgent')?.found).toBe('none for the implementer: a, b');
    environment = { ...environment, PAWL_AGENT: 'b' };
    expect((await visit()).check('defaultAgent')?.found).toBe('b, by PAWL_AGENT');
    environment = { ...environment, PAWL_AGENT: 'c' };
    const { exit, check } = await visit();
    expect([exit, check('defaultAgent')?.status]).toEqual([0, 'warning']);
    expect(check('defaultAgent')?.found).toContain('by PAWL_AGENT, is not configured');
  });
});
