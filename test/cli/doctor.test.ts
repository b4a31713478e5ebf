import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { type DoctorOptions, doctorAt } from '../../src/cli/commands/doctor.ts';
import type { AgentCheck, Check, CheckName, DoctorReport } from '../../src/cli/doctor/doctor-report.ts';
import { Files } from '../../src/store/files.ts';
import { openRegistry } from '../../src/store/registry.ts';
import { bindRegistry } from '../../src/store/registry-binding.ts';
import { takeLock } from '../../src/store/registry-lock.ts';
import { Heard } from '../support/heard.ts';

const AGENT = fileURLToPath(new URL('../fixtures/resuming-agent.mjs', import.meta.url));

let folder = '';
let environment: Record<string, string> = {};

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-doctor-test-')));
  for (const name of ['bin', 'home', 'tmp', 'work']) mkdirSync(join(folder, name));
  for (const program of ['git', 'sh', 'sleep', 'node']) linkProgram(program);
  environment = { PATH: join(folder, 'bin'), HOME: join(folder, 'home') };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program of the system, on the private PATH. */
function linkProgram(name: string): void {
  const path =
    name === 'node'
      ? process.execPath
      : spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  symlinkSync(path, join(folder, 'bin', name));
}

function install(name: string, behaviour: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${AGENT}" ${behaviour} "$@"\n`, { mode: 0o755 });
}

function makeRepository(config?: object): void {
  spawnSync('git', ['init', '--quiet'], { cwd: join(folder, 'work') });
  if (config !== undefined) writeFileSync(join(folder, 'work/pawl.config.json'), JSON.stringify(config));
}

interface Visit {
  readonly exit: number;
  readonly report: DoctorReport;
  readonly text: string;
  readonly check: (name: CheckName) => Check | undefined;
  readonly agent: (name: string) => AgentCheck | undefined;
}

async function visit(options: DoctorOptions = {}): Promise<Visit> {
  const output = new Heard(false);
  const exit = await doctorAt(output, options, {
    cwd: join(folder, 'work'),
    temporaryFolder: join(folder, 'tmp'),
    environment,
  });
  const report = output.report as DoctorReport;
  return {
    ...{ exit, report, text: output.lines.join('\n') },
    check: (name) => report.checks.find((check) => check.name === name),
    agent: (name) => report.agents.find((agent) => agent.name === name),
  };
}

/** Every path below `root`, with its size. */
function listing(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
}

