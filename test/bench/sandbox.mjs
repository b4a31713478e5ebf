/**
 * A temporary git repository with a config and packets, and the built command line in it.
 *
 * Owns: making and removing it. Does not own: what is measured there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFIG, packetsOf } from './packets.mjs';

/** The built command line. */
export const PAWL = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** A repository with one commit, `pawl.config.json` and `packets.json` with `packets` packets. */
export function createSandbox({ packets, config = CONFIG }) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-bench-')));
  const git = (...args) => must(spawnSync('git', args, { cwd: root, encoding: 'utf8' }), `git ${args[0]}`);
  git('init', '--quiet', '--initial-branch=main');
  git('config', 'user.name', 'Bench');
  git('config', 'user.email', 'bench@example.invalid');
  writeFileSync(join(root, 'pawl.config.json'), JSON.stringify(config));
  writeFileSync(join(root, 'packets.json'), JSON.stringify({ packets: packetsOf(packets) }));
  git('add', '--all');
  git('commit', '--quiet', '-m', 'First');
  return {
    root,
    registry: join(root, '.pawl'),
    /** Runs `command` in the repository to its end; returns its stdout. Throws when it fails. */
    run: (command, args, environment = {}) => {
      const env = { ...process.env, ...environment };
      const result = spawnSync(command, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 1 << 28 });
      return must(result, `${command} ${args.join(' ')}`).stdout;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function must(result, what) {
  if (result.status === 0) return result;
  throw new Error(`${what} failed: ${result.error?.message ?? `exit ${result.status}: ${result.stderr}`}`);
}
