/**
 * The files of a repository that each kind of agent reads as instructions or settings, by itself, when it starts or while it looks around.
 *
 * Owns: one list for each kind, and what an agent that Pawl does not know may read; how those are kept from their own memory of a project that judge.
 * Does not own: what a pattern means (turn/instruction-files),
 * what is done with such files (adapters/git/base-instructions).
 *
 * Invariants: 1. A list may name too much, never too little: a file too many is shown as in the base, one too few instructs who judges the change.
 * 2. Folders that CLIs keep for themselves are named whole, so that what a newer version reads in them is covered.
 * Sources: the programs themselves (the names that they hold), the public documentation of each.
 */
import { join } from 'node:path';
import type { AgentKind } from '../../model/turn.ts';

/** What most agents read, whoever made them. */
const COMMON: readonly string[] = [
  'AGENTS.md',
  'AGENTS.override.md',
  'AGENTS.local.md',
  'AGENT.md',
  '.agents',
  '.mcp.json',
];

const CLAUDE: readonly string[] = ['CLAUDE.md', 'CLAUDE.local.md', '.claude', '.claude-plugin', '.lsp.json'];

/** Gemini and Qwen take variables from this file too, and one of them names a file with another system prompt. */
const VARIABLES: readonly string[] = ['/.env'];

const NATIVE: Readonly<Record<Exclude<AgentKind, 'acp'>, readonly string[]>> = {
  claude: [...COMMON, ...CLAUDE],
  codex: [...COMMON, '.codex', '.codex-plugin'],
  copilot: [
    ...COMMON,
    ...CLAUDE,
    'GEMINI.md',
    'copilot-instructions.md',
    '*.instructions.md',
    '.copilot',
    '.github/agents',
    '.github/chatmodes',
    '.github/copilot',
    '.github/extensions',
    '.github/hooks',
    '.github/instructions',
    '.github/lsp.json',
    '.github/mcp.json',
    '.github/plugin',
    '.github/prompts',
    '.github/skills',
    '.vscode/mcp.json',
  ],
  gemini: [...COMMON, ...VARIABLES, 'GEMINI.md', 'CONTEXT.md', '.gemini', '.geminiignore', 'gemini-extension.json'],
  opencode: [...COMMON, ...CLAUDE, 'CONTEXT.md', '.opencode', 'opencode.json', 'opencode.jsonc'],
  qwen: [...COMMON, ...CLAUDE, ...VARIABLES, 'QWEN.md', 'QWEN.local.md', 'CONTEXT.md', '.qwen', '.qwenignore'],
};

/** Of agents that have no adapter of their own, and are run over ACP or as programs. */
const OTHERS: readonly string[] = [
  '.agent',
  '.aider*',
  '.amazonq',
  '.amp',
  '.augment',
  '.augment-guidelines',
  '.clinerules',
  '.continue',
  '.continuerules',
  '.crush*',
  '.cursor',
  '.cursorignore',
  '.cursorrules',
  '.factory',
  '.goose',
  '.goosehints',
  '.gooseignore',
  '.grok',
  '.iflow',
  '.junie',
  '.kilocode',
  '.kimi',
  '.kimi-code',
  '.kiro',
  '.openhands',
  '.pi',
  '.qoder',
  '.roo*',
  '.rovodev',
  '.rules',
  '.trae',
  '.vibe',
  '.warp',
  '.windsurf',
  '.windsurfrules',
  'CRUSH.local.md',
  'CRUSH.md',
  'GROK.md',
  'IFLOW.md',
  'KIMI.md',
  'WARP.md',
  'crush.json',
];

const EVERY: readonly string[] = [...new Set([...Object.values(NATIVE).flat(), ...OTHERS])].sort();

/** Every list together: what an agent of which Pawl knows nothing but its protocol may read. */
export const EVERY_INSTRUCTION_FILE: readonly string[] = EVERY;

/** As every list, but for variables: for programs, tests that they run may need these. */
const OF_PROGRAMS: readonly string[] = EVERY.filter((pattern) => !VARIABLES.includes(pattern));

/** What agents of a kind read. */
export function instructionFilesOf(kind: AgentKind | 'command' | 'scripted'): readonly string[] {
  if (kind === 'acp') return EVERY_INSTRUCTION_FILE;
  return kind === 'command' || kind === 'scripted' ? OF_PROGRAMS : NATIVE[kind];
}

/** Variables without which an agent remembers what an earlier session on this project has noted, such as the implementer's, outside of the worktree. */
export function withoutMemory(kind: AgentKind, taskFolder: string): Readonly<Record<string, string>> {
  const claude = { CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1' };
  // It knows no such switch, but another place, in which there is nothing.
  const qwen = { QWEN_CODE_MEMORY_BASE_DIR: join(taskFolder, 'memory') };
  if (kind === 'acp') return { ...claude, ...qwen };
  return kind === 'claude' ? claude : kind === 'qwen' ? qwen : {};
}
