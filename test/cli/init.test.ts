/** `pawl init`: what is found becomes a config, which is shown, and written once. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type InitOptions, initAt } from '../../src/cli/commands/init.ts';
import { differences, firstConfig } from '../../src/cli/init/first-config.ts';
import { testCommands } from '../../src/cli/init/test-commands.ts';
import type { Questions } from '../../src/cli/questions.ts';
import { parseConfig } from '../../src/model/config.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';
import { Heard } from '../support/heard.ts';

const AGENT = fileURLToPath(new URL('../fixtures/resuming-agent.mjs', import.meta.url));

describe('the test commands of a repository', () => {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-init-')));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const files = (content: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(content)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  };
  const manifest = (more: object = {}): string => JSON.stringify({ scripts: { test: 'vitest' }, ...more });
  const dependent = manifest({ devDependencies: { vitest: '1' } });

  test.each<[string, Record<string, string>, [string, string | null] | null]>([
    ['nothing', {}, null],
    ['an npm script', { 'package.json': manifest() }, ['npm test', null]],
    [
      'an npm script that needs packages',
      { 'package.json': dependent, 'package-lock.json': '' },
      ['npm test', 'npm ci'],
    ],
    ['packages without a lock file', { 'package.json': dependent }, ['npm test', null]],
    ['pnpm', { 'package.json': dependent, 'pnpm-lock.yaml': '' }, ['pnpm test', 'pnpm install --frozen-lockfile']],
    [
      'new yarn',
      { 'package.json': dependent, 'yarn.lock': '', '.yarnrc.yml': '' },
      ['yarn test', 'yarn install --immutable'],
    ],
    ['bun', { 'package.json': dependent, 'bun.lock': '' }, ['bun run test', 'bun install --frozen-lockfile']],
    ['a named manager', { 'package.json': manifest({ packageManager: 'pnpm@9.1.0' }) }, ['pnpm test', null]],
    [
      'what npm init writes',
      { 'package.json': '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' },
      null,
    ],
    ['a manifest that is not JSON', { 'package.json': '{' }, null],
    ['a Makefile', { Makefile: 'all:\n\ttrue\ntest: all\n\ttrue\n' }, ['make test', null]],
    ['a Makefile that only sets test', { Makefile: 'test := 1\nall:\n' }, null],
    ['a justfile', { justfile: 'test filter="":\n  cargo test\n' }, ['just test', null]],
    ['pytest', { 'pyproject.toml': '[tool.pytest.ini_options]\n' }, ['pytest', null]],
    ['pytest under uv', { 'pyproject.toml': 'dev = ["pytest>=8"]', 'uv.lock': '' }, ['uv run pytest', null]],
    ['a Python project without tests', { 'pyproject.toml': '[project]\n' }, null],
    ['Rust', { 'Cargo.toml': '' }, ['cargo test', null]],
    ['Go', { 'go.mod': '' }, ['go test ./...', null]],
    ['Gradle with its wrapper', { gradlew: '', 'build.gradle': '' }, ['./gradlew test', null]],
    ['Maven', { 'pom.xml': '' }, ['mvn test', null]],
    ['RSpec', { Gemfile: '', 'spec/a_spec.rb': '' }, ['bundle exec rspec', null]],
    ['.NET', { 'app.sln': '' }, ['dotnet test', null]],
  ])('with %s', (_title, content, wanted) => {
    files(content);
    expect(testCommands(folder).map(({ command, setup }) => [command, setup])).toEqual(wanted === null ? [] : [wanted]);
  });

  test('are all allowed, with what they need first, once each, by a config that Pawl takes', () => {
    files({ 'package.json': dependent, 'package-lock.json': '', Makefile: 'test:\n' });
    const { config, agent } = firstConfig([], testCommands(folder), 'x');
    expect(config).toMatchObject({
      verification: { allow: ['npm test', 'make test', 'npm ci'] },
      workspace: { setup: ['npm ci'] },
    });
    expect([agent, config.agents]).toEqual([null, {}]);
  });
});

test('a config that is there differs in what it lacks, however it says the rest', () => {
  const config = (value: object) => parseConfig(JSON.stringify(value), 'x');
  const wanted = config({
    agents: { claude: { kind: 'claude' } },
    verification: { allow: ['npm test', 'npm ci'] },
    workspace: { setup: ['npm ci'] },
  });
  expect(differences(config({}), wanted)).toEqual([
    'agents has no claude',
    'verification.allow does not admit "npm test"',
    'verification.allow does not admit "npm ci"',
    'workspace.setup lacks "npm ci"',
  ]);
  const other = {
    agents: { coder: { kind: 'claude' } },
    verification: { allow: ['npm *'] },
    workspace: { setup: ['npm ci'] },
  };
  expect(differences(config(other), wanted)).toEqual([]);
});

describe('init', () => {
  let repo: SandboxRepo;
  let bin = '';
  beforeEach(() => {
    repo = createSandboxRepo();
    repo.write('package.json', '{"scripts":{"test":"node --test"}}');
    bin = join(repo.root, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'claude'), `#!/bin/sh\nexec "${process.execPath}" "${AGENT}" resumes "$@"\n`, {
      mode: 0o755,
    });
  });
  afterEach(() => repo.remove());

  const file = (): string => join(repo.path, 'pawl.config.json');
  const visit = async (options: InitOptions = {}, answer: string | null | undefined = undefined) => {
    const output = new Heard(false);
    const questions: Questions = { ask: async () => answer ?? null, close: () => undefined, exitCode: () => 130 };
    const environment = { PATH: `${bin}:/usr/bin:/bin`, HOME: join(repo.root, 'home') };
    const place = {
      cwd: join(repo.path, 'src'),
      environment,
      questions: () => (answer === undefined ? null : questions),
    };
    const exit = await initAt(output, options, place);
    return { exit, output };
  };

  test('shows the config and writes it when told to, at the top of the repository', async () => {
    const dry = await visit({ dryRun: true });
    expect(dry.output.text()).toContain('"npm test"');
    expect(readdirSync(repo.path)).not.toContain('pawl.config.json');
    const { exit, output } = await visit({ yes: true });
    expect(exit).toBe(0);
    expect(output.report).toMatchObject({ agent: 'claude', written: true, configFile: file() });
    expect(parseConfig(readFileSync(file(), 'utf8'), file())).toMatchObject({
      agents: { claude: { kind: 'claude' } },
      verification: { allow: ['npm test'] },
    });
    expect(statSync(file()).mode & 0o600).toBe(0o600);
    expect(readdirSync(repo.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const again = await visit({ yes: true });
    expect([again.exit, again.output.text()]).toEqual([0, expect.stringContaining('nothing was written')]);
  });

  test('names an agent that is there and cannot be used, and why', async () => {
    const help = "case $1 in --version) echo '2.0.0 (Claude Code)';; *) echo '  --other  does something';; esac";
    writeFileSync(join(bin, 'claude'), `#!/bin/sh\n${help}\n`, { mode: 0o755 });
    const { output } = await visit({ dryRun: true });
    expect(output.text()).toContain('none that can be used was found on PATH');
    expect(output.text()).toMatch(/cannot be used: claude, version 2\.0\.0 does not support -/);
    rmSync(join(bin, 'claude'));
    const none = await visit({ dryRun: true });
    expect(none.output.text()).toContain('none was found on PATH');
    expect(none.output.text()).not.toContain('cannot be used');
  });

  test('asks at a terminal, and writes nothing on a no, at the end of input, or without a terminal', async () => {
    expect(await visit({}, 'n')).toMatchObject({ exit: 0 });
    expect(await visit({}, null)).toMatchObject({ exit: 130 });
    await expect(visit({})).rejects.toMatchObject({
      code: 'PAWL_USAGE',
      actions: [{ command: 'pawl init --yes' }],
    });
    expect(readdirSync(repo.path)).not.toContain('pawl.config.json');
    expect(await visit({}, 'Yes')).toMatchObject({ exit: 0 });
    expect(readdirSync(repo.path)).toContain('pawl.config.json');
  });

  test('never writes over a config, and says what that one lacks', async () => {
    writeFileSync(file(), '{"agents": {"claude": {"kind": "claude"}}}');
    await expect(visit({ yes: true })).rejects.toMatchObject({
      code: 'PAWL_CONFIG_EXISTS',
      message: expect.stringMatching(/does not admit "npm test"/),
    });
    expect(readFileSync(file(), 'utf8')).toBe('{"agents": {"claude": {"kind": "claude"}}}');
    writeFileSync(file(), '{');
    await expect(visit({ yes: true })).rejects.toMatchObject({ code: 'PAWL_CONFIG_INVALID' });
  });
});
