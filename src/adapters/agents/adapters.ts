/**
 * The adapters, one for each kind of agent.
 *
 * Owns: which adapter serves which kind. Does not own: any of them (a file for each kind).
 */
import type { AgentKind } from '../../model/turn.ts';
import type { AgentAdapter } from '../../ports/agent-adapter.ts';
import { acp } from './acp.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { copilot } from './copilot.ts';
import { gemini } from './gemini.ts';
import { opencode } from './opencode.ts';
import { qwen } from './qwen.ts';

const ADAPTERS: Readonly<Record<AgentKind, AgentAdapter>> = { acp, claude, codex, copilot, gemini, opencode, qwen };

/** The adapter of a kind of agent. */
export function adapterOf(kind: AgentKind): AgentAdapter {
  return ADAPTERS[kind];
}
