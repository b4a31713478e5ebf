/** What the README says of the command line is so, and what it tells to type works. */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { EXIT } from '../../src/model/error-codes.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';
import { CLI, documentOf, runOf, startPawl } from '../support/pawl-cli.ts';

const readText = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const readme = readText('README.md');

const section = (heading: string): string => readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';

/** The code block under a line that begins with the file's name in back quotes. */
function fileShown(name: string): string {
  const at = readme.indexOf(`\n\`${name}\``);
  const block = /```\w*\n([\s\S]*?)^```/m.exec(at < 0 ? '' : readme.slice(at))?.[1];
  if (block === undefined) throw new Error(`the README does not show ${name}`);
  return block;
}

describe('the README', () => {
  test('lists every command, and no other', () => {
    const listed = Array.from(section('Commands').matchAll(/^\| `pawl (\w+)/gm), (match) => match[1]);
    const known = COMMANDS.map(({ usage }) => usage.split(' ')[0]);
    expect(listed.toSorted()).toEqual(known.toSorted());
    expect(known.length).toBeGreaterThan(0);
  });

  test('lists every exit code, and no other', () => {
    const listed = Array.from(section('Exit codes').matchAll(/^\| (\d) \|/gm), (match) => Number(match[1]));
    expect(listed).toEqual(Object.values(EXIT));
  });

  test('gives the test command that continuous integration runs', () => {
    const commands = readText('.ci/run').match(/^npm .*$/gm) ?? [];
    expect(section('Start')).toContain(`\n${commands.join(' && ')} `);
  });
});

describe('the first real use, as the README shows it', () => {
  const repos: SandboxRepo[] = [];
  afterAll(() => {
    for (const repo of repos) repo.remove();
  });

  test('ends ready for review, and the library finds it so', { timeout: 300_000 }, async () => {
    const repo = createSandboxRepo();
    repos.push(repo);
    const shown = ['tools/agent.sh', 'pawl.config.json', 'tonight.json'];
    for (const name of shown) repo.write(name, fileShown(name));
    chmodSync(join(repo.path, 'tools/agent.sh'), 0o755);
    repo.write('package.json', '{ "type": "module", "scripts": { "test": "node src/widget.js" } }');
    repo.write('src/widget.js', "export const colour = 'red';\n");
    repo.git(['add', '-A']);
    repo.git(['commit', '--quiet', '-m', 'A repository to work on']);

    for (const line of ['validate tonight.json', 'run --packets tonight.json --max-parallel 3', 'status']) {
      expect(readme).toContain(`\npawl ${line}`);
      const end = await startPawl(repo.path, repo.environment, [...line.split(' '), '--json']).ended;
      expect({ line, code: end.code, said: end.stderr.slice(-2_000) }).toMatchObject({ line, code: 0 });
      if (line === 'status') {
        const run = runOf(documentOf(end), 'WID-12');
        expect(run.state).toBe('readyForManualReview');
        expect(repo.git(['show', 'work/wid-12:src/widget.js'])).toContain('rotate');
      }
    }

    const library = pathToFileURL(join(CLI, '../../index.js')).href;
    const example = /```js\n([\s\S]*?)```/.exec(section('As a library'))?.[1]?.replace("'pawl'", `'${library}'`) ?? '';
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', example], {
      cwd: repo.path,
      env: repo.environment,
      encoding: 'utf8',
    });
    expect(said).toMatch(/^run_WID-12_\w+ readyForManualReview\n$/);
  });
});
