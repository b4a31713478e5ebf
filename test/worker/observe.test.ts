import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Life } from '../../src/base/process-identity.ts';
import type { AgentRecord, Claim, Outcome } from '../../src/model/request.ts';
import type { ProcessesPort, TreeSighting } from '../../src/ports/processes.ts';
import { fileRegisters } from '../../src/store/file-registers.ts';
import { Files } from '../../src/store/files.ts';
import { encodeAgentRecord, encodeClaim, encodeOutcome } from '../../src/turn/task-files.ts';
import { observeTask, treeHandle } from '../../src/worker/observe.ts';
import { identityOf } from '../host/fake-processes.ts';
import { plainRequest as request } from '../host/plain-request.ts';

const requestHash = 'a'.repeat(64);
const host = identityOf(50);
const worker = identityOf(60);
const claim: Claim = { v: 1, kind: 'host', requestHash, nonce: 'h', host, atMs: 1 };
const revoked: Claim = { v: 1, kind: 'revoked', requestHash, nonce: 'r', reason: 'cancelled', atMs: 1 };
const agent: AgentRecord = {
  v: 1,
  requestHash,
  nonce: 'h',
  worker,
  isNamespaced: false,
  mark: 'mark-1',
  sessionId: null,
  startedAtMs: 1,
};
const outcome: Outcome = {
  v: 2,
  requestHash,
  nonce: 'h',
  by: 'host',
  result: 'completed',
  cause: null,
  summary: '',
  exitCode: 0,
  signal: null,
  completion: null,
  output: null,
  stderr: null,
  head: null,
  tree: null,
  survivors: 0,
  startedAtMs: 1,
  endedAtMs: 2,
};
const clear: TreeSighting = { members: [], unknown: [], isLocked: false };

interface Table {
  readonly lives?: Readonly<Record<number, Life>>;
  readonly sighting?: TreeSighting;
  /** Runs while the table is asked. */
  readonly onLife?: (pid: number) => void;
  readonly onTree?: () => void;
}

function processesOf(table: Table): ProcessesPort & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    self: () => identityOf(1),
    life: ({ pid }) => {
      asked.push(`life ${pid}`);
      table.onLife?.(pid);
      return table.lives?.[pid] ?? 'dead';
    },
    signal: () => {
      throw new Error('an observation signals nobody');
    },
    work: () => {
      throw new Error('an observation asks for no work');
    },
    tree: () => {
      asked.push('tree');
      table.onTree?.();
      return table.sighting ?? clear;
    },
    startHost: () => null,
  };
}

