/**
 * A build of the program for tests that start it, in a folder of its own beside the dependencies, so that their imports resolve.
 *
 * Owns: building and removing it. Does not own: `dist`, which belongs to the user's build.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One build. */
export interface Build {
  /** Where a source path lies when built. */
  path(source: string): string;
  remove(): void;
}

/** A fresh build of all sources. */
export function buildProgram(): Build {
  const folder = join(ROOT, 'node_modules/.cache', `pawl-host-dist-${randomBytes(6).toString('hex')}`);
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  const done = spawnSync(compiler, ['-p', join(ROOT, 'tsconfig.json'), '--noCheck', '--outDir', folder], {
    encoding: 'utf8',
  });
  const path = (source: string): string => join(folder, source.replace(/\.ts$/, '.js'));
  if (!existsSync(path('src/host/main.ts'))) throw new Error(`it did not build: ${done.stdout}${done.stderr}`);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