describe('the machine', () => {
  test('locks that git has left behind are named, and how to remove them; those of a git at work are not', async () => {
    makeRepository();
    const git = join(folder, 'work/.git');
    mkdirSync(join(git, 'refs/heads/work'), { recursive: true });
    const left = ['config.lock', 'packed-refs.lock', "refs/heads/work/it's.lock"].map((name) => join(git, name));
    for (const path of [...left, join(git, 'HEAD.lock')]) writeFileSync(path, '');
    for (const path of left) utimesSync(path, new Date(Date.now() - 3_600_000), new Date(Date.now() - 3_600_000));
    const { check } = await visit();
    expect(check('gitLocks')).toMatchObject({ status: 'warning', found: `left behind for 1h00m: ${left.join(', ')}` });
    const [, command = ''] = check('gitLocks')?.hint?.split('\n') ?? [];
    expect(spawnSync('sh', ['-c', command]).status).toBe(0);
    expect(left.filter((path) => existsSync(path))).toEqual([]);
    expect(existsSync(join(git, 'HEAD.lock'))).toBe(true);
    const held = (await visit()).check('gitLocks');
    expect(held).toMatchObject({ status: 'ok', hint: null });
    expect(held?.found).toMatch(/^none left behind; a running git may hold \S+\/\.git\/HEAD\.lock \([0-9.]+s old\)$/);
    rmSync(join(git, 'HEAD.lock'));
    expect((await visit()).check('gitLocks')).toMatchObject({ status: 'ok', found: 'none' });
  });

  test('outside of a repository the doctor sees the machine, says that there is no registry, and is content', async () => {
    const { exit, report, text, check } = await visit();
    expect(exit).toBe(0);
    expect(report).toMatchObject({ isUsable: true, probe: null });
    for (const name of ['node', 'git', 'links', 'disk'] as const)
      expect(check(name)?.status).toMatch(/^(?:ok|warning)$/);
    expect(check('registry')).toMatchObject({
      status: 'unknown',
      found: expect.stringContaining('not inside a git repository'),
    });
    expect(check('config')).toBeUndefined();
    expect(text).toContain('Node.js');
  });

  test('without git, or with one that is too old, Pawl cannot run: exit 1', async () => {
    rmSync(join(folder, 'bin/git'));
    const without = await visit();
    expect([without.exit, without.report.isUsable]).toEqual([1, false]);
    expect(without.check('git')).toMatchObject({
      status: 'failed',
      found: 'not found',
      hint: expect.stringContaining('2.28'),
    });
    writeFileSync(join(folder, 'bin/git'), '#!/bin/sh\necho git version 2.27.1\n', { mode: 0o755 });
    const old = await visit();
    expect(old.check('git')).toMatchObject({ status: 'failed', found: '2.27.1' });
    expect(old.exit).toBe(1);
  });

  test('a registry is described, its holder named, and nothing in it is changed', async () => {
    makeRepository();
    const files = new Files(nodeFs, systemClock);
    const { paths } = await openRegistry(files, join(folder, 'work/.pawl'));
    const free = await visit();
    expect(free.check('registry')?.found).toBe(`${paths.root}, version 1, 0 runs`);
    expect(free.check('lock')).toMatchObject({ status: 'ok', found: 'free' });
    expect(free.check('config')?.found).toBe('none: all defaults hold');
    const lock = await takeLock({ files, paths, clock: systemClock, processes: systemProcesses(), helperLock: null });
    const before = listing(paths.root);
    const held = await visit();
    expect(held.check('lock')).toMatchObject({
      status: 'ok',
      found: expect.stringContaining(`process ${process.pid}`),
    });
    expect(listing(paths.root)).toEqual(before);
    await lock.release();
  });

  test('a configuration that git cannot read is reported with exit 1, and with its line', async () => {
    makeRepository();
    expect((await visit()).check('gitConfig')).toMatchObject({ status: 'ok' });
    writeFileSync(join(folder, 'work/.git/config'), '[core\n');
    const { check, exit } = await visit();
    expect(check('gitConfig')).toMatchObject({ status: 'failed', hint: expect.stringContaining('line 1 of') });
    expect(exit).toBe(1);
  });

  test('a registry of another repository is reported with exit 1, and not changed', async () => {
    makeRepository();
    const files = new Files(nodeFs, systemClock);
    const { paths } = await openRegistry(files, join(folder, 'theirs'));
    const commonDir = join(folder, 'elsewhere/.git');
    mkdirSync(commonDir, { recursive: true });
    await bindRegistry(files, paths, { commonDir, isHome: false });
    const before = listing(paths.root);
    const { check, exit } = await visit({ registry: paths.root });
    expect(check('registry')).toMatchObject({ status: 'failed', found: expect.stringContaining(commonDir) });
    expect([exit, listing(paths.root)]).toEqual([1, before]);
  });

  test('a registry of another version and an invalid config are reported with exit 1', async () => {
    makeRepository({ agent: {} });
    const config = await visit();
    expect(config.check('config')).toMatchObject({ status: 'failed', found: expect.stringContaining('agent') });
    expect(config.exit).toBe(1);
    mkdirSync(join(folder, 'work/.pawl'));
    writeFileSync(join(folder, 'work/.pawl/registry.json'), '{"v": 99}');
    const registry = await visit();
    expect(registry.check('registry')).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('version 99'),
    });
    expect(registry.exit).toBe(1);
  });
});

