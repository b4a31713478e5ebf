/** Which files each kind of agent reads, as its adapter names them. */
import { describe, expect, it } from 'vitest';
import { createAgents } from '../../src/adapters/agents/agents.ts';
import { EVERY_INSTRUCTION_FILE, instructionFilesOf } from '../../src/adapters/agents/instruction-files.ts';
import { instructionMatcher } from '../../src/core/instruction-files.ts';
import { parseConfig } from '../../src/model/config.ts';
import { AGENT_KINDS } from '../../src/model/turn.ts';

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
    const agents = createAgents(config, { configFolder: '/config', environment: { PATH: '/nowhere' } });
    expect(agents.instructionFiles('mine')).toEqual(instructionFilesOf('codex'));
    expect(agents.instructionFiles('tool')).toEqual(instructionFilesOf('scripted'));
    for (const name of [null, 'gone']) expect(agents.instructionFiles(name)).toEqual(EVERY_INSTRUCTION_FILE);
  });
});
