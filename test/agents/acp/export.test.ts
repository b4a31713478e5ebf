/** What a session has used, exported by its agent's command line. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportCommand, exportedUsage, tokensOfExport } from '../../../src/adapters/agents/acp-export.ts';
import type { Json } from '../../../src/base/canonical-json.ts';

const step = (tokens: Json): Json => ({ info: { role: 'assistant', tokens }, parts: [] });
const SESSION: Json = {
  info: { id: 's-1', tokens: { input: 700 } },
  messages: [
    { info: { role: 'user' }, parts: [] },
    step({ total: 1550, input: 700, output: 40, reasoning: 10, cache: { read: 700, write: 100 } }),
    step({ total: 1550, input: 1500, output: 50, reasoning: 0, cache: { read: 0, write: 0 } }),
  ],
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pawl-export-test-'));
  process.env.TMPDIR = folder;
});
afterAll(() => {
  delete process.env.TMPDIR;
  rmSync(folder, { recursive: true, force: true });
});

/** An agent whose export does that. */
function agent(name: string, script: string): readonly string[] {
  const path = join(folder, `${name}.sh`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return [path, 'acp'];
}

describe('an export', () => {
  it('is asked for by the same program, where it is known how', () => {
    expect(exportCommand(['opencode', 'acp', '--pure'], 's-1')).toEqual(['opencode', 'export', 's-1']);
    expect(exportCommand(['npx', '-y', 'opencode-ai', 'acp'], 's-1')).toEqual([
      'npx',
      '-y',
      'opencode-ai',
      'export',
      's-1',
    ]);
    expect(exportCommand(['./wrapper.sh'], 's-1')).toEqual([]);
    expect(exportCommand(['acp'], 's-1')).toEqual([]);
  });

  it('counts every step of every message, cached tokens too', () => {
    expect(tokensOfExport(SESSION)).toEqual({ inputTokens: 3_000, outputTokens: 100 });
    expect(tokensOfExport({ messages: [] })).toBeNull();
  });

  it('is total over whatever an agent prints', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => tokensOfExport(value as Json) === null));
  });

  it('is read whole, however long it is, and leaves no file', async () => {
    writeFileSync(join(folder, 'out.json'), JSON.stringify({ ...(SESSION as object), padding: 'x'.repeat(300_000) }));
    const argv = agent('long', `[ "$1 $2" = "export s-1" ] && cat '${join(folder, 'out.json')}'`);
    expect(await exportedUsage(argv, 's-1', 10_000)).toEqual({ inputTokens: 3_000, outputTokens: 100 });
    expect(readdirSync(folder).filter((name) => name.startsWith('pawl-export-'))).toEqual([]);
  });

  it.each([
    ['fails', 'echo "{}"; exit 1'],
    ['is no JSON', 'echo no'],
    ['hangs', 'exec sleep 60'],
  ])('that %s is none', async (name, script) => {
    expect(await exportedUsage(agent(name.replaceAll(' ', ''), script), 's-1', 500)).toBeNull();
  });

  it('of a program that does not exist is none', async () => {
    expect(await exportedUsage([join(folder, 'nothing'), 'acp'], 's-1', 500)).toBeNull();
  });
});
