import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProgram } from '../../src/adapters/agents/find-program.ts';
import { probeProgram, unknownFlags } from '../../src/adapters/agents/probe-program.ts';
import { flagsOf } from '../../src/adapters/agents/program-flags.ts';
import type { AgentAdapter } from '../../src/ports/agent-adapter.ts';

let folder = '';

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-program-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A shell script at `name`, which may have folders. */
function script(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
  return path;
}

const adapter: AgentAdapter = {
  kind: 'claude',
  title: 'Fixture',
  program: 'fixture',
  install: 'make fixture',
  capabilities: {
    session: 'none',
    canResume: false,
    hasStructuredOutput: false,
    answer: 'message',
    hasMcp: false,
    usage: 'none',
    hasAllowedTools: false,
    hasTurnLimit: false,
  },
  envNames: ['FIXTURE_KEY'],
  versionArgs: ['--version'],
  readVersion: (output) => /fixture (\d+\.\d+)/.exec(output)?.[1] ?? null,
  helpArgs: [['--help'], ['go', '--help']],
  hiddenFlags: ['--hidden'],
  instructionFiles: [],
  standIn: null,
  command: () => ({ args: [], stdin: 'empty', env: {} }),
  read: () => null,
  readExit: () => [],
};

/** Answers as the adapter above expects it, and counts how often it was asked. */
const ANSWERS = [
  'echo "$*" >>"$(dirname "$0")/asked"',
  'case "$*" in',
  '  --version) echo "fixture 1.2" ;;',
  '  --help) echo "  -p, --print  prints" ;;',
  '  "go --help") echo "      --session-id <id>  the session" >&2 ;;',
  'esac',
];

describe('finding', () => {
  test('a name is the first executable file of that name on PATH, links resolved', () => {
    const path = script('real/agent', ['true']);
    mkdirSync(join(folder, 'a/agent'), { recursive: true });
    writeFileSync(join(folder, 'plain-agent'), 'no program', { mode: 0o644 });
    mkdirSync(join(folder, 'b'));
    symlinkSync('../real/agent', join(folder, 'b/agent'));
    const pathVariable = [join(folder, 'nowhere'), join(folder, 'a'), join(folder, 'b')].join(':');
    expect(findProgram('agent', '/', pathVariable)).toBe(path);
    expect(findProgram('plain-agent', '/', folder)).toBeNull();
    expect(findProgram('agent', '/', undefined)).toBeNull();
    expect(findProgram('', folder, folder)).toBeNull();
  });

  test('a path with a slash belongs to the folder of the config, and PATH is not asked', () => {
    const path = script('tools/agent', ['true']);
    expect(findProgram('./tools/agent', folder, undefined)).toBe(path);
    expect(findProgram(path, '/elsewhere', undefined)).toBe(path);
    expect(findProgram('tools/agent', '/', folder)).toBeNull();
  });

  test('relative and empty entries of PATH are passed over', () => {
    const path = script('agent', ['true']);
    const cwd = process.cwd();
    const steps = cwd.split('/').map((word) => (word === '' ? '' : '..'));
    const relative = `${steps.filter((step) => step !== '').join('/')}${folder}`;
    expect(findProgram('agent', '/', `:${relative}:.`)).toBeNull();
    expect(findProgram('agent', '/', `:${folder}`)).toBe(path);
  });

  test('a link that leads nowhere, or to itself, is not a program', () => {
    symlinkSync('gone', join(folder, 'dangling'));
    symlinkSync('loop', join(folder, 'loop'));
    expect(findProgram('dangling', '/', folder)).toBeNull();
    expect(findProgram('loop', '/', folder)).toBeNull();
  });
});

