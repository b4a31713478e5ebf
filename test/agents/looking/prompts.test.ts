/** No prompt asks for what its agent would be denied: what each invites is derived from its text, and tried. */
import { afterEach, describe, expect, it } from 'vitest';
import { codingAgentOf } from '../../../src/adapters/agents/coding.ts';
import type { Json } from '../../../src/base/canonical-json.ts';
import { acpAgentSchema, nativeAgentSchema } from '../../../src/model/agent-config.ts';
import type { Purpose } from '../../../src/model/limits.ts';
import { AGENT_KINDS, type AgentKind } from '../../../src/model/turn.ts';
import { COMMIT_RULE } from '../../../src/turn/commands/committing.ts';
import { type PriorAttempt, turnPrompt } from '../../../src/turn/turn-prompt.ts';
import { commandFor, DECISIONS, ROOT } from './decisions.ts';

const COMPLETION = `${ROOT}/.pawl-task/t/completion.json`;
const COMMANDS = ['npm test', 'node --test test/a.test.js', 'node -e "process.exit(0)"'];
const ALLOW = ['npm test', 'node *'];

const task = (purpose: Purpose): Json => ({
  what: 'Do the work.',
  purpose,
  taskId: 't',
  worktree: ROOT,
  branch: 'work/a',
  commit: 'c0ffee',
  baseCommit: 'ba5e',
  commitToReview: 'c0ffee',
  commitToJudge: 'c0ffee',
  completionFile: COMPLETION,
  goal: 'A goal.',
  packet: { verification: { commands: COMMANDS } },
  answerSchema: { type: 'object' },
});
const PRIOR_ATTEMPTS: Readonly<Record<string, PriorAttempt>> = {
  fresh: { resumed: null, rescueRef: null, isWorktreeKept: false },
  rescued: { resumed: null, rescueRef: 'refs/pawl/rescue/r/a', isWorktreeKept: false },
  cutOff: {
    resumed: { id: 's', taskId: 't', why: 'cutOff', result: 'interrupted' },
    rescueRef: 'refs/pawl/rescue/r/a',
    isWorktreeKept: true,
  },
};
const PURPOSES = ['implementation', 'fix', 'review', 'verification'] as const;
const place = { configFolder: '/srv', environment: {}, allowedCommands: ALLOW, mcpServer: ['/bin/node', 'mcp.js'] };

function promptOf(kind: AgentKind, purpose: (typeof PURPOSES)[number], priorAttempt: PriorAttempt): string {
  const config = kind === 'acp' ? acpAgentSchema.parse({ kind, argv: ['x'] }) : nativeAgentSchema.parse({ kind });
  return turnPrompt(task(purpose), priorAttempt, codingAgentOf(config, place).answer);
}

/** The commands that a prompt names, as it quotes them. */
const commandsIn = (prompt: string): readonly string[] =>
  [...prompt.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(([, command]) => command ?? '');

afterEach(() => {
  delete process.env.PAWL_TOOL_POLICY;
});

describe.each(AGENT_KINDS)('%s', (kind) => {
  describe.each(PURPOSES)('for %s', (purpose) => {
    const role = purpose === 'review' ? 'reviewer' : purpose === 'verification' ? 'verifier' : 'implementer';

    it.each(Object.keys(PRIOR_ATTEMPTS))('is asked for nothing that it would be denied: %s', async (name) => {
      const prompt = promptOf(kind, purpose, PRIOR_ATTEMPTS[name] ?? PRIOR_ATTEMPTS.fresh ?? neverHere());
      const made = commandFor(kind, role, ALLOW);
      const isCutOff = name === 'cutOff';
      const commands = commandsIn(prompt);
      expect(commands.length > 0).toBe(!isCutOff);
      if (!isCutOff)
        expect(commands).toEqual(expect.arrayContaining(['git log', 'npm test', 'node --test test/a.test.js']));
      if (purpose === 'review' && !isCutOff) expect(commands).toContain('git diff --no-ext-diff ba5e..c0ffee');
      const decision = DECISIONS[kind](made, role);
      for (const command of commands)
        expect({ command, ...(await decision(command)) }).toMatchObject({ command, isRun: true });
      // No tool and no file is asked for: an answer needs neither.
      expect(prompt).not.toContain('complete_task');
      expect(prompt).not.toContain(COMPLETION);
      // Who works is told plainly not to commit; who judges has nothing to.
      expect(prompt.includes(COMMIT_RULE)).toBe(role === 'implementer' && !isCutOff);
      expect(prompt).not.toMatch(/may commit|commit them|push to/i);
    });
  });
});

function neverHere(): never {
  throw new Error('bug: no prior attempt');
}
