/** How an agent is asked for its answer: in the one way that costs the fewest calls of its model, and with a schema only where it is to answer by it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { codingAgentOf, turnCommandOf } from '../../src/adapters/agents/coding.ts';
import { fieldsOf, objectOf } from '../../src/adapters/agents/line-fields.ts';
import { strictSchema } from '../../src/adapters/agents/strict-schema.ts';
import type { Json, JsonObject } from '../../src/base/canonical-json.ts';
import { nativeAgentSchema } from '../../src/model/agent-config.ts';
import { PURPOSES } from '../../src/model/limits.ts';
import type { AgentKind } from '../../src/model/turn.ts';
import type { TurnOrder } from '../../src/ports/agent.ts';
import { readAnswer } from '../../src/turn/answer.ts';
import { answerSchema } from '../../src/turn/task-document.ts';
import { encode } from '../../src/turn/task-files.ts';
import { TURN_ORDER } from '../support/turn-order.ts';

const folder = mkdtempSync(join(tmpdir(), 'pawl-answers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PLACE = { configFolder: folder, environment: { PATH: process.env.PATH }, allowedCommands: [], mcpServer: null };
const PLACES = { worktree: '/w', taskFile: '/t', completionFile: '/c' };
const ORDER: TurnOrder = { ...TURN_ORDER, answerSchema: answerSchema('implementation'), mayRemind: true };

const configOf = (kind: Exclude<AgentKind, 'acp'>, structuredOutput?: boolean) =>
  nativeAgentSchema.parse({ kind, mcp: false, ...(structuredOutput === undefined ? {} : { structuredOutput }) });

/** What the agent is asked by, and the schema that it is given. */
async function asked(kind: Exclude<AgentKind, 'acp'>, structuredOutput?: boolean): Promise<readonly [string, Json]> {
  const program = join(folder, kind);
  const flags =
    '-p --allowedTools --disallowedTools -s -c -m --json --output-format --verbose --settings --permission-mode --json-schema --output-schema';
  const version = kind === 'claude' ? '2.0.0 (Claude Code)' : 'codex-cli 0.2.0';
  const help = flags.split(' ').join('\n');
  writeFileSync(program, `#!/bin/sh\ncase "$*" in *--version*) echo "${version}";; *) echo "${help}";; esac\n`, {
    mode: 0o755,
  });
  const config = { ...configOf(kind, structuredOutput), program };
  const { turn } = await turnCommandOf('coder', config, PLACE, PLACES, ORDER);
  return [codingAgentOf(config, PLACE).answer, turn?.answerSchema ?? null];
}

describe('the way to answer', () => {
  it.each(['claude', 'opencode', 'gemini', 'copilot', 'qwen'] as const)('of %s is its last message', (kind) => {
    expect(codingAgentOf(configOf(kind), PLACE).answer).toBe('message');
  });

  it.each(['opencode', 'gemini', 'copilot', 'qwen'] as const)('of %s is that with structuredOutput too', (kind) => {
    expect(codingAgentOf(configOf(kind, true), PLACE).answer).toBe('message');
  });

  it('of Claude Code is structured only on the operator’s word, and else no schema makes it ask again', async () => {
    expect(await asked('claude')).toEqual(['message', null]);
    expect(await asked('claude', false)).toEqual(['message', null]);
    expect(await asked('claude', true)).toEqual(['structured', ORDER.answerSchema]);
  });

  it('of Codex is structured, with a strict schema, unless the operator says otherwise', async () => {
    const strict = strictSchema(ORDER.answerSchema);
    expect(await asked('codex')).toEqual(['structured', strict]);
    expect(await asked('codex', true)).toEqual(['structured', strict]);
    expect(await asked('codex', false)).toEqual(['message', null]);
  });
});

/** Every schema within a schema, itself first. */
function within(schema: Json): readonly JsonObject[] {
  const fields = objectOf(schema);
  if (fields === null) return [];
  const { properties, items, anyOf } = fields;
  const inner = [...Object.values(fieldsOf(properties)), items ?? null, ...(Array.isArray(anyOf) ? anyOf : [])];
  return [fields, ...inner.flatMap((one) => within(one ?? null))];
}

describe('a strict schema', () => {
  it.each(PURPOSES)(
    'of an answer to a %s requires everything, allows nothing else, and types every value',
    (purpose) => {
      for (const schema of within(strictSchema(answerSchema(purpose)))) {
        expect('type' in schema || 'anyOf' in schema, JSON.stringify(schema)).toBe(true);
        expect(schema).not.toHaveProperty('const');
        if (schema.type !== 'object') continue;
        expect(schema.additionalProperties).toBe(false);
        expect(schema.required).toEqual(Object.keys(fieldsOf(schema.properties)));
      }
    },
  );

  it('lets what may be left out be null, which is not a flaw of an answer', () => {
    const strict = fieldsOf(strictSchema(answerSchema('review')));
    const nullable = Object.entries(fieldsOf(strict.properties)).filter(([, schema]) => 'anyOf' in fieldsOf(schema));
    expect(nullable.map(([name]) => name)).toEqual(['v', 'filesChanged', 'problem']);
    const finding = { severity: 'info', message: 'm', file: null, line: null };
    const verdict = { status: 'PASS', summary: 's', findings: [finding] };
    const answer = { v: null, status: 'completed', summary: 's', filesChanged: null, verdict, problem: null };
    expect(readAnswer(encode(answer), 'review').kind).toBe('valid');
  });

  it('leaves what is not a schema of an object as it is', () => {
    expect(strictSchema(true)).toBe(true);
    expect(strictSchema({ type: 'array', items: { const: 1 } })).toEqual({
      type: 'array',
      items: { type: 'integer', enum: [1] },
    });
  });
});
