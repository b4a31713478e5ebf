/**
 * The MCP server that an agent is given for its task.
 *
 * Owns: its tools, what they take, what they say. Does not own: the task and its answer (task-service), permissions (approval), the transport (cli/commands/mcp).
 *
 * Invariant: a tool never throws: what is wrong is told to the agent, and nothing changed.
 */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { CRITERION_STATUSES } from '../../model/request.ts';
import type { ToolPolicy } from '../agents/tool-policy.ts';
import { approvalText } from './approval.ts';
import type { Said, TaskService } from './task-service.ts';

const taskId = z.string().optional().describe('The id of your task, to make sure that it is meant.');
const finding = z.object({
  severity: z.string(),
  message: z.string(),
  file: z.string().optional(),
  line: z.int().min(0).optional(),
});
const criterion = z.object({
  criterion: z.string().describe('Its id, such as A1 or R2.'),
  status: z.enum(CRITERION_STATUSES),
  evidence: z.string().describe('What shows it.'),
});
const completion = {
  status: z.literal('completed').optional(),
  summary: z.string().min(1).describe('What was done, in a few sentences.'),
  filesChanged: z.array(z.string()).optional(),
  verdict: z
    .object({
      status: z.enum(['PASS', 'FAIL', 'BLOCKED']),
      summary: z.string(),
      findings: z.array(finding),
      criteria: z.array(criterion).optional(),
    })
    .optional()
    .describe('Needed when the task is to verify or to review.'),
  task_id: taskId,
};
const blockage = {
  summary: z.string().min(1).optional().describe('What was tried and where it stands.'),
  reason: z.string().min(1).optional().describe('What blocks you, in a sentence.'),
  code: z.string().min(1).optional().describe('A short word for it, such as MISSING_CREDENTIALS.'),
  message: z.string().min(1).optional().describe('What a person has to do.'),
  task_id: taskId,
};
const permission = {
  tool_name: z.string(),
  input: z.record(z.string(), z.unknown()),
  tool_use_id: z.string().optional(),
};

/** A server of the task; with a policy, also of permission prompts. */
export function createTaskServer(service: TaskService, policy: ToolPolicy | null): McpServer {
  const server = new McpServer({ name: 'pawl', version: '1' });
  server.registerTool(
    'get_task',
    {
      description: 'Your task: instructions, criteria, what was tried before, the form of the answer.',
      inputSchema: {},
    },
    () => resultOf(service.document()),
  );
  server.registerTool(
    'complete_task',
    {
      description:
        'Reports that the task is done. Call it once, at the very end, unless you were told to answer in another way.',
      inputSchema: completion,
    },
    ({ task_id, ...answer }) => resultOf(service.keep({ ...answer, status: 'completed' }, task_id ?? null)),
  );
  server.registerTool(
    'report_blocked',
    {
      description:
        'Reports that the task cannot be done without a person, unless you were told to answer in another way.',
      inputSchema: blockage,
    },
    ({ task_id, summary, reason, code, message }) => {
      const told = summary ?? reason ?? message;
      if (told === undefined)
        return resultOf({ isError: true, text: 'The answer is not valid: say what blocks you in `reason`.' });
      const problem = { code: code ?? 'BLOCKED', message: message ?? reason ?? told };
      return resultOf(service.keep({ status: 'blocked', summary: told, problem }, task_id ?? null));
    },
  );
  if (policy !== null) {
    server.registerTool(
      'approve',
      { description: 'Answers permission prompts. Not for the agent.', inputSchema: permission },
      ({ tool_name, input }) => resultOf({ isError: false, text: approvalText(policy, tool_name, input) }),
    );
  }
  return server;
}

function resultOf({ isError, text }: Said): CallToolResult {
  return { content: [{ type: 'text', text }], ...(isError ? { isError } : {}) };
}
