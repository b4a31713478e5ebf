/** Which files each kind of agent reads, as its adapter names them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgents } from '../../src/adapters/agents/agents.ts';
import {
  EVERY_INSTRUCTION_FILE,
  instructionFilesOf,
  withoutMemory,
} from '../../src/adapters/agents/instruction-files.ts';
import { parseConfig } from '../../src/model/config.ts';
import { ROLES } from '../../src/model/packet.ts';
import { AGENT_KINDS } from '../../src/model/turn.ts';
import { instructionMatcher } from '../../src/turn/instruction-files.ts';
import { TURN_ORDER } from '../support/turn-order.ts';

const OWN: Readonly<Record<string, readonly string[]>> = {
  claude: ['CLAUDE.md', 'a/CLAUDE.local.md', '.claude/settings.json', '.claude/skills/x/SKILL.md', '.mcp.json'],
  codex: ['AGENTS.md', 'a/AGENTS.override.md', '.codex/config.toml', '.agents/skills/x/SKILL.md'],
  opencode: ['AGENTS.md', 'CLAUDE.md', 'opencode.json', 'opencode.jsonc', '.opencode/plugins/x.ts', '.claude/skills/x'],
  gemini: ['GEMINI.md', 'a/GEMINI.md', '.gemini/settings.json', '.env', '.geminiignore'],
  copilot: [
    '.github/copilot-instructions.md',
    '.github/instructions/x.instructions.md',
    '.github/hooks/x.json',
    '.github/agents/x.md',
    'AGENTS.md',
    'CLAUDE.md',
    'GEMINI.md',
  ],
  qwen: ['QWEN.md', 'AGENTS.md', '.qwen/settings.json', '.env'],
};
const OTHERS = [
  '.cursor/rules/x.mdc',
  '.cursorrules',
  '.goosehints',
  '.windsurfrules',
  '.clinerules/x.md',
  '.kimi-code/x',
];
const ORDINARY = [
  'README.md',
  'src/agents.ts',
  'docs/claude.txt',
  '.github/workflows/ci.yml',
  '.gitignore',
  'package.json',
];

describe('the instruction files of agents', () => {
  it.each(Object.entries(OWN))('of %s are those that it reads', (kind, paths) => {
    const native = AGENT_KINDS.find((each) => each === kind);
    const isMeant = instructionMatcher(instructionFilesOf(native ?? 'command'));
    expect(paths.filter((path) => !isMeant(path))).toEqual([]);
    expect(ORDINARY.filter(isMeant)).toEqual([]);
  });

  it('of an agent that Pawl does not know are those of all, and of a program all but variables, which tests may need', () => {
    const all = [...Object.values(OWN).flat(), ...OTHERS];
    const ofAcp = instructionMatcher(instructionFilesOf('acp'));
    expect(all.filter((path) => !ofAcp(path))).toEqual([]);
    for (const kind of ['command', 'scripted'] as const) {
      const isMeant = instructionMatcher(instructionFilesOf(kind));
      expect(all.filter((path) => !isMeant(path))).toEqual(['.env', '.env']);
      expect(ORDINARY.filter(isMeant)).toEqual([]);
    }
  });

  it('are found by the name of the agent, and are those of all where no agent is named', () => {
    const config = parseConfig('{"agents": {"mine": {"kind": "codex"}, "tool": {"kind": "scripted"}}}', 'x');
    const agents = createAgents(config, {
      configFolder: '/config',
      environment: { PATH: '/nowhere' },
      mcpServer: null,
    });
    expect(agents.instructionFiles('mine')).toEqual(instructionFilesOf('codex'));
    expect(agents.instructionFiles('tool')).toEqual(instructionFilesOf('scripted'));
    for (const name of [null, 'gone']) expect(agents.instructionFiles(name)).toEqual(EVERY_INSTRUCTION_FILE);
  });
});

describe('the memory of a project that an agent keeps elsewhere', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pawl-memory-'));
    const flags =
      '-p -o --output-format --verbose --settings --permission-mode --allowedTools --disallowedTools --approval-mode';
    for (const [name, version] of Object.entries({ claude: '1.0.0 (Claude Code)', qwen: '1.0.0' })) {
      const script = `if [ "$1" = --version ]; then echo '${version}'; else printf '%s\\n' x ${flags}; fi`;
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['claude', 'edit', { CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1' }],
    ['claude', 'bypass', { CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1' }],
    ['qwen', 'edit', { QWEN_CODE_MEMORY_BASE_DIR: '/task/memory' }],
  ])('is not there for one that judges, and stays for one that works: %s (%s)', async (kind, permission, without) => {
    const settings = { kind, permission, structuredOutput: false };
    const config = parseConfig(JSON.stringify({ agents: { one: settings } }), 'x');
    const agents = createAgents(config, {
      configFolder: folder,
      environment: { PATH: `${folder}:${process.env.PATH}` },
      mcpServer: null,
    });
    const places = { worktree: '/w', taskFile: '/t', completionFile: '/c' };
    for (const role of ROLES) {
      const { env } = await agents.turn('one', places, { ...TURN_ORDER, role });
      if (role === 'reviewer' || role === 'verifier') expect(env, role).toMatchObject(without);
      else for (const name of Object.keys(without)) expect(Object.keys(env), role).not.toContain(name);
    }
  });

  it('is taken from an agent over ACP whichever it is, and others have none that could be', () => {
    expect(withoutMemory('acp', '/task')).toEqual({
      CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
      QWEN_CODE_MEMORY_BASE_DIR: '/task/memory',
    });
    expect(withoutMemory('codex', '/task')).toEqual({});
  });
});
