/**
 * Starts of a turn, for tests of command lines.
 *
 * Owns: a start that asks for nothing, and one that asks for everything. Does not own: what an agent makes of one.
 */
import type { TurnStart } from '../../../src/ports/agent-adapter.ts';

const SESSION = '11111111-1111-4111-8111-111111111111';

/** A new session that may edit, with nothing else asked for; `changes` over it. */
export function startOf(changes: Partial<TurnStart> = {}): TurnStart {
  return {
    session: { id: SESSION, isResume: false },
    prompt: 'Do it.',
    permission: 'edit',
    nativeMode: null,
    model: null,
    allowedTools: [],
    allowedCommands: [],
    lookingCommands: [],
    maxTurns: null,
    extraArgs: [],
    budget: { tokens: null, usd: null },
    answerSchema: null,
    mcp: null,
    worktree: '/srv/tree',
    ...changes,
  };
}

/** A start that asks for all that there is. */
export function fullStart(changes: Partial<TurnStart> = {}): TurnStart {
  return startOf({
    model: 'm1',
    allowedTools: ['WebFetch'],
    allowedCommands: [
      ['npm', 'test'],
      ['node', '--test', '*'],
    ],
    lookingCommands: [['git', 'diff', 'HEAD']],
    maxTurns: 7,
    extraArgs: ['--extra', 'word'],
    budget: { tokens: 1000, usd: 1.5 },
    answerSchema: { schema: { type: 'object' }, file: '/srv/schema.json' },
    mcp: { name: 'pawl', command: '/bin/node', args: ['mcp.js', '--task', 't "1"'] },
    isStreaming: true,
    ...changes,
  });
}
