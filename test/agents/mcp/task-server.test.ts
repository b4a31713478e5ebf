/** The tools that an agent has by MCP: what they keep, what they refuse. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ToolPolicy } from '../../../src/adapters/agents/tool-policy.ts';
import { createTaskServer } from '../../../src/adapters/mcp/task-server.ts';
import { openTask } from '../../../src/adapters/mcp/task-service.ts';
import type { PawlError } from '../../../src/model/error.ts';
import { readAnswer } from '../../../src/turn/answer.ts';
import { TaskPlace } from './task-place.ts';

let place: TaskPlace;
const clients: Client[] = [];

beforeEach(() => {
  place = new TaskPlace();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  place.remove();
});

async function connected(policy: ToolPolicy | null = null, at: TaskPlace = place): Promise<Client> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await createTaskServer(openTask(at.folder, 'mark-1'), policy).connect(ours);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(theirs);
  clients.push(client);
  return client;
}

async function call(client: Client, name: string, input: Record<string, unknown> = {}) {
  const result = CallToolResultSchema.parse(await client.callTool({ name, arguments: input }));
  const [content] = result.content;
  return { isError: result.isError === true, text: content?.type === 'text' ? content.text : '' };
}

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    return (error as PawlError).code;
  }
  return 'nothing thrown';
};

describe('a task', () => {
  it('is not served to who has not got its mark', () => {
    expect(codeOf(() => openTask(place.folder, 'mark-2'))).toBe('PAWL_TASK_REFUSED');
    expect(codeOf(() => openTask(place.folder, ''))).toBe('PAWL_TASK_REFUSED');
  });

  it('is not served without a request that can be read', () => {
    expect(codeOf(() => openTask(join(place.top, 'nowhere'), 'mark-1'))).toBe('PAWL_TASK_REFUSED');
    expect(codeOf(() => openTask(join(place.folder, 'request.json'), 'mark-1'))).toBe('PAWL_TASK_REFUSED');
    place.write('request.json', '{"v":1,"mark":"mark-1"}');
    expect(codeOf(() => openTask(place.folder, 'mark-1'))).toBe('PAWL_TASK_REFUSED');
  });

  it('is not served when it has an outcome', () => {
    place.write('outcome', '{}');
    expect(codeOf(() => openTask(place.folder, 'mark-1'))).toBe('PAWL_TASK_REFUSED');
  });

  it('is given to its agent as JSON', async () => {
    expect(await call(await connected(), 'get_task')).toEqual({ isError: false, text: '{"any":[null]}' });
  });

  it('has three tools, and a fourth only where permissions are asked for', async () => {
    const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name);
    expect(await names(await connected())).toEqual(['get_task', 'complete_task', 'report_blocked']);
    expect(await names(await connected(rules('edit')))).toContain('approve');
  });
});

describe('an answer', () => {
  const done = { summary: 'did it', filesChanged: ['a.ts'] };

  it('is kept beside the completion file, as the host reads it', async () => {
    const said = await call(await connected(), 'complete_task', { ...done, status: 'completed', task_id: 't' });
    expect(said.isError).toBe(false);
    expect(place.answer()).toMatchObject({ status: 'completed', ...done, verdict: null, problem: null });
    expect(readAnswer(Buffer.from(JSON.stringify(place.answer())), 'fix').kind).toBe('valid');
    expect(readdirSync(place.answerFolder)).toEqual(['mcp-completion.json']);
  });

  it('of a review may say of single criteria whether they are met', async () => {
    const criteria = [{ criterion: 'A1', status: 'met', evidence: 'test/a.js:3' }];
    const verdict = { status: 'PASS', summary: 'fine', findings: [], criteria };
    const said = await call(await connected(), 'complete_task', { summary: 'did it', verdict });
    expect(said.isError).toBe(false);
    expect(place.answer()).toMatchObject({ verdict: { status: 'PASS', criteria } });
  });

  it('that is given twice is one answer, also by another server', async () => {
    const client = await connected();
    const first = await call(client, 'complete_task', done);
    expect(await call(client, 'complete_task', done)).toEqual(first);
    expect(await call(await connected(), 'complete_task', done)).toEqual(first);
  });

  it('that differs from the one that stands is refused and changes nothing', async () => {
    const client = await connected();
    await call(client, 'complete_task', done);
    const before = place.answer();
    for (const [tool, input] of [
      ['complete_task', { summary: 'no, this' }],
      ['report_blocked', { reason: 'no way' }],
    ] as const) {
      expect(await call(client, tool, input)).toEqual({
        isError: true,
        text: expect.stringMatching(/^Already answered/),
      });
    }
    expect(place.answer()).toEqual(before);
  });

  it('for another task is refused', async () => {
    const said = await call(await connected(), 'complete_task', { ...done, task_id: 'other' });
    expect(said).toEqual({ isError: true, text: 'Refused: this is task t.' });
    expect(existsSync(place.answerPath)).toBe(false);
  });

  it('after the outcome is refused', async () => {
    const client = await connected();
    place.write('outcome', '{}');
    expect(await call(client, 'complete_task', done)).toEqual({ isError: true, text: 'Refused: the task has ended.' });
    expect(existsSync(place.answerPath)).toBe(false);
  });

  it('of a blocked agent names the problem', async () => {
    const said = await call(await connected(), 'report_blocked', {
      reason: 'no key',
      code: 'NO_KEY',
      message: 'add it',
    });
    expect(said.isError).toBe(false);
    expect(place.answer()).toMatchObject({
      status: 'blocked',
      summary: 'no key',
      problem: { code: 'NO_KEY', message: 'add it' },
    });
  });

  it.each([
    ['complete_task', {}],
    ['complete_task', { summary: 'x', status: 'failed' }],
    ['complete_task', { summary: 'x', filesChanged: [1] }],
    ['complete_task', { summary: 'x', verdict: { status: 'MAYBE', summary: '', findings: [] } }],
    ['complete_task', { summary: 'x'.repeat(2 * 1024 * 1024) }],
    ['report_blocked', {}],
  ])('that is not valid is refused with its reason: %s %.40j', async (tool, input) => {
    const said = await call(await connected(), tool, input);
    expect(said.isError).toBe(true);
    expect(said.text.length).toBeGreaterThan(10);
    expect(existsSync(place.answerPath)).toBe(false);
  });

  it('of a gate needs its verdict', async () => {
    const gate = new TaskPlace({ purpose: 'review' });
    try {
      const client = await connected(null, gate);
      expect((await call(client, 'complete_task', done)).text).toMatch(/a completed review needs a `verdict`/);
      const verdict = { status: 'PASS', summary: 'fine', findings: [] };
      expect((await call(client, 'complete_task', { ...done, verdict })).isError).toBe(false);
    } finally {
      gate.remove();
    }
  });

  it('never leaves the worktree through a link', async () => {
    mkdirSync(join(place.top, 'elsewhere'));
    symlinkSync(join(place.top, 'elsewhere'), join(place.worktree, '.pawl-task'));
    expect((await call(await connected(), 'complete_task', done)).text).toMatch(/^Refused: a symbolic link/);
    expect(existsSync(join(place.top, 'elsewhere/t/mcp-completion.json'))).toBe(false);
  });

  it('with text that has no canonical form is cleaned, not thrown', async () => {
    expect((await call(await connected(), 'complete_task', { summary: 'a\ud800b' })).isError).toBe(false);
  });
});

const rules = (permission: ToolPolicy['permission']): ToolPolicy => ({
  permission,
  allowedTools: ['WebSearch'],
  allowedCommands: [['npm', 'test', '*']],
  roots: [place.worktree],
  ownServer: 'pawl',
});

describe('a permission prompt', () => {
  const asked = async (permission: ToolPolicy['permission'], tool: string, input: Record<string, unknown>) => {
    const said = await call(await connected(rules(permission)), 'approve', {
      tool_name: tool,
      input,
      tool_use_id: 'toolu_1',
    });
    expect(said.isError).toBe(false);
    return JSON.parse(said.text) as { behavior: string; updatedInput?: unknown; message?: string };
  };

  it('that the rules allow is answered with the same input', async () => {
    const input = { command: 'npm test -- --run', description: 'tests' };
    expect(await asked('edit', 'Bash', input)).toEqual({ behavior: 'allow', updatedInput: input });
    expect((await asked('edit', 'Write', { file_path: join(place.worktree, 'a.ts') })).behavior).toBe('allow');
    expect((await asked('read', 'Read', { file_path: join(place.worktree, 'a.ts') })).behavior).toBe('allow');
    expect((await asked('read', 'Bash', { command: 'git log -1 && npm test 2>&1 | tail -3' })).behavior).toBe('allow');
    expect((await asked('edit', 'Bash', { command: 'mkdir -p src && touch src/a.ts' })).behavior).toBe('allow');
    expect((await asked('edit', 'WebSearch', { query: 'x' })).behavior).toBe('allow');
    expect((await asked('edit', 'mcp__pawl__complete_task', { summary: 'x' })).behavior).toBe('allow');
  });

  it('that no rule allows is denied with a reason', async () => {
    const denied = await asked('edit', 'Bash', { command: 'npm test; rm -rf /' });
    expect(denied).toEqual({ behavior: 'deny', message: expect.stringMatching(/not among those that are allowed/) });
    expect((await asked('edit', 'Bash', { command: 'npm test $(id)' })).message).toMatch(/plain commands/);
    expect((await asked('read', 'Bash', { command: 'git add -A && git commit -m x' })).message).toMatch(
      /^Do not commit/,
    );
    expect((await asked('read', 'Read', { file_path: '/etc/hosts' })).behavior).toBe('deny');
    symlinkSync('/etc', join(place.worktree, 'link'));
    expect((await asked('read', 'Read', { file_path: join(place.worktree, 'link/hosts') })).behavior).toBe('deny');
    expect((await asked('edit', 'Bash', { command: 'echo x > link/hosts' })).behavior).toBe('deny');
    expect((await asked('read', 'Bash', { command: 'touch a.ts' })).behavior).toBe('deny');
    expect((await asked('edit', 'Write', { file_path: '/etc/hosts' })).behavior).toBe('deny');
    expect((await asked('read', 'Write', { file_path: join(place.worktree, 'a.ts') })).behavior).toBe('deny');
    expect((await asked('edit', 'WebFetch', { url: 'x' })).behavior).toBe('deny');
    expect((await asked('edit', 'Bash', {})).behavior).toBe('deny');
  });

  it('is always allowed where everything is', async () => {
    expect((await asked('bypass', 'Bash', { command: 'a; b' })).behavior).toBe('allow');
  });
});