describe('agents', () => {
  test('a missing agent is reported with how to install it, and is not a failure', async () => {
    const { exit, agent } = await visit();
    expect(exit).toBe(0);
    expect(agent('codex')).toMatchObject({
      path: null,
      problem: expect.stringContaining('npm install'),
      abilities: null,
    });
  });

  test('an installed agent is reported with its version and with what its flags allow', async () => {
    install('claude', 'resumes');
    const { agent } = await visit();
    expect(agent('claude')).toMatchObject({
      path: join(folder, 'bin/claude'),
      version: '9.9.9',
      isConfigured: false,
      // The fixture's help names --resume and --json-schema, and neither --mcp-config nor an ACP mode.
      abilities: { session: 'assigned', resume: true, structuredOutput: true, mcp: false, acp: null, turnLimit: true },
      unknownFlags: [],
      problem: null,
    });
  });

  test('a login is reported by the name of its variable or file, never by its value', async () => {
    install('claude', 'resumes');
    expect((await visit()).agent('claude')).toMatchObject({ login: 'unknown', loginFrom: null });
    mkdirSync(join(folder, 'home/.claude'));
    const file = join(folder, 'home/.claude/.credentials.json');
    writeFileSync(file, 'secret-in-a-file');
    const byFile = await visit();
    expect(byFile.agent('claude')).toMatchObject({ login: 'found', loginFrom: file });
    environment = { ...environment, ANTHROPIC_API_KEY: 'secret-in-a-variable' };
    const byVariable = await visit();
    expect(byVariable.agent('claude')?.loginFrom).toBe('ANTHROPIC_API_KEY');
    for (const seen of [byFile, byVariable]) expect(seen.text + JSON.stringify(seen.report)).not.toContain('secret-in');
  });

  test('the agents of the config are checked under their names, with their programs and flags', async () => {
    install('my-claude', 'resumes');
    const agents = {
      coder: { kind: 'claude', program: 'my-claude', extraArgs: ['--nope'] },
      plain: { kind: 'command', argv: ['./tools/gone.sh'] },
    };
    makeRepository({ agents });
    const { exit, agent } = await visit();
    expect(exit).toBe(0);
    expect(agent('coder')).toMatchObject({ version: '9.9.9', isConfigured: true, unknownFlags: ['--nope'] });
    expect(agent('coder')?.problem).toContain('--nope');
    expect(agent('plain')).toMatchObject({ kind: 'command', path: null, problem: expect.stringContaining('gone.sh') });
    expect(agent('claude')).toBeUndefined();
  });

  test('an agent that does not answer as itself spoils no other', async () => {
    install('claude', 'resumes');
    writeFileSync(join(folder, 'bin/codex'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    const { agent } = await visit();
    expect(agent('codex')?.problem).toContain('exit code 9');
    expect(agent('claude')?.version).toBe('9.9.9');
  });
});

describe('a probe', () => {
  const statuses = ({ report }: Visit): object =>
    Object.fromEntries((report.probe?.steps ?? []).map(({ name, status }) => [name, status]));

  /** What the last visit's probe says of a step. */
  const detail = ({ report }: Visit, name: string): string | undefined =>
    report.probe?.steps.find((step) => step.name === name)?.detail;

  test('shows that a killed agent is swept and continues with its session, and leaves nothing', async () => {
    install('claude', 'resumes');
    environment = { ...environment, ANTHROPIC_API_KEY: 'the-key-of-the-user' };
    const seen = await visit({ probe: 'claude' });
    expect(seen.report.probe).toMatchObject({
      ...{ agent: 'claude', kind: 'claude', version: '9.9.9', isPassed: true, left: 0 },
      modelCalls: { first: 1, stray: 0, resumed: 1 },
    });
    // The fixture's tool has a session of its own: a kill by pid misses it.
    expect(seen.report.probe?.outlivedKill).toBeGreaterThan(0);
    expect(seen.report.probe?.steps.every(({ status }) => status === 'ok')).toBe(true);
    expect(seen.exit).toBe(0);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    expect(existsSync(join(folder, 'home/.claude'))).toBe(false);
  });

  const failing: readonly (readonly [string, string, string, string])[] = [
    ['forgets what it was told', 'forgets', 'resume', 'the earlier conversation was lost'],
    ['goes on under another session', 'renames', 'resume', 'another session'],
    ['ends its resumed turn with an error', 'fails', 'resume', 'out of order'],
    ['runs no command', 'refuses', 'tool', 'never ran the command: exit 0, completed'],
  ];
  test.each(failing)(
    'an agent that %s fails its probe, and nothing of it is left',
    async (_, behaviour, step, what) => {
      install('claude', behaviour);
      const seen = await visit({ probe: 'claude' });
      expect(seen.exit).toBe(1);
      expect(seen.report).toMatchObject({ isUsable: true, probe: { isPassed: false, left: 0 } });
      expect(statuses(seen)).toMatchObject({ program: 'ok', start: 'ok', [step]: 'failed', leftovers: 'ok' });
      expect(detail(seen, step)).toContain(what);
      expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    },
  );

  test('a program whose version lacks a needed flag is not started', async () => {
    install('claude', 'resumes');
    const script = readFileSync(join(folder, 'bin/claude'), 'utf8');
    writeFileSync(
      join(folder, 'bin/claude'),
      script.replace('"$@"\n', '"$@" | sed s/--resume/--restart/\n').replace('exec ', ''),
    );
    linkProgram('sed');
    const seen = await visit({ probe: 'claude' });
    expect(statuses(seen)).toMatchObject({ program: 'failed', start: 'skipped', resume: 'skipped', leftovers: 'ok' });
    expect(detail(seen, 'program')).toContain('does not support --resume');
  });

  test('a name that means no agent, one that cannot be probed and one that is not installed are refused at once', async () => {
    makeRepository({ agents: { plain: { kind: 'command', argv: ['true'] } } });
    for (const name of ['nobody', 'plain', 'acp'])
      await expect(visit({ probe: name })).rejects.toMatchObject({ code: 'PAWL_USAGE' });
    await expect(visit({ probe: 'codex' })).rejects.toMatchObject({ code: 'PAWL_AGENT_MISSING' });
  });
});
