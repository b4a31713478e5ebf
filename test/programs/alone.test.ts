import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILT } from '../support/bundles.ts';

const TIMEOUT_MS = 300_000;

describe('the programs, where no package is installed', () => {
  let folder: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-alone-')));
    cpSync(BUILT, join(folder, 'dist/src'), { recursive: true });
    cpSync(join(BUILT, '../../package.json'), join(folder, 'package.json'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function pawl(...args: string[]): {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  } {
    const environment = { ...process.env, TMPDIR: folder, PAWL_HOME: join(folder, 'no-daemon') };
    return spawnSync(process.execPath, [join(folder, 'dist/src/cli/main.js'), ...args], {
      cwd: folder,
      env: environment,
      encoding: 'utf8',
    });
  }

  it('drive a run to its end, with hosts, workers and gates', { timeout: TIMEOUT_MS }, () => {
    const { status, stdout, stderr } = pawl('demo', '--json');
    expect(status, stderr).toBe(0);
    const { runs }: { runs: readonly { state: string }[] } = JSON.parse(stdout);
    expect(runs.map(({ state }) => state)).toEqual(['readyForManualReview']);
  });

  it.each([
    ['prove --cell nope', 'Unknown cell'],
    ['inspect', 'is not inside a git repository'],
    ['init --dry-run', 'is not inside a git repository'],
    ['doctor', 'Node.js'],
    ['mcp', 'needs --task FOLDER'],
  ])('do what only they load for: %s', (line, words) => {
    const { stdout, stderr } = pawl(...line.split(' '));
    expect(stdout + stderr).toContain(words);
    expect(stderr).not.toContain('PAWL_BUG');
  });

  it('are tested without packages indeed', () => {
    expect(existsSync(join(folder, 'node_modules'))).toBe(false);
    const asked = spawnSync(process.execPath, ['--input-type=module', '--eval', "await import('zod')"], {
      cwd: folder,
    });
    expect(asked.status).not.toBe(0);
  });
});
