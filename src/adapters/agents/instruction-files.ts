/**
 * The files of a repository that agents read as instructions or settings, by themselves, when they start or while they look around.
 *
 * Owns: what an agent that Pawl does not know may read, and every list together; how agents are kept from their own memory of a project that judge.
 * Does not own: what one kind reads (its adapter), what a pattern means (turn/instruction-files), what is done with such files (adapters/git/base-instructions).
 * The worker host does without: it is given the patterns.
 */
import { AGENT_KINDS, type AgentKind } from '../../model/turn.ts';
import { adapterOf } from './adapters.ts';
import { VARIABLES } from './shared-instruction-files.ts';

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

const OF_KINDS = AGENT_KINDS.flatMap((kind) => adapterOf(kind).instructionFiles ?? []);

/** Every list together: what an agent of which Pawl knows nothing but its protocol may read. */
export const EVERY_INSTRUCTION_FILE: readonly string[] = [...new Set([...OF_KINDS, ...OTHERS])].sort();

/** As every list, but for variables: for programs, tests that they run may need these. */
const OF_PROGRAMS: readonly string[] = EVERY_INSTRUCTION_FILE.filter((pattern) => !VARIABLES.includes(pattern));

/** What agents of a kind read. */
export function instructionFilesOf(kind: AgentKind | 'command' | 'scripted'): readonly string[] {
  if (kind === 'command' || kind === 'scripted') return OF_PROGRAMS;
  return adapterOf(kind).instructionFiles ?? EVERY_INSTRUCTION_FILE;
}

/** Variables without which an agent remembers what an earlier session on this project has noted, such as the implementer's, outside of the worktree. */
export function withoutMemory(kind: AgentKind, taskFolder: string): Readonly<Record<string, string>> {
  // Over ACP it may be any of them.
  const possible = kind === 'acp' ? AGENT_KINDS : [kind];
  return Object.fromEntries(
    possible.flatMap((each) => Object.entries(adapterOf(each).withoutMemory?.(taskFolder) ?? {})),
  );
}
