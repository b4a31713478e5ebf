/**
 * `pawl mcp`: the MCP server that an agent is given, over standard input and output.
 *
 * Owns: its options, its life. Does not own: the tools (adapters/mcp).
 *
 * Invariants: 1. Nothing but the protocol is written to stdout. 2. It ends when its stdin does, so it never outlives its agent.
 */
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';
import type { ToolPolicy } from '../../adapters/agents/tool-policy.ts';
import { createTaskServer } from '../../adapters/mcp/task-server.ts';
import { openTask } from '../../adapters/mcp/task-service.ts';
import type { CommonOptions } from '../../app/options.ts';
import { EXIT } from '../../model/error-codes.ts';
import type { Output } from '../output.ts';
import { usageError } from '../usage-error.ts';

/** Options of `pawl mcp`. */
export interface McpOptions extends CommonOptions {
  readonly task?: string;
  readonly mark?: string;
  readonly allow?: string;
}

const allowSchema = z.strictObject({
  permission: z.enum(['read', 'edit', 'bypass']),
  allowedTools: z.array(z.string()),
  allowedCommands: z.array(z.array(z.string())),
});

/** Serves the task of `--task` until stdin ends. Throws PAWL_TASK_REFUSED, and PAWL_USAGE for options that are missing or wrong. */
export async function mcp(_output: Output, options: McpOptions): Promise<number> {
  const { task, mark, allow } = options;
  if (task === undefined || mark === undefined)
    throw usageError('mcp', 'pawl mcp needs --task FOLDER and --mark MARK.', {
      subject: 'mcp',
      hint: 'Nothing to do: Pawl gives agents the right command line.',
    });
  const service = openTask(resolve(task), mark);
  const policy = allow === undefined ? null : policyOf(allow, service.worktree);
  const ended = Promise.race([once(process.stdin, 'end'), once(process.stdin, 'close')]);
  await createTaskServer(service, policy).connect(new StdioServerTransport());
  await ended;
  return EXIT.done;
}

function policyOf(text: string, worktree: string): ToolPolicy {
  const parsed = allowSchema.safeParse(jsonOf(text));
  if (!parsed.success)
    throw usageError('mcp', '--allow must be {"permission", "allowedTools", "allowedCommands"} as JSON.', {
      subject: 'mcp',
      hint: 'Nothing to do: Pawl gives agents the right command line.',
    });
  return { ...parsed.data, roots: [...new Set([worktree, realpathSync(worktree)])], ownServer: 'pawl' };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
