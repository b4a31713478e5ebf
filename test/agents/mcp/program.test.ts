/** `pawl mcp` as an agent starts it: a process that speaks over standard input and output. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLI, startPawl } from '../../support/pawl-cli.ts';
import { TaskPlace } from './task-place.ts';

let place: TaskPlace;

beforeEach(() => {
  place = new TaskPlace();
});

afterEach(() => place.remove());

const message = (id: number, method: string, params: unknown = {}) =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;

describe('pawl mcp', () => {
  it('answers over stdio, also what it does not know, and ends when its stdin does', async () => {
    const args = ['mcp', '--task', place.folder, '--mark', 'mark-1'];
    const child = spawn(process.execPath, [CLI, ...args], { cwd: place.worktree, stdio: ['pipe', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    const client = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
    child.stdin.end(
      message(1, 'server/discover') +
        message(2, 'initialize', client) +
        message(3, 'tools/call', { name: 'complete_task', arguments: { summary: 'did it' } }),
    );
    const code = await new Promise((done, fail) => child.once('error', fail).once('close', done));
    expect(code).toBe(0);
    const said = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number });
    expect(said.toSorted((a, b) => a.id - b.id)).toMatchObject([
      { id: 1, error: { code: -32601 } },
      { id: 2, result: { serverInfo: { name: 'pawl' } } },
      { id: 3, result: { content: [{ type: 'text' }] } },
    ]);
    expect(place.answer()).toMatchObject({ status: 'completed', summary: 'did it' });
  });

  it('refuses a task that is not its own with exit 2, and says so on stderr alone', async () => {
    const end = await startPawl(place.worktree, process.env, ['mcp', '--task', place.folder, '--mark', 'no']).ended;
    expect(end).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('PAWL_TASK_REFUSED') });
    expect(existsSync(place.answerPath)).toBe(false);
  });
});
