/**
 * `pawl demo`: the main job, end to end, in a temporary sandbox repository with the built-in scripted agent.
 *
 * Owns: the sandbox and its script. Does not own: the job: it is the real one, driven like any other.
 */
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitNow } from '../../adapters/git/run-git.ts';
import type { CommonOptions } from '../../app/options.ts';
import { shellCommand } from '../../base/shell-words.ts';
import { visible } from '../../base/visible.ts';
import { PawlError } from '../../model/error.ts';
import type { Output } from '../output.ts';
import { runToRest, show } from './run.ts';

const CONFIG = {
  agents: {
    demo: {
      kind: 'scripted',
      steps: {
        implementation: [
          { do: 'write', path: 'greeting.mjs', text: "export const greet = (name) => 'Hello ' + name;\n" },
          { do: 'answer', summary: 'Wrote greet().' },
        ],
        'review.e1': [
          {
            do: 'answer',
            summary: 'One thing to fix.',
            verdict: {
              status: 'FAIL',
              summary: 'A greeting ends with an exclamation mark.',
              findings: [{ severity: 'minor', message: 'No exclamation mark.', file: 'greeting.mjs', line: 1 }],
            },
          },
        ],
        fix: [
          { do: 'write', path: 'greeting.mjs', text: "export const greet = (name) => 'Hello ' + name + '!';\n" },
          { do: 'answer', summary: 'Added the exclamation mark.' },
        ],
        review: [
          {
            do: 'answer',
            summary: 'Good.',
            verdict: {
              ...{ status: 'PASS', summary: 'Good.', findings: [] },
              criteria: [
                { criterion: 'A1', status: 'met', evidence: 'test/greeting.test.mjs greets Ada' },
                { criterion: 'R1', status: 'met', evidence: 'greeting.mjs:1 ends with an exclamation mark' },
              ],
            },
          },
        ],
      },
    },
  },
  verification: { allow: ['node --test *'] },
};

const PACKETS = {
  packets: [
    {
      task_id: 'DEMO-1',
      approval: { status: 'approved', approved_by: 'you' },
      scm_target: { repo: 'demo/greeting', issue_number: 1, intended_branch: 'pawl/demo-1', base_branch: 'main' },
      scope: { goal: 'Greet people by name', acceptance_criteria: ['greet("Ada") says hello to Ada'] },
      implementation: { instructions: 'Write greeting.mjs with an exported function greet(name).' },
      verification: { commands: ['node --test test/greeting.test.mjs'] },
      review: { criteria: ['The greeting is friendly'] },
      conflict_surface: ['greeting.mjs'],
    },
  ],
};

const TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greet } from '../greeting.mjs';
test('greets by name', () => assert.match(greet('Ada'), /^Hello Ada/));
`;

/** Runs the demo and says where everything is. The sandbox stays, to be looked at. */
export async function demo(output: Output, options: CommonOptions): Promise<number> {
  const sandbox = makeSandbox();
  const packets = join(sandbox, 'packets.json');
  output.log(`sandbox  ${sandbox}`);
  process.chdir(sandbox);
  const result = await runToRest(output, { ...(options.json === true ? { json: true } : {}), packets }, []);
  const code = show(output, result, { sandbox });
  output.line();
  output.line(`The sandbox repository is kept in ${visible(sandbox)}. Look around:`);
  for (const argv of [
    ['cd', sandbox],
    ['git', 'log', '--oneline', 'pawl/demo-1'],
    ['node', realpathSync(process.argv[1] ?? 'pawl'), 'status'],
  ])
    output.line(`  ${shellCommand(argv)}`);
  return code;
}

function makeSandbox(): string {
  const sandbox = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-demo-')));
  git(sandbox, ['init', '--quiet', '--initial-branch=main']);
  writeFileSync(join(sandbox, 'pawl.config.json'), `${JSON.stringify(CONFIG, null, 2)}\n`);
  writeFileSync(join(sandbox, 'packets.json'), `${JSON.stringify(PACKETS, null, 2)}\n`);
  writeFileSync(join(sandbox, 'README.md'), '# A sandbox\n');
  mkdirSync(join(sandbox, 'test'));
  writeFileSync(join(sandbox, 'test', 'greeting.test.mjs'), TEST);
  git(sandbox, ['add', '--all']);
  git(sandbox, [
    '-c',
    'user.name=Pawl demo',
    '-c',
    'user.email=demo@localhost',
    '-c',
    'commit.gpgsign=false',
    'commit',
    '--quiet',
    '-m',
    'A sandbox',
  ]);
  return sandbox;
}

function git(cwd: string, args: readonly string[]): void {
  const result = gitNow(args, cwd, process.env);
  if (result.status === 0) return;
  throw new PawlError({
    code: 'PAWL_GIT_FAILED',
    message: `git ${args[0]} failed in the sandbox: ${result.error?.message ?? result.stderr}`,
    subject: cwd,
    hint: 'Pawl needs git 2.28 or newer on the PATH.',
  });
}
