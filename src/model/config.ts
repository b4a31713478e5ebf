/**
 * pawl.config.json: its schema, its defaults, and reading it.
 *
 * Owns: the keys of the config and what each may hold; docs/schemas/config.schema.json is made from it.
 * Does not own: finding the file (cli), starting agents (adapters/agents), what a limit means (model/limits).
 *
 * Invariant: 1. An unknown key is an error that names it: a misspelt setting never passes for a default.
 */
import { z } from 'zod';
import { readJson } from '../base/json-text.ts';
import { acpAgentSchema, nativeAgentSchema } from './agent-config.ts';
import { AGENT_NAME, AGENT_NAME_RULE } from './agent-name.ts';
import { filled, variableName, word } from './config-words.ts';
import { PawlError } from './error.ts';
import { limitShape, parallelRunsSchema } from './limit-schema.ts';
import { issueLines } from './schema-issue.ts';
import { SCRIPT_KEY, STEP_KINDS } from './script.ts';
import { AGENT_KINDS } from './turn.ts';

const nameRule = { error: AGENT_NAME_RULE };
const aboveZero = { error: 'must be a positive number' };
const wholeAboveZero = { error: 'must be a positive integer' };
const agentName = z.string(nameRule).regex(AGENT_NAME, nameRule);

const commandAgentSchema = z.strictObject({
  kind: z.literal('command'),
  argv: z
    .tuple([filled], word, { error: 'must be a list: the program, then its arguments' })
    .describe('Program and arguments, no shell. Placeholders: {taskFile}, {completionFile}, {worktree}.'),
  env: z.array(variableName).default([]).describe("Names of variables passed on from Pawl's own environment."),
  completion: z
    .enum(['file', 'exitCode'], { error: 'must be "file" or "exitCode"' })
    .default('file')
    .describe('Where the answer is: the completion file, or the exit code alone.'),
});

const stepSchema = z.looseObject(
  { do: z.enum(STEP_KINDS, { error: `must be one of ${STEP_KINDS.join(', ')}` }) },
  { error: 'must be an object with "do"' },
);
const stepsSchema = z.record(
  z.string().regex(SCRIPT_KEY, { error: 'must be <purpose>, <purpose>.e<epoch>, .a<attempt> or both' }),
  z.array(stepSchema, { error: 'must be a list of steps' }),
);
const scriptSchema = z
  .object({ tasks: z.record(z.string(), stepsSchema).optional() }, { error: 'must be an object of steps' })
  .catchall(z.array(stepSchema, { error: 'must be a list of steps' }))
  .refine((script) => Object.keys(script).every((key) => key === 'tasks' || SCRIPT_KEY.test(key)), {
    error: 'must have keys like <purpose>, <purpose>.e<epoch>, .a<attempt> or both',
  });

const scriptedAgentSchema = z
  .strictObject({
    kind: z.literal('scripted'),
    script: filled.optional().describe("A script file, relative to the config's folder."),
    steps: scriptSchema.optional().describe('The same script, inline.'),
  })
  .refine((agent) => agent.script === undefined || agent.steps === undefined, {
    error: 'has both "script" and "steps"; use one of them',
  });

const agentSchema = z.discriminatedUnion(
  'kind',
  [commandAgentSchema, scriptedAgentSchema, nativeAgentSchema, acpAgentSchema],
  {
    error: `must be one of command, scripted, ${AGENT_KINDS.join(', ')}`,
  },
);

const rolesSchema = z.strictObject({
  implementer: agentName.optional(),
  fixer: agentName.optional(),
  reviewer: agentName.optional(),
  verifier: agentName.optional(),
});

/** The whole config file. */
export const configSchema = z
  .strictObject(
    {
      $schema: z.string().optional(),
      agents: z
        .record(agentName, agentSchema, {
          error: (issue) => (issue.code === 'invalid_key' ? nameRule.error : 'must be an object of agents by name'),
        })
        .default({})
        .describe('The agents, by name.'),
      roles: rolesSchema.default({}).describe('Which agent does what; without it, the only agent there is.'),
      verification: z
        .strictObject({
          allow: z
            .array(filled, { error: 'must be a list of command patterns' })
            .default([])
            .describe('Commands that packets may run, compared word by word; "*" as the last word: any further words.'),
        })
        .default({ allow: [] }),
      workspace: z
        .strictObject({
          setup: z
            .array(filled, { error: 'must be a list of commands' })
            .default([])
            .describe('Commands that prepare a fresh worktree; the allow-list must admit them.'),
        })
        .default({ setup: [] }),
      scm: z
        .strictObject({
          allowRepos: z
            .array(filled, { error: 'must be a list of repositories, as owner/name' })
            .default([])
            .describe('Repositories that packets may name although the origin of this clone is another one.'),
        })
        .default({ allowRepos: [] }),
      surface: z
        .enum(['lease', 'strict'], { error: 'must be "lease" or "strict"' })
        .default('lease')
        .describe(
          'What happens when work touches a path outside its conflict surface: "lease" leases it if no live run holds it; "strict" has a person decide.',
        ),
      limits: z
        .strictObject({
          ...z.object(limitShape).partial().shape,
          parallelRunsMax: parallelRunsSchema.optional(),
        })
        .default({})
        .describe('Overrides of the default limits.'),
      budget: z
        .strictObject({
          usd: z.number(aboveZero).positive(aboveZero).optional(),
          tokens: z.int(wholeAboveZero).positive(wholeAboveZero).optional(),
        })
        .default({})
        .describe(
          'What all runs of this registry together may use; a run is bounded by limits.budgetUsd and limits.tokens.',
        ),
      notify: z
        .union([filled, z.tuple([filled], word)], {
          error: 'must be a command, or a list: the program, then its arguments',
        })
        .optional()
        .describe(
          'Called when a run is done, blocked, failed or set aside: a command, no shell, or program and arguments.',
        ),
    },
    { error: 'must be an object' },
  )
  .meta({ title: 'Pawl config', description: 'pawl.config.json' });

/** The config, checked, its defaults filled in. */
export type Config = z.infer<typeof configSchema>;
/** One agent of the config. */
export type AgentConfig = z.infer<typeof agentSchema>;
/** An agent that is any program of the user's. */
export type CommandAgentConfig = z.infer<typeof commandAgentSchema>;
/** An agent that follows a script. */
export type ScriptedAgentConfig = z.infer<typeof scriptedAgentSchema>;

/** The config of `text`, defaults filled in; all defaults when `text` is null (no file). `path` names it in errors. Throws PAWL_CONFIG_INVALID. */
export function parseConfig(text: string | null, path: string): Config {
  const checked = configSchema.safeParse(text === null ? {} : read(text, path));
  if (checked.success) return checked.data;
  throw invalid(path, issueLines(checked.error.issues).join('; '));
}

function read(text: string, path: string): unknown {
  const reading = readJson(text);
  if (reading.kind === 'wrong') throw invalid(path, reading.problem, reading.cause);
  return reading.value;
}

function invalid(path: string, problems: string, cause?: unknown): PawlError {
  return new PawlError({
    code: 'PAWL_CONFIG_INVALID',
    message: `Invalid config: ${problems}.`,
    subject: path,
    hint: 'Correct it; docs/agents.md describes every key, docs/schemas/config.schema.json checks it in an editor.',
    cause,
  });
}
