/** What real shells complete with the scripts that `pawl completion` prints. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { completedProgram, SHELLS } from '../../src/cli/completion/completed-words.ts';
import { CLI, documentOf, type ErrorDocument } from '../support/pawl-cli.ts';
import { LogBench, RUN } from './logs/log-bench.ts';

const OTHER = 'run_GH-7_bbbbbbbbbbbb';
const bench = new LogBench();
const bin = join(bench.root, 'bin');
const scriptOf = (shell: string): string => join(bench.root, `pawl.${shell}`);
const isInstalled = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

function run(program: string, args: readonly string[], cwd = bench.root) {
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, HOME: bench.root };
  return spawnSync(program, args, { cwd, env, encoding: 'utf8', timeout: 60_000 });
}

beforeAll(async () => {
  mkdirSync(bin);
  mkdirSync(join(bench.registry, 'runs', OTHER));
  mkdirSync(join(bench.root, 'a folder/runs/run_FAR-1_cccccccccccc'), { recursive: true });
  writeFileSync(join(bench.root, 'packets one.json'), '{}');
  writeFileSync(join(bin, 'pawl'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  chmodSync(join(bin, 'pawl'), 0o755);
  for (const shell of SHELLS) writeFileSync(scriptOf(shell), run('pawl', ['completion', shell]).stdout);
});
afterAll(() => bench.remove());

/** Lines that are completed to their end with one word, or to one of several; what is complete already is left out. */
const LINES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ['resol', ['resolve']],
  ['--json stat', ['status']],
  ['logs --foll', ['--follow']],
  ['logs --regis', ['--registry']],
  ['logs run_', [OTHER, RUN]],
  ['logs GH', ['GH-7']],
  ['run T-1 run_GH', [OTHER]],
  ['logs T-1 ver', ['verification']],
  ['resolve T-1 ab', ['abandon']],
  ['prove --level ', ['full', 'smoke']],
  ['run --agent ge', ['gemini']],
  ['completion ', ['bash', 'fish', 'zsh']],
  ['help approv', ['approve']],
  ['validate pack', ['packets one.json']],
  ['mcp', []],
  ['events T-1 ', []],
  ['logs --tail ', []],
];

describe('bash', () => {
  /** What stands in COMPREPLY when the last of these words is completed. */
  function completed(words: readonly string[]): readonly string[] {
    const line = `source '${scriptOf('bash')}'; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pawl pawl; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = run('bash', ['--norc', '-c', line, 'bash', 'pawl', ...words]);
    expect(stderr).toBe('');
    return stdout.split('\n').filter((each) => each !== '');
  }

  it.each(LINES)('completes pawl %s', (line, words) => {
    expect(completed(line.split(' ')).toSorted()).toEqual(words);
  });

  it('completes the value of an option that is written in one word, which bash cuts into three', () => {
    expect(completed(['prove', '--level', '=', 'fu'])).toEqual(['full']);
    expect(completed(['prove', '--level', '='])).toEqual(['smoke', 'full']);
  });

  it('asks the registry that the line names', () => {
    expect(completed(['--registry', 'a folder', 'logs', ''])).toEqual(['run_FAR-1_cccccccccccc']);
  });

  it('is asked for the words after pawl', () => {
    expect(run('bash', ['--norc', '-c', `source '${scriptOf('bash')}'; complete -p pawl`]).stdout).toBe(
      'complete -F _pawl pawl\n',
    );
  });
});

describe('zsh', () => {
  it.skipIf(!isInstalled('zsh'))('completes a command, an option, a run and a task (where zsh is installed)', () => {
    expect(run('zsh', ['-n', scriptOf('zsh')])).toMatchObject({ status: 0, stderr: '' });
    const lines = LINES.filter(([, words]) => words.length === 1 && !words[0]?.includes(' '));
    // A shell in a terminal of its own completes each line at a Tab, and tells at ^G what it has become.
    const program = [
      'zmodload zsh/zpty',
      'zpty z TERM=dumb zsh -f -i',
      'script=$1; shift',
      'show="told() { zle -I; print -r -- told:\\$BUFFER:; BUFFER= }; zle -N told; bindkey \'^G\' told"',
      'zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source $script; $show; print REA""DY"',
      'zpty -r z out "*READY*"',
      'for line in "$@"; do zpty -w -n z "pawl $line"$\'\\t\\C-g\'; zpty -r z out "*told:*:*"; print -r -- "$out"; done',
    ].join('\n');
    const { stdout } = run('zsh', ['-f', '-c', program, 'zsh', scriptOf('zsh'), ...lines.map(([line]) => line)]);
    const told = Array.from(stdout.matchAll(/^told:(.*):\r?$/gm), ([, line = '']) => line.trim().replace(/=$/, ''));
    expect(told).toEqual(lines.map(([line, [word]]) => `pawl ${line.replace(/\S*$/, '')}${word}`));
  });
});

describe('fish', () => {
  it.skipIf(!isInstalled('fish'))('completes every such line (where fish is installed)', () => {
    expect(run('fish', ['--no-execute', scriptOf('fish')])).toMatchObject({ status: 0, stderr: '' });
    for (const [line, words] of LINES) {
      const ask = `source '${scriptOf('fish')}'; complete -C 'pawl ${line}'`;
      const { stdout, stderr } = run('fish', ['--no-config', '-c', ask]);
      const told = stdout.split('\n').flatMap((each) => each.split('\t')[0] ?? []);
      expect(stderr).toBe('');
      expect(told.filter((word) => word !== '').toSorted(), line).toEqual(words);
    }
  });
});

describe('pawl completion', () => {
  it('knows every command but those that are not for people, and the options that their help names', () => {
    const { commands, options } = completedProgram(COMMANDS);
    const helpOf = (...args: readonly string[]) =>
      Array.from(
        run('pawl', [...args, '--help']).stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm),
        ([, name = '']) => name,
      );
    const common = options.flatMap(({ names }) => names.filter((name) => name.startsWith('--')));
    expect(common.toSorted()).toEqual(helpOf().toSorted());
    expect(commands.map(({ name }) => name)).toEqual([
      ...COMMANDS.flatMap(({ usage, json }) => (json === null ? [] : [usage.split(' ')[0]])),
      'help',
    ]);
    const clean = commands.find(({ name }) => name === 'clean');
    expect([...common, ...(clean?.options ?? []).flatMap(({ names }) => names)].toSorted()).toEqual(
      helpOf('clean').toSorted(),
    );
  });

  it('gives the script as a document with --json', () => {
    const end = run('pawl', ['completion', 'fish', '--json']);
    expect(JSON.parse(end.stdout)).toEqual({ shell: 'fish', script: expect.stringContaining('complete -c pawl') });
  });

  it.each([[['tcsh']], [[]]])('refuses %j, and names the shells that it has', (args) => {
    const end = run('pawl', ['completion', ...args, '--json']);
    const { error } = documentOf<ErrorDocument>({ ...end, code: end.status });
    expect(end.status).toBe(2);
    expect(error).toMatchObject({ code: 'PAWL_USAGE', message: expect.stringContaining('bash, zsh or fish') });
  });

  it('has no answer, and nothing to say, where there are no runs to name', () => {
    writeFileSync(join(bench.root, 'a folder/registry.json'), 'not a registry');
    for (const [cwd, ...args] of [
      ['/', '--runs'],
      [bench.root, '--runs=no-such'],
      [bench.root, '--runs', '--registry', 'a folder'],
    ] as const)
      expect(run('pawl', ['completion', ...args], cwd)).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});
