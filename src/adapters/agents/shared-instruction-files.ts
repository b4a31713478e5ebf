/**
 * Files that several kinds of agents read as instructions or settings.
 *
 * Owns: those lists. Does not own: what one kind reads (its adapter), every list together (instruction-files).
 *
 * Invariant: folders that CLIs keep for themselves are named whole, so that what a newer version reads in them is covered.
 * Sources: the programs themselves (the names that they hold), the public documentation of each.
 */

/** What most agents read, whoever made them. */
export const OF_MOST: readonly string[] = [
  'AGENTS.md',
  'AGENTS.override.md',
  'AGENTS.local.md',
  'AGENT.md',
  '.agents',
  '.mcp.json',
];

/** Of Claude Code, and of others that read its files too. */
export const OF_CLAUDE: readonly string[] = ['CLAUDE.md', 'CLAUDE.local.md', '.claude', '.claude-plugin', '.lsp.json'];

/** Gemini and Qwen take variables from this file too, and one of them names a file with another system prompt. */
export const VARIABLES: readonly string[] = ['/.env'];
