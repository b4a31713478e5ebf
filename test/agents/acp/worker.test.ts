/** The ACP worker as the host starts it: a process with an agent of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acp, acpCommand } from '../../../src/adapters/agents/acp.ts';
import { encodeAcpSpec } from '../../../src/adapters/agents/acp-spec.ts';
import { builtPath } from '../../../src/adapters/built-path.ts';
import type { AgentEvent } from '../../../src/model/agent-event.ts';
import { FIXTURE_AGENT, plainSpec } from './conversation.ts';

const PROMPT = '-- "do" it\n';

let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-acp-'));
  writeFileSync(join(folder, 'prompt'), PROMPT);
});

afterEach(() => {
  for (const child of started.splice(0))
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(spec: string) {
  const prompt = openSync(join(folder, 'prompt'), 'r');
  const child = spawn(process.execPath, [builtPath('adapters/agents/acp-worker.js'), spec], {
    cwd: folder,
    stdio: [prompt, 'pipe', 'pipe'],
  });
  closeSync(prompt);
  started.push(child);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
      child.emit('said');
    });
  }
  const ended = new Promise<{ code: number | null; events: readonly AgentEvent[]; stderr: string }>((done, fail) => {
    child.once('error', fail).once('close', (code) => {
      const lines = said.stdout.split('\n').slice(0, -1);
      const events = lines.flatMap((line) => acp.read(JSON.parse(line)) ?? [{ type: 'answer', value: line } as const]);
      done({ code, events: events.filter(({ type }) => type !== 'noted'), stderr: said.stderr });
    });
  });
  return { child, said, ended };
}

const specOf = (argv: readonly string[]) => encodeAcpSpec({ ...plainSpec, worktree: folder, argv });
const fixture = (scenario: string) => start(specOf([process.execPath, FIXTURE_AGENT, scenario]));
const isAlive = (stderr: string): boolean => {
  const pid = Number(/^pid (\d+)$/m.exec(stderr)?.[1]);
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // No such process.
  }
};

/** Stops the worker when its agent has the prompt. */
async function stopped(scenario: string) {
  const { child, said, ended } = fixture(scenario);
  await new Promise<void>((done) => {
    child.on('said', () => said.stdout.includes('"noted"') && done());
    child.on('close', () => done());
  });
  child.kill('SIGTERM');
  return await ended;
}

describe('the ACP worker', () => {
  it('prints the events of its turn, hands the prompt over from its stdin, and leaves no agent behind', async () => {
    const { code, events, stderr } = await fixture('ok').ended;
    expect(code).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(['started', 'text', 'text', 'ended']);
    expect(events[2]).toMatchObject({ text: PROMPT });
    expect(isAlive(stderr)).toBe(false);
  });

  it('reads its spec from a file as well, and receives what is sent after the end', async () => {
    const path = join(folder, 'spec.json');
    writeFileSync(path, specOf([process.execPath, FIXTURE_AGENT, 'late']));
    const { code, events } = await start(path).ended;
    expect(code).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(['started', 'ended', 'usage']);
  });

  it('continues over lines that are not messages', async () => {
    const { code, events } = await fixture('garbage').ended;
    expect(code).toBe(0);
    expect(events.map(({ type }) => type)).toEqual(['started', 'toolStarted', 'ended']);
  });

  it('reports no end when its agent dies, and fails', async () => {
    const { code, events } = await fixture('dies').ended;
    expect(code).toBe(1);
    expect(events.map(({ type }) => type)).toEqual(['started', 'text']);
  });

  it('says so when its agent cannot be started', async () => {
    const { code, events } = await start(specOf([join(folder, 'nothing-here')])).ended;
    expect(code).toBe(1);
    expect(events).toEqual([
      { ...{ type: 'ended', how: 'failed', cause: 'other' }, reason: expect.stringContaining('ENOENT') },
    ]);
  });

  it('ends the turn of its agent on SIGTERM', async () => {
    const { code, events, stderr } = await stopped('hang');
    expect(code).toBe(1);
    expect(events.at(-1)).toMatchObject({ type: 'ended', how: 'interrupted' });
    expect(isAlive(stderr)).toBe(false);
  });

  it('kills an agent that listens to nothing', async () => {
    const { code, events, stderr } = await stopped('deaf');
    expect(code).toBe(1);
    expect(events.map(({ type }) => type)).toEqual(['started']);
    expect(isAlive(stderr)).toBe(false);
  });

  it('refuses what is not a spec', async () => {
    const { code, events, stderr } = await start('{"argv":[]}').ended;
    expect({ code, events }).toEqual({ code: 2, events: [] });
    expect(stderr).toMatch(/^pawl acp worker: the spec /);
  });
});

describe('the command of an ACP agent', () => {
  const turn = {
    ...plainSpec,
    ...{ prompt: PROMPT, lookingCommands: [], maxTurns: null, budget: { tokens: null, usd: null }, answerSchema: null },
    extraArgs: ['agent', '--acp'],
  };

  it('is one argument that the worker reads, the prompt apart from it', () => {
    const { args, stdin, env } = acp.command(turn);
    expect({ stdin, env }).toEqual({ stdin: 'prompt', env: {} });
    expect(args).toEqual([encodeAcpSpec({ ...plainSpec, argv: ['agent', '--acp'] })]);
    expect(acpCommand(turn, ['other'], 6.5, true).args).toEqual([
      encodeAcpSpec({ ...plainSpec, argv: ['other'], usedTokensBefore: 7, acceptsOwnMode: true }),
    ]);
    expect(args.join()).not.toContain(PROMPT.trim());
  });
});
