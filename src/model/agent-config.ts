/**
 * The agents of pawl.config.json that are real coding agents: their schema.
 *
 * Owns: the keys of an agent whose output Pawl reads, and what each may hold. Does not own: the rest of the config (model/config), what the keys do
 * (adapters/agents).
 */
import { z } from 'zod';
import { filled, variableName, word } from './config-words.ts';
import { AGENT_KINDS } from './turn.ts';

const NATIVE_KINDS = AGENT_KINDS.filter((kind) => kind !== 'acp');

const common = {
  model: filled.optional().describe("The model, as the agent names it. Default: the agent's own."),
  permission: z
    .enum(['edit', 'bypass'], { error: 'must be "edit" or "bypass"' })
    .default('edit')
    .describe(
      'edit: edits in the worktree and what is allowed, everything else is denied. bypass: nothing is denied; the report says so.',
    ),
  nativeMode: filled
    .optional()
    .describe("A permission mode as the agent names it, instead of what 'permission' stands for."),
  allowedTools: z
    .array(filled, { error: 'must be a list of tools' })
    .default([])
    .describe('Tools that need no permission, as the agent names them.'),
  expectedDenials: z
    .array(filled, { error: 'must be a list of tools' })
    .default([])
    .describe('Tools whose denial does not block a run, as the agent names them; "*": all.'),
  extraArgs: z.array(word, { error: 'must be a list of arguments' }).default([]).describe('Further arguments.'),
  env: z.array(variableName).default([]).describe("Names of variables passed on from Pawl's own environment."),
  maxTurns: z.int().min(1).max(10_000).optional().describe('Turns that the agent may take, where it can be bounded.'),
  resume: z.boolean().default(true).describe('An interrupted session is resumed. false: always a fresh one.'),
  fixResumesImplementer: z
    .boolean()
    .default(false)
    .describe("A fix resumes the implementer's session, when both are this agent."),
  mcp: z.boolean().default(true).describe("Pawl's MCP server is given to the agent, where it can take one."),
  structuredOutput: z
    .boolean()
    .optional()
    .describe(
      "The answer's JSON Schema is given to the agent, where it can take one. Default: where that costs no further call of its model.",
    ),
} as const;

/** A coding agent with an adapter of its own. */
export const nativeAgentSchema = z.strictObject({
  kind: z.enum(NATIVE_KINDS),
  program: filled.optional().describe("The program: a name on PATH, or a path, relative to the config's folder."),
  ...common,
});

/** Any agent that speaks the Agent Client Protocol. */
export const acpAgentSchema = z.strictObject({
  kind: z.literal('acp'),
  argv: z
    .tuple([filled], word, { error: 'must be a list: the program, then its arguments' })
    .describe('Program and arguments that start the agent in ACP mode, no shell.'),
  acceptsOwnMode: z
    .boolean()
    .default(false)
    .describe(
      'The agent works in the mode that it starts in, even if it need not ask there. false: in one in which it asks, or not at all.',
    ),
  ...common,
});

/** A coding agent with an adapter of its own. */
export type NativeAgentConfig = z.infer<typeof nativeAgentSchema>;
/** An agent that speaks the Agent Client Protocol. */
export type AcpAgentConfig = z.infer<typeof acpAgentSchema>;
/** A coding agent of the config. */
export type CodingAgentConfig = NativeAgentConfig | AcpAgentConfig;
