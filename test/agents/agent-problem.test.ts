/** An agent that could not be started is told so without starting it. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createAgents } from '../../src/adapters/agents/agents.ts';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import { parseConfig } from '../../src/model/config.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-agent-problem-')));
const bin = join(folder, 'bin');
mkdirSync(bin);
for (const [name, mode] of [
  ['there', 0o755],
  ['plain', 0o644],
] as const) {
  writeFileSync(join(bin, name), '#!/bin/sh\necho started >> "$0.started"\n');
  chmodSync(join(bin, name), mode);
}
writeFileSync(join(folder, 'script.json'), '{}');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function codeOf(agent: unknown): string | null {
  const config = parseConfig(JSON.stringify({ agents: { a: agent } }), 'pawl.config.json');
  const environment = { PATH: `relative:${bin}` };
  const problem = createAgents(config, { configFolder: folder, environment, mcpServer: null }).problem('a');
  if (problem === null) return null;
  const { message, hint } = shownBlocker(problem);
  expect(message).toContain('"a"');
  expect(hint).not.toBe('');
  return problem.code;
}

const command = (program: string): unknown => ({ kind: 'command', argv: [program, '{taskFile}'] });

it.each([
  ['a program on PATH', command('there'), null],
  ['a program relative to the config', command('bin/there'), null],
  ['a program by its absolute path', command(join(bin, 'there')), null],
  ['a program that depends on the worktree', command('{worktree}/agent'), null],
  ['no program of that name', command('absent'), 'PAWL_AGENT_MISSING'],
  ['no program at that path', command('./absent'), 'PAWL_AGENT_MISSING'],
  ['a program on PATH that is not executable', command('plain'), 'PAWL_AGENT_UNUSABLE'],
  ['a program at a path that is not executable', command('bin/plain'), 'PAWL_AGENT_UNUSABLE'],
  ['a folder', command('./bin'), 'PAWL_AGENT_UNUSABLE'],
  ['a coding agent that is not installed', { kind: 'claude' }, 'PAWL_AGENT_MISSING'],
  ['a coding agent by its program', { kind: 'claude', program: 'bin/there' }, null],
  ['a coding agent whose program is not executable', { kind: 'codex', program: 'bin/plain' }, 'PAWL_AGENT_UNUSABLE'],
  ['an ACP agent', { kind: 'acp', argv: ['there', 'acp'] }, null],
  ['an ACP agent that is not installed', { kind: 'acp', argv: ['absent', 'acp'] }, 'PAWL_AGENT_MISSING'],
  ['a script', { kind: 'scripted', script: 'script.json' }, null],
  ['a script inline', { kind: 'scripted', steps: {} }, null],
  ['no script there', { kind: 'scripted', script: 'absent.json' }, 'PAWL_AGENT_UNUSABLE'],
])('%s', (_, agent, code) => {
  expect(codeOf(agent)).toBe(code);
});

it('is found out without starting anything', () => {
  codeOf(command('there'));
  expect(() => rmSync(join(bin, 'there.started'))).toThrow('ENOENT');
});
