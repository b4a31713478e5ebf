/** What differs between two commits is shown as it is, whatever the repository would rather have shown. */
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { syncDisks } from '../../src/adapters/disk-sync.ts';
import { compareCommits } from '../../src/adapters/git/comparison.ts';
import { openGit } from '../../src/adapters/git/git.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';

let repo: SandboxRepo;
beforeAll(() => {
  repo = createSandboxRepo();
});
afterAll(() => repo.remove());

test('attributes, filters, converters and an external program of the repository change nothing', async () => {
  const base = repo.git(['rev-parse', 'main']);
  const witness = join(repo.root, 'ran');
  const program = join(repo.root, 'program.sh');
  writeFileSync(program, `#!/bin/sh\ntouch ${witness}\necho nothing to see\n`);
  chmodSync(program, 0o755);
  repo.write('README.md', 'Another one.\n');
  repo.write('src/plan.js', 'export const hidden = true;\n');
  repo.write('.gitattributes', '*.js diff=hide filter=hide\n');
  repo.git(['add', '-A']);
  repo.git(['commit', '--quiet', '-m', 'Hide a change']);
  const head = repo.git(['rev-parse', 'HEAD']);
  writeFileSync(join(repo.path, '.git/info/attributes'), '*.md binary\n');
  for (const key of [
    'diff.external',
    'diff.hide.command',
    'diff.hide.textconv',
    'filter.hide.clean',
    'filter.hide.smudge',
  ])
    repo.git(['config', key, program]);
  repo.git(['config', 'color.ui', 'always']);
  repo.git(['config', 'diff.noprefix', 'true']);
  repo.git(['config', 'diff.mnemonicPrefix', 'true']);

  const git = openGit({ repository: repo.path, helperFd: null, environment: repo.environment, syncDisks });
  const patch = await compareCommits(git, base, head, 100);
  expect(patch.files).toEqual([
    { path: '.gitattributes', added: 1, deleted: 0, isBinary: false },
    { path: 'README.md', added: 1, deleted: 1, isBinary: false },
    { path: 'src/plan.js', added: 1, deleted: 0, isBinary: false },
  ]);
  expect(patch.lines.at(-1)).toEqual({ kind: 'added', text: '+export const hidden = true;' });
  expect(existsSync(witness)).toBe(false);
  await expect(compareCommits(git, base, 'f'.repeat(40), 1)).rejects.toMatchObject({
    code: 'PAWL_GIT_FAILED',
    message: expect.stringContaining('no longer in'),
  });
});
