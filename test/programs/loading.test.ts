import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { BUILT, bundleAt, bundlesIn, importsOf, packagesIn } from '../support/bundles.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pawl-loading-'));
  folders.push(folder);
  return folder;
}

/** The files of this project that Node has loaded to do `args`, as its coverage names them. */
function loadedBy(
  place: string,
  args: readonly string[],
  cwd = temporary(),
  home = join(cwd, 'no-daemon'),
): readonly string[] {
  const coverage = temporary();
  const env = { ...process.env, NODE_V8_COVERAGE: coverage, PAWL_HOME: home };
  spawnSync(process.execPath, [join(BUILT, place), ...args], { cwd, env });
  const urls = readdirSync(coverage).flatMap((name) => {
    const { result }: { result: readonly { url: string }[] } = JSON.parse(readFileSync(join(coverage, name), 'utf8'));
    return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
  });
  return [...new Set(urls)].map((url) => relative(BUILT, fileURLToPath(url))).sort();
}

/** Every program that is not a command of `pawl`. */
const ALONE = [
  'adapters/agents/acp-worker.js',
  'adapters/agents/opencode-plugin.js',
  'adapters/agents/scripted-worker.js',
  'adapters/agents/tool-hook.js',
  'cli/mcp-program.js',
  'host/main.js',
  'host/verification-worker.js',
  'prove/daemon/small-files.js',
  'prove/matrix-worker.js',
];

/** What takes long to load, or is rarely needed. */
const HEAVY = ['zod', 'xstate', 'ws', 'string-width', '@agentclientprotocol/sdk', '@modelcontextprotocol/sdk'];

describe('a program', () => {
  it.each(ALONE)('%s is one file: it loads nothing but modules of Node, not even late', (place) => {
    const { start, late } = importsOf(bundleAt(place));
    expect(start.length).toBeGreaterThan(0);
    expect([...start, ...late].filter((name) => !name.startsWith('node:'))).toEqual([]);
  });

  it('is in the list above, or belongs to `pawl`', () => {
    const others = bundlesIn(BUILT).map(({ place }) => place);
    const ofPawl = others.filter((place) => /^(?:cli\/(?:main|pawl)|chunks\/.*)\.js$/.test(place));
    expect(others.filter((place) => !ofPawl.includes(place)).sort()).toEqual(ALONE);
  });

  it('loads no package as it is installed', () => {
    for (const bundle of bundlesIn(BUILT)) {
      const { start, late } = importsOf(bundle);
      expect(
        [...start, ...late].filter((name) => !/^(?:node:|\.)/.test(name)),
        bundle.place,
      ).toEqual([]);
    }
  });

  it('of which only its path is wrong opens one file', () => {
    expect(loadedBy('host/main.js', [])).toEqual(['host/main.js']);
    expect(loadedBy('host/verification-worker.js', [])).toEqual(['host/verification-worker.js']);
    expect(loadedBy('adapters/agents/acp-worker.js', [])).toEqual(['adapters/agents/acp-worker.js']);
  });
});

