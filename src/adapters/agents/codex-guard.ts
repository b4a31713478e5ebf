/**
 * Codex made to ask our rules before it uses a tool, and its sandbox kept out of the folders that everybody writes to.
 *
 * Owns: the settings that do both, and the words by which it tells a denial. Does not own: the rules (tool-policy), what its hook asks (tool-hook-forms).
 *
 * Invariants: 1. It runs a hook only if its hash is trusted: ours is told as trusted, for this start alone, and no other hook is. 2. Whatever keeps the hook from answering
 * denies: it takes exit code 2 for a denial only with words on standard error.
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { canonicalJson } from '../../base/canonical-json.ts';
import { shellCommand } from '../../base/shell-words.ts';
import type { AgentEvent } from '../../model/agent-event.ts';
import type { ToolGuard, TurnCommand, TurnExit } from '../../ports/agent-adapter.ts';
import { deniedEvent } from './line-events.ts';
import { GUARD_WORDS } from './tool-guard.ts';

const MATCHER = '.*';
/** A hook that takes longer denies nothing. */
const HOOK_S = 600;
/** Where it keeps trust in the first hook of a command line. */
const HOOK_KEY = '/<session-flags>/config.toml:pre_tool_use:0:0';

/** The settings behind `-c`, and what the turn needs beside them. */
export function guardedSettings(guard: ToolGuard): Pick<TurnCommand, 'args' | 'env' | 'files'> {
  const command = hookCommand(guard);
  const hook = `{type="command",command=${JSON.stringify(command)},timeout=${HOOK_S}}`;
  const settings = [
    'features.hooks=true',
    `hooks.PreToolUse=[{matcher=${JSON.stringify(MATCHER)},hooks=[${hook}]}]`,
    `hooks.state={${JSON.stringify(HOOK_KEY)}={enabled=true,trusted_hash=${JSON.stringify(trustedHash(command))}}}`,
    ...(guard.permission === 'edit' ? ['sandbox_workspace_write.exclude_slash_tmp=true'] : []),
  ];
  const args = settings.flatMap((one) => ['-c', one]);
  return guard.permission === 'edit' ? { args, ...ownTemporaryFolder(guard.folder) } : { args, env: {} };
}

/** The same hook for `codex-acp`, which takes settings from a variable; of its sandbox it decides by its mode alone. */
export function guardedEnvironment(guard: ToolGuard): Readonly<Record<string, string>> {
  const command = hookCommand(guard);
  const hooks = {
    PreToolUse: [{ matcher: MATCHER, hooks: [{ type: 'command', command, timeout: HOOK_S }] }],
    state: { [HOOK_KEY]: { enabled: true, trusted_hash: trustedHash(command) } },
  };
  return { CODEX_CONFIG: JSON.stringify({ features: { hooks: true }, hooks }) };
}

function hookCommand({ hook, policy }: ToolGuard): string {
  const judged = shellCommand([...hook, 'codex', policy]);
  return shellCommand(['/bin/sh', '-c', `${judged} || { echo "${GUARD_WORDS}" >&2; exit 2; }`]);
}

/** What Codex compares a hook with, when it asks whether the hook is trusted. */
function trustedHash(command: string): string {
  const hook = { type: 'command', command, timeout: HOOK_S, async: false };
  const identity = canonicalJson({ event_name: 'pre_tool_use', matcher: MATCHER, hooks: [hook] });
  return `sha256:${createHash('sha256').update(identity).digest('hex')}`;
}

/**
 * Its sandbox lets commands write to TMPDIR: a folder of the task's own. That lies in a repository, and neither git nor Node.js may take what is in there for a part of it.
 */
function ownTemporaryFolder(folder: string): Pick<TurnCommand, 'env' | 'files'> {
  return {
    env: { TMPDIR: folder, TMPPREFIX: `${folder}/zsh`, GIT_CEILING_DIRECTORIES: dirname(folder) },
    files: { 'package.json': '{}' },
  };
}

/** A tool that the hook denies leads to no line of its output, only to its log on standard error. */
export function guardDenials({ stderrTail }: TurnExit): readonly AgentEvent[] {
  return stderrTail.split(LOG_LINE).flatMap((line) => {
    const { reason, of, what = '' } = BLOCKED.exec(line)?.groups ?? {};
    if (reason === undefined) return [];
    const told = what.trim();
    return [of === 'Tool' ? deniedEvent(told, reason, {}) : deniedEvent('command_execution', reason, { ask: told })];
  });
}

/** What else is told there: a denied command may have lines of any kind, and none of them is the agent's own word. */
export function withoutDenials(exit: TurnExit): TurnExit {
  const own = exit.stderrTail.split(LOG_LINE).filter((line) => !BLOCKED.test(line));
  return { ...exit, stderrTail: own.join('') };
}

const LOG_LINE = /^(?=\d{4}-\d\d-\d\dT|(?:warning|error): )/im;
const BLOCKED = / blocked by PreToolUse hook: (?<reason>[\s\S]*?)\.? (?<of>Command|Tool): (?<what>[\s\S]*)$/;