describe('asking', () => {
  test('a program reports its version and flags, and its bytes are hashed', async () => {
    const path = script('fixture', ANSWERS);
    const program = await probeProgram(adapter, path);
    expect(program).toEqual({
      path,
      version: '1.2',
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
      flags: new Set(['-p', '--print', '--session-id']),
    });
    expect(unknownFlags(adapter, program, ['-p', '--print=x', '--hidden', '-', '-7', 'word', '--', '--after'])).toEqual(
      [],
    );
    expect(unknownFlags(adapter, program, ['--nope=--print', '-q', '--nope', '-pz'])).toEqual(['--nope', '-q']);
    expect(unknownFlags(adapter, { ...program, flags: null }, ['--nope'])).toEqual([]);
  });

  test('it is asked once while its file stays the same, also by two at once, and again when it has changed', async () => {
    const path = script('fixture', ANSWERS);
    const [first, second] = await Promise.all([probeProgram(adapter, path), probeProgram(adapter, path)]);
    expect(second).toBe(first);
    expect(await probeProgram(adapter, path)).toBe(first);
    expect(readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n')).toHaveLength(3);
    script('fixture', [...ANSWERS, '# newer']);
    expect((await probeProgram(adapter, path)).sha256).not.toBe(first.sha256);
  });

  test('it sees PATH, HOME and the variables of its adapter, and nothing else', async () => {
    const path = script('fixture', [...ANSWERS, 'env >>"$(dirname "$0")/env"']);
    await probeProgram(adapter, path, { PATH: process.env.PATH, HOME: '/h', FIXTURE_KEY: 'k', OTHER_SECRET: 's' });
    const names = readFileSync(join(folder, 'env'), 'utf8').match(/^\w+(?==)/gm);
    expect([...new Set(names)].filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)).sort()).toEqual([
      'FIXTURE_KEY',
      'HOME',
      'PATH',
    ]);
  });

  test('a process that it leaves behind with its output in hand is ended and not waited for', async () => {
    const path = script('fixture', ['sleep 600 & echo $! >>"$(dirname "$0")/pids"', ...ANSWERS]);
    const startMs = performance.now();
    await probeProgram(adapter, path);
    expect(performance.now() - startMs).toBeLessThan(10_000);
    const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number);
    expect(pids).toHaveLength(3);
    for (const pid of pids) await expect.poll(() => isThere(pid)).toBe(false);
  });

  const unusable: readonly (readonly [string, readonly string[], string])[] = [
    ['another program of that name', ['echo hello'], 'does not report a version of Fixture: hello'],
    ['one that fails', ['echo broken >&2; exit 3'], '--version: exit code 3: broken'],
    ['one that is killed', ['kill -9 $$'], '--version: it was ended by SIGKILL'],
    ['one that floods', ['yes'], 'wrote more than 1048576 bytes'],
    ['one without help', ['[ "$1" = --version ] && echo "fixture 1.2" || echo none'], 'lists no flags in its help'],
  ];
  test.each(unusable)(
    '%s is unusable, and the failure says what happened and how to install it',
    async (_, lines, what) => {
      const path = script('fixture', lines);
      await expect(probeProgram(adapter, path)).rejects.toMatchObject({
        code: 'PAWL_AGENT_UNUSABLE',
        kind: 'needsHuman',
        subject: path,
        message: expect.stringContaining(what),
        hint: expect.stringContaining('make fixture'),
      });
    },
  );

  test('a failure is not kept: the same file may answer the next time', async () => {
    const path = script('fixture', ['[ -e "$(dirname "$0")/ready" ] || exit 1', ...ANSWERS]);
    await expect(probeProgram(adapter, path)).rejects.toMatchObject({ code: 'PAWL_AGENT_UNUSABLE' });
    writeFileSync(join(folder, 'ready'), '');
    expect((await probeProgram(adapter, path)).version).toBe('1.2');
  });

  test('what is not a program, or has gone, is unusable, and may be usable later', async () => {
    const path = join(folder, 'fixture');
    await expect(probeProgram(adapter, path)).rejects.toMatchObject({ code: 'PAWL_AGENT_UNUSABLE' });
    writeFileSync(path, '#!/nowhere/shell\n', { mode: 0o755 });
    await expect(probeProgram(adapter, path)).rejects.toMatchObject({
      message: expect.stringContaining('could not be started'),
    });
    script('fixture', ANSWERS);
    expect((await probeProgram(adapter, path)).version).toBe('1.2');
  });
});

describe('flags in help', () => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'commander',
      '  -p, --print                 prints --not-this\n  --tools, --allowed-tools <tools...>  list',
      ['-p', '--print', '--tools', '--allowed-tools'],
    ],
    [
      'yargs',
      '  -m, --model          the model  [string]\n      --print-logs     logs  [boolean]',
      ['-m', '--model', '--print-logs'],
    ],
    [
      'clap',
      '  -c, --config <key=value>\n          See also `--elsewhere`\n\n      --json\n          JSON',
      ['-c', '--config', '--json'],
    ],
    [
      'argparse',
      'usage: tool [-h] [--foo FOO]\n            [--[no-]bar]\n\noptions:\n  -f FOO, --file=FOO  a file',
      ['-h', '--foo', '--bar', '--no-bar', '-f', '--file'],
    ],
    [
      'optional endings',
      '  --prompt[-file] <text>  a prompt\n  --color[=WHEN]  colours',
      ['--prompt', '--prompt-file', '--color'],
    ],
    ['styled text', '\u001b[1m  -x\u001b[0m, \u001b[1m--extra\u001b[0m  more', ['-x', '--extra']],
    ['prose', 'Use --this when - or -- is not enough.', []],
  ];
  test.each(cases)('those of %s are found, and not those that are only spoken of', (_, text, flags) => {
    expect([...flagsOf([text])].sort()).toEqual([...flags].sort());
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === false;
  } catch {
    // No such process, or its entry has gone in between.
    return false;
  }
}
