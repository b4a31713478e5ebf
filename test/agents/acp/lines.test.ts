/** What counts as a line of the ACP worker, and that nothing an agent says breaks anything. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acp } from '../../../src/adapters/agents/acp.ts';
import { AcpTurn } from '../../../src/adapters/agents/acp-events.ts';
import { answerPermission } from '../../../src/adapters/agents/acp-permission.ts';
import { encodeAcpSpec, parseAcpSpec } from '../../../src/adapters/agents/acp-spec.ts';
import { fieldsOf } from '../../../src/adapters/agents/line-fields.ts';
import type { ToolPolicy } from '../../../src/adapters/agents/tool-policy.ts';
import type { Json } from '../../../src/base/canonical-json.ts';
import { plainSpec } from './conversation.ts';

const json = fc.jsonValue().map((value) => value as Json);
const key = fc.constantFrom(
  'sessionUpdate',
  'content',
  'text',
  'toolCallId',
  'status',
  'kind',
  'title',
  'cost',
  'amount',
  'rawInput',
  'command',
  'locations',
  'path',
  '_meta',
  'usage',
  'options',
);
const word = fc.constantFrom<Json>(
  'tool_call',
  'tool_call_update',
  'usage_update',
  'agent_message_chunk',
  'completed',
  'execute',
  'edit',
  'USD',
  '../x',
  'npm test',
  -1,
  1e300,
  null,
);
const { message } = fc.letrec<{ message: Json; list: Json }>((tie) => ({
  message: fc.oneof({ maxDepth: 4 }, word, json, fc.dictionary(key, tie('message'), { maxKeys: 6 }), tie('list')),
  list: fc.array(tie('message'), { maxLength: 3 }),
}));
const policy: ToolPolicy = {
  ...{ permission: 'edit', allowedTools: [], allowedCommands: [['npm', 'test']], roots: ['/w/tree'], ownServer: null },
};

describe('a line', () => {
  it.each<Json>([
    null,
    [[]],
    'started',
    {},
    { type: 'never' },
    { type: 'toString' },
    { type: 'text', text: 1, isDelta: true },
    { type: 'text', text: 'x' },
    { type: 'usage', scope: 'session', id: null, inputTokens: -1, outputTokens: 0, usd: null },
    { type: 'ended', how: 'well', cause: 'other', reason: '' },
  ])('that is no event is not known: %j', (line) => {
    expect(acp.read(line)).toBeNull();
  });

  it('of any kind is an event or is not known', () => {
    fc.assert(fc.property(message, (line) => [null, 1].includes(acp.read(line)?.length ?? null)));
  });
});

describe('whatever an agent says', () => {
  it('becomes events that the adapter knows', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 4 }), message, (updates, answer) => {
        const turn = new AcpTurn(0);
        const events = [...updates.flatMap((update) => turn.update(fieldsOf(update))), ...turn.end(answer)];
        for (const event of events) expect(acp.read(JSON.parse(JSON.stringify(event)))).toEqual([event]);
        expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1);
      }),
    );
  });

  it('in a permission request is answered', () => {
    fc.assert(
      fc.property(message, message, (call, options) => {
        const { outcome, denied } = answerPermission(policy, fieldsOf(call), options);
        expect(denied !== null || outcome.outcome === 'selected').toBe(true);
      }),
    );
  });
});

describe('a permission request', () => {
  const options: Json = [
    { optionId: 'yes', kind: 'allow_once' },
    { optionId: 'no', kind: 'reject_once' },
  ];
  const chosen = (call: Json, rules: Partial<ToolPolicy> = {}) => {
    const { outcome } = answerPermission({ ...policy, ...rules }, fieldsOf(call), options);
    return outcome.outcome === 'selected' && outcome.optionId === 'yes';
  };

  it('for an edit is judged by every file that it names', () => {
    const edit = { kind: 'edit', title: 'Edit' };
    expect(chosen({ ...edit, locations: [{ path: '/w/tree/a' }] })).toBe(true);
    expect(chosen({ ...edit, rawInput: { file_path: '/w/tree/a' } })).toBe(true);
    expect(chosen({ ...edit, content: [{ type: 'diff', path: '/w/tree/a' }] })).toBe(true);
    expect(chosen({ ...edit, locations: [{ path: '/w/tree/a' }], rawInput: { file_path: '/x' } })).toBe(false);
    expect(chosen({ ...edit, rawInput: { changes: { '/w/tree/a': {}, '/x': {} } } })).toBe(false);
    expect(chosen({ ...edit, kind: 'move', rawInput: { path: '/w/tree/a', destination: '/x' } })).toBe(false);
    expect(chosen(edit)).toBe(false);
  });

  it('for a command is judged by the command, whatever it calls itself', () => {
    expect(chosen({ kind: 'execute', rawInput: { command: ['bash', '-lc', 'npm test'] } })).toBe(true);
    expect(chosen({ kind: 'read', rawInput: { command: 'rm -rf /x' } })).toBe(false);
    expect(chosen({ kind: 'read', rawInput: { command: { run: 'npm test' } } })).toBe(false);
    expect(chosen({ kind: 'execute', title: 'npm test' })).toBe(false);
  });

  it('is not let through by a title that the model wrote', () => {
    const rules = { allowedTools: ['Safe'], ownServer: 'pawl' };
    expect(chosen({ kind: 'execute', title: 'Safe', rawInput: { command: 'rm /x' } }, rules)).toBe(false);
    expect(chosen({ kind: 'fetch', title: 'Safe' }, rules)).toBe(false);
    expect(chosen({ kind: 'other', title: 'Safe', name: 'unsafe' }, rules)).toBe(false);
    expect(chosen({ kind: 'other', title: 'Safe' }, rules)).toBe(true);
    expect(chosen({ title: 'complete_task (pawl MCP Server)' }, rules)).toBe(true);
    expect(chosen({ _meta: { claudeCode: { toolName: 'mcp__pawl__get_task' } }, kind: 'other' }, rules)).toBe(true);
  });
});

describe('a spec', () => {
  it('is read back as it was written', () => {
    const spec = { ...plainSpec, model: 'm', mcp: { name: 'pawl', command: 'node', args: ['', 'a b'] } };
    expect(parseAcpSpec(Buffer.from(encodeAcpSpec(spec)))).toEqual({ ok: true, value: spec });
  });
});
