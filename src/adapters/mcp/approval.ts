/**
 * Claude Code's permission prompt, answered by policy.
 *
 * Owns: what its tools are to the policy, the form of the answer. Does not own: the policy (adapters/agents/tool-policy), the protocol (task-server).
 *
 * Invariant: a tool whose input does not say what it does is denied.
 */
import { withRealPaths } from '../agents/real-paths.ts';
import { judgeTool, type ToolPolicy, type ToolUse } from '../agents/tool-policy.ts';

const READS = new Set(['Read', 'Grep', 'Glob', 'LS', 'NotebookRead', 'TodoWrite']);
const EDITS = new Set(['Edit', 'MultiEdit', 'Write', 'NotebookEdit']);

/** The answer to a permission prompt as the CLI wants it: JSON in a text. */
export function approvalText(policy: ToolPolicy, tool: string, input: Readonly<Record<string, unknown>>): string {
  const judgement = judgeTool(policy, withRealPaths(useOf(tool, input), policy.roots[0] ?? '/'));
  return JSON.stringify(
    judgement.isAllowed
      ? { behavior: 'allow', updatedInput: input }
      : {
          behavior: 'deny',
          message: `${judgement.reason} Nobody is available to approve it: continue without it, or report what blocks you.`,
        },
  );
}

function useOf(tool: string, input: Readonly<Record<string, unknown>>): ToolUse {
  const names = [tool];
  if (READS.has(tool)) {
    const paths = [input.file_path, input.notebook_path, input.path].filter((path) => typeof path === 'string');
    return { names, kind: 'read', command: null, paths };
  }
  if (EDITS.has(tool)) {
    const paths = [input.file_path, input.notebook_path].filter((path) => typeof path === 'string');
    return { names, kind: 'edit', command: null, paths };
  }
  const command = typeof input.command === 'string' ? input.command : null;
  return { names, kind: tool === 'Bash' ? 'execute' : 'other', command, paths: [] };
}