describe('pawl', () => {
  it('prints its version from one file, in the usual words', () => {
    for (const flag of ['--version', '-V']) expect(loadedBy('cli/main.js', [flag])).toEqual(['cli/main.js']);
    const told = (...args: string[]): string =>
      spawnSync(process.execPath, [join(BUILT, 'cli/main.js'), ...args], { encoding: 'utf8' }).stdout;
    expect(told('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(told('-V')).toBe(told('--version'));
    expect(JSON.parse(told('--version', '--json'))).toEqual({ version: told('--version').trim() });
  });

  it('has in the files that every command opens nothing that takes long to load', () => {
    const packages = ['cli/pawl.js', 'chunks/program.js'].flatMap((place) => packagesIn(bundleAt(place)));
    expect(packages).toContain('commander');
    expect(packages.filter((name) => HEAVY.includes(name))).toEqual([]);
  });

  it('opens two files for the state of its runs, and one more for what must be parsed', () => {
    const repository = temporary();
    spawnSync('git', ['init', '--quiet', repository]);
    const first = ['cli/main.js', 'cli/pawl.js'];
    for (const more of [[], ['--json']])
      expect(loadedBy('cli/main.js', ['status', ...more], repository)).toEqual(first);
    expect(loadedBy('cli/main.js', ['--help'])).toEqual(['chunks/program.js', ...first]);
    expect(loadedBy('cli/main.js', ['--json', 'status'], repository)).toEqual(['chunks/program.js', ...first]);
  });

  it('opens one more file, which is light, for the state of its runs where there may be a daemon', () => {
    const repository = temporary();
    spawnSync('git', ['init', '--quiet', repository]);
    const files = ['chunks/machine.js', 'cli/main.js', 'cli/pawl.js'];
    expect(loadedBy('cli/main.js', ['status'], repository, temporary())).toEqual(files);
    expect(packagesIn(bundleAt('chunks/machine.js'))).toEqual([]);
    expect(importsOf(bundleAt('chunks/machine.js')).start.filter((name) => name.startsWith('.'))).toEqual([
      '../cli/pawl.js',
    ]);
  });

  it('prints the state of its runs in the same words, with its parser and without', () => {
    const repository = temporary();
    const told = (...args: string[]) => {
      const command = [join(BUILT, 'cli/main.js'), ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: repository, encoding: 'utf8' });
      return { status, stdout, stderr };
    };
    const asBoth = (): void => {
      expect(told('status')).toEqual(told('status', '--'));
      expect(told('status', '--json')).toEqual(told('--json', 'status'));
    };
    asBoth();
    expect(told('status')).toMatchObject({ status: 2, stdout: '' });
    spawnSync('git', ['init', '--quiet', repository]);
    asBoth();
    expect(told('status')).toMatchObject({ status: 0, stderr: '' });
    expect(told('status', '--jsno')).toMatchObject({ status: 2, stdout: '' });
  });

  it('opens one more file to drive runs, to serve an agent, and to show runs', () => {
    const first = ['cli/main.js', 'cli/pawl.js'];
    expect(loadedBy('cli/main.js', ['run'])).toEqual(['chunks/drive.js', 'chunks/program.js', ...first]);
    expect(loadedBy('cli/main.js', ['mcp'])).toEqual([
      'chunks/program.js',
      'cli/main.js',
      'cli/mcp-program.js',
      'cli/pawl.js',
    ]);
    expect(packagesIn(bundleAt('cli/mcp-program.js'))).toEqual(
      expect.arrayContaining(['@modelcontextprotocol/sdk', 'zod']),
    );
  });

  it('keeps the proof, the inspector and the screen in chunks that are loaded late', () => {
    const { late } = importsOf(bundleAt('chunks/program.js'));
    expect(late).toEqual(expect.arrayContaining(['./prove.js', './inspect.js', './serve.js']));
    const holders = (name: string): string[] =>
      bundlesIn(BUILT).flatMap((bundle) => (packagesIn(bundle).includes(name) ? [bundle.place] : []));
    expect(holders('ws')).toEqual(['chunks/page-host.js', 'prove/daemon/small-files.js']);
    expect(holders('@agentclientprotocol/sdk')).toEqual(['adapters/agents/acp-worker.js']);
    expect(holders('@modelcontextprotocol/sdk')).toEqual(['cli/mcp-program.js']);
  });

  it('names its chunks without anything that differs from build to build', () => {
    const names = bundlesIn(BUILT).flatMap(({ place }) => (place.startsWith('chunks/') ? [place] : []));
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((name) => !/^chunks\/[a-z]+(?:-[a-z]+)*\.js$/.test(name))).toEqual([]);
  });
});

describe('compiled code', () => {
  it('is kept in the folder of the package where Node can, and nothing is left where it cannot', () => {
    const kept = join(BUILT, '../compile-cache');
    rmSync(kept, { recursive: true, force: true });
    spawnSync(process.execPath, [join(BUILT, 'cli/main.js'), '--help']);
    expect(existsSync(kept)).toBe('enableCompileCache' in nodeModule);
  });
});
