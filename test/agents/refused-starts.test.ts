/** What an agent cannot do, or does not know, is refused before anything of it starts. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { turnCommandOf } from '../../src/adapters/agents/coding.ts';
import { nativeAgentSchema } from '../../src/model/agent-config.ts';
import { PawlError } from '../../src/model/error.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { TurnOrder } from '../../src/ports/agent.ts';
import { TURN_ORDER } from '../support/turn-order.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-starts-'));
  program('old', 'codex-cli 0.1.0', ['-s', '--json', '-c', '-m']);
  program('new', 'codex-cli 0.2.0', ['-s', '--json', '-c', '-m', '--output-schema']);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that tells its version and its help, and would tell on itself if it were started for anything else. */
function program(name: string, version: string, flags: readonly string[]): void {
  const path = join(folder, name);
  const help = flags.map((flag) => `  ${flag} VALUE  does it`).join('\n');
  const script = `case "$*" in *--version*) echo "${version}";; *--help*) echo "${help}";; *) touch ${folder}/started;; esac`;
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

const ORDER: TurnOrder = { ...TURN_ORDER, mayRemind: true };

/** What starting that program with these settings comes to: its arguments, or the error. */
async function started(
  name: string,
  more: object = {},
  order: Partial<TurnOrder> = {},
): Promise<readonly string[] | PawlError> {
  const config = nativeAgentSchema.parse({ kind: 'codex', program: join(folder, name), mcp: false, ...more });
  const place = { configFolder: folder, environment: { PATH: process.env.PATH }, allowedCommands: [], mcpServer: null };
  try {
    const places = { worktree: '/w', taskFile: '/t', completionFile: '/c' };
    return (await turnCommandOf('coder', config, place, places, { ...ORDER, ...order })).argv;
  } catch (error) {
    if (error instanceof PawlError) return error;
    throw error;
  }
}

describe('a start', () => {
  it('that the installed version knows is made', async () => {
    expect(await started('new')).toEqual([
      join(folder, 'new'),
      'exec',
      '--json',
      '-s',
      'workspace-write',
      '--output-schema',
      '/task/answer-schema.json',
      '-',
    ]);
  });

  it('with a flag of ours that it does not know is refused, and another version advised', async () => {
    expect(await started('old')).toMatchObject({
      code: 'PAWL_AGENT_FLAG_UNKNOWN',
      message: 'Codex 0.1.0 ("coder") does not support --output-schema.',
      hint: 'Install a version that does (npm install -g @openai/codex), or name another agent.',
    });
    expect(await started('old', { structuredOutput: false })).toContain('exec');
  });

  it.each([['--brave'], ['--brave=yes']])(
    'with a flag of the config that it does not know says where that stands: %s',
    async (flag) => {
      expect(await started('new', { extraArgs: [flag] })).toMatchObject({
        code: 'PAWL_AGENT_FLAG_UNKNOWN',
        hint: 'Install a version that does, or remove it from extraArgs in pawl.config.json.',
      });
    },
  );

  it.each([
    [{ maxTurns: 3 }, 'cannot enforce maxTurns'],
    [{ allowedTools: ['x'] }, 'does not support allowedTools'],
  ])('with %j, which it has no way to do, is refused', async (more, why) => {
    expect(await started('new', more)).toMatchObject({
      code: 'PAWL_AGENT_CAPABILITY',
      message: `Codex ("coder") ${why}.`,
    });
  });

  it('of a program that does not exist says how it is installed', async () => {
    expect(await started('nowhere')).toMatchObject({
      code: 'PAWL_AGENT_MISSING',
      hint: expect.stringContaining('npm install -g @openai/codex'),
    });
  });

  it('with an argument that the system would not take is refused', async () => {
    const long = { extraArgs: [`-c${'x'.repeat(BOUNDS.argumentBytes)}`] };
    expect(await started('new', long)).toMatchObject({ code: 'PAWL_AGENT_CAPABILITY' });
  });

  it('that is refused, or only made, has started nothing', async () => {
    await started('new');
    await started('old');
    expect(existsSync(join(folder, 'started'))).toBe(false);
  });
});
