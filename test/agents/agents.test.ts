/** The agents port: which agents there are, and how their workers are started. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAgents } from '../../src/adapters/agents/agents.ts';
import { builtPath } from '../../src/adapters/built-path.ts';
import { parseConfig } from '../../src/model/config.ts';
import { PawlError } from '../../src/model/error.ts';
import { SCRIPT_VARIABLE } from '../../src/model/script.ts';

const places = { taskFile: '/t/task {worktree}.json', completionFile: '/w/.pawl/answer', worktree: '/w/$& x' };

const agentsOf = (config: unknown) =>
  createAgents(parseConfig(JSON.stringify(config), 'x'), {
    configFolder: '/config',
    environment: {},
    mcpServer: null,
  });
const commandOf = (agent: unknown) => agentsOf({ agents: { a: agent } }).command('a', places);

describe('createAgents', () => {
  it('knows its agents by name and role', () => {
    const agents = agentsOf({ agents: { b: { kind: 'scripted' }, a: { kind: 'scripted' } }, roles: { reviewer: 'b' } });
    expect(agents.names()).toEqual(['a', 'b']);
    expect([agents.has('a'), agents.has('c'), agents.has('constructor')]).toEqual([true, false, false]);
    expect([agents.forRole('reviewer'), agents.forRole('fixer')]).toEqual(['b', null]);
  });

  it('an agent that does not exist is PAWL_AGENT_MISSING, with what there is and how to set it', () => {
    const agents = agentsOf({ agents: { b: { kind: 'scripted' } } });
    expect(() => agents.command('toString', places)).toThrow(PawlError);
    try {
      agents.command('coder', places);
    } catch (error) {
      expect(error).toMatchObject({ code: 'PAWL_AGENT_MISSING', subject: 'coder', kind: 'needsHuman' });
      expect(error instanceof Error && error.message).toContain('it names b');
    }
  });
});

it('the agents that can be named without a config are those whose program is on PATH', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-agents-'));
  for (const name of ['codex', 'claude', 'acp', 'other'])
    writeFileSync(join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
  const config = parseConfig('{"agents": {"mine": {"kind": "scripted"}}}', 'x');
  const agents = createAgents(config, { configFolder: '/config', environment: { PATH: folder }, mcpServer: null });
  expect(agents.installed()).toEqual(['claude', 'codex']);
  expect(agents.ofEnvironment()).toBeNull();
  rmSync(folder, { recursive: true });
});

it('what PAWL_AGENT holds is told as it is; an empty one is none', () => {
  const of = (environment: Readonly<Record<string, string>>) =>
    createAgents(parseConfig(null, 'x'), { configFolder: '/config', environment, mcpServer: null }).ofEnvironment();
  expect([of({ PAWL_AGENT: 'a b' }), of({ PAWL_AGENT: '' }), of({})]).toEqual(['a b', null, null]);
});

describe('kind command', () => {
  it('fills placeholders in anywhere inside an argument, once, without a shell', () => {
    const argv = ['run', '--task={taskFile}', '{worktree}:{completionFile}', '{other}', '{taskFile'];
    expect(commandOf({ kind: 'command', argv, env: ['KEY'], completion: 'exitCode' })).toEqual({
      argv: ['run', '--task=/t/task {worktree}.json', '/w/$& x:/w/.pawl/answer', '{other}', '{taskFile'],
      envNames: ['KEY'],
      env: {},
      completion: 'exitCode',
    });
  });

  it.each([
    ['agents/run.sh', '/config/agents/run.sh'],
    ['./run', '/config/run'],
    ['../run', '/run'],
    ['/bin/run', '/bin/run'],
    ['run', 'run'],
    ['{worktree}/run', '/w/$& x/run'],
  ])('the program %s is %s', (program, expected) => {
    expect(commandOf({ kind: 'command', argv: [program] }).argv).toEqual([expected]);
  });
});

describe('kind scripted', () => {
  it('is started with its script file, found from the folder of the config', () => {
    expect(commandOf({ kind: 'scripted', script: 'agents/s.json' })).toEqual({
      argv: [process.execPath, builtPath('adapters/agents/scripted-worker.js'), '/config/agents/s.json'],
      envNames: [],
      env: {},
      completion: 'file',
    });
  });

  it('gets an inline script in its environment, and needs none', () => {
    const steps = { review: [{ do: 'answer', verdict: 'PASS' }] };
    expect(commandOf({ kind: 'scripted', steps })).toMatchObject({
      argv: [process.execPath, builtPath('adapters/agents/scripted-worker.js')],
      env: { [SCRIPT_VARIABLE]: JSON.stringify(steps) },
    });
    expect(commandOf({ kind: 'scripted' })).toMatchObject({
      argv: [process.execPath, builtPath('adapters/agents/scripted-worker.js')],
      env: {},
    });
  });
});