let folder: string;
const files = new Files(nodeFs, systemClock);
const leave = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes);
const observe = (table: Table = {}) =>
  observeTask(fileRegisters(files), processesOf(table), folder, request, requestHash);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-observe-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('observeTask', () => {
  it('an empty folder says that nothing has begun', async () => {
    expect(await observe()).toEqual({
      claim: null,
      host: 'none',
      agent: null,
      tree: 'none',
      outcome: null,
      heartbeatMs: null,
      contradictions: [],
    });
  });

  it('a revocation has no host', async () => {
    leave('claim', encodeClaim(revoked));
    expect(await observe()).toMatchObject({
      claim: { value: revoked },
      host: 'none',
      tree: 'none',
      contradictions: [],
    });
  });

  it.each(['alive', 'dead', 'unknown'] as const)('a claimed host is %s as the process table says', async (life) => {
    leave('claim', encodeClaim(claim));
    expect((await observe({ lives: { 50: life } })).host).toBe(life);
  });

  it('reads the agent record after the host was judged: what a host leaves before its death is not missed', async () => {
    leave('claim', encodeClaim(claim));
    const onLife = (pid: number): void => {
      if (pid === host.pid) leave('agent.json', encodeAgentRecord(agent));
    };
    expect(await observe({ onLife })).toMatchObject({ host: 'dead', agent: { value: agent }, tree: 'gone' });
  });

  it('reads the outcome after the tree was judged', async () => {
    leave('claim', encodeClaim(claim));
    leave('agent.json', encodeAgentRecord(agent));
    const onTree = (): void => leave('outcome', encodeOutcome(outcome));
    expect(await observe({ onTree })).toMatchObject({ tree: 'gone', outcome: { value: outcome } });
  });

  it('reads the claim first: a claim made meanwhile belongs to the next observation', async () => {
    leave('outcome', encodeOutcome(outcome));
    const onTree = (): void => leave('claim', encodeClaim(claim));
    expect(await observe({ onTree })).toMatchObject({ claim: null, host: 'none' });
  });

  it.each<[string, TreeSighting, string]>([
    ['nothing', clear, 'gone'],
    ['a member', { ...clear, members: [worker] }, 'alive'],
    ['something unknown', { ...clear, unknown: [9] }, 'unknown'],
    ['a member and something unknown', { ...clear, members: [worker], unknown: [9] }, 'alive'],
    ['a lock that nobody seen holds', { ...clear, isLocked: true }, 'unknown'],
    ['a lock that nobody can tell of', { ...clear, isLocked: null }, 'unknown'],
  ])('of a recorded worker with a dead host, %s left means %j is %s', async (_name, sighting, expected) => {
    leave('claim', encodeClaim(claim));
    leave('agent.json', encodeAgentRecord(agent));
    expect((await observe({ sighting })).tree).toBe(expected);
  });

  it('without a recorded worker a clear tree is none, and whatever carries the mark is alive', async () => {
    leave('claim', encodeClaim(claim));
    expect((await observe()).tree).toBe('none');
    expect((await observe({ sighting: { ...clear, members: [worker] } })).tree).toBe('alive');
    expect((await observe({ sighting: { ...clear, isLocked: true } })).tree).toBe('unknown');
  });

  it('searches for the tree only when somebody decides by it: not before a claim or while the host lives, without an outcome', async () => {
    const processes = processesOf({ lives: { 50: 'alive' } });
    const look = () => observeTask(fileRegisters(files), processes, folder, request, requestHash);
    expect(await look()).toMatchObject({ claim: null, tree: 'none', outcome: null });
    leave('claim', encodeClaim(claim));
    expect(await look()).toMatchObject({ tree: 'none', outcome: null });
    leave('agent.json', encodeAgentRecord(agent));
    expect(await look()).toMatchObject({ tree: 'alive', outcome: null });
    expect(processes.asked).toEqual(['life 50', 'life 50']);
    leave('outcome', encodeOutcome(outcome));
    expect(await look()).toMatchObject({ tree: 'gone', outcome: { value: outcome } });
    expect(processes.asked).toEqual(['life 50', 'life 50', 'life 50', 'tree']);
  });

  it('says when the host last gave a sign of life', async () => {
    leave('heartbeat', new Uint8Array(0));
    expect(Math.abs(((await observe()).heartbeatMs ?? 0) - Date.now())).toBeLessThan(10_000);
  });

  it.each([
    ['claim', encodeClaim({ ...claim, requestHash: 'b'.repeat(64) })],
    ['agent.json', encodeAgentRecord({ ...agent, requestHash: 'b'.repeat(64) })],
    ['outcome', encodeOutcome({ ...outcome, requestHash: 'b'.repeat(64) })],
    ['claim', new TextEncoder().encode('{}')],
    ['agent.json', new TextEncoder().encode('not json')],
    ['outcome', new Uint8Array(0)],
  ])('a %s that does not fit its request is named and not used', async (name, bytes) => {
    leave('claim', encodeClaim(claim));
    leave('agent.json', encodeAgentRecord(agent));
    leave('outcome', encodeOutcome(outcome));
    leave(name, bytes);
    const seen = await observe();
    expect(seen.contradictions).toHaveLength(1);
    expect(seen.contradictions[0]).toContain(name);
    expect([seen.claim, seen.agent, seen.outcome]).toContain(null);
  });

  it.each<[string, Uint8Array | null, AgentRecord]>([
    ['no host has claimed', null, agent],
    ['was given up', encodeClaim(revoked), agent],
    ['did not claim', encodeClaim(claim), { ...agent, nonce: 'other' }],
    ['another task', encodeClaim(claim), { ...agent, mark: 'mark-2' }],
  ])('a recorded worker that contradicts its claim is told: %s', async (expected, claimBytes, record) => {
    if (claimBytes !== null) leave('claim', claimBytes);
    leave('agent.json', encodeAgentRecord(record));
    expect((await observe()).contradictions.join()).toContain(expected);
  });

  it('finds a tree by what the request asked for', () => {
    expect(treeHandle(folder, request, agent)).toEqual({
      mark: 'mark-1',
      lockFile: join(folder, 'tree.lock'),
      worker,
      isNamespaced: false,
    });
    expect(treeHandle(folder, { ...request, hasTreeLock: false, isolation: 'pidNamespace' }, null)).toMatchObject({
      lockFile: null,
      worker: null,
      isNamespaced: true,
    });
  });
});
