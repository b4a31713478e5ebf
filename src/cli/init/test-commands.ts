/**
 * How a repository is tested, as the files at its top tell.
 *
 * Owns: which files mean which command, and what a fresh worktree needs before. Does not own: the config that is made of it (first-config).
 *
 * Invariant: files are read, bounded; nothing is run.
 */
import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { isObject } from '../../base/canonical-json.ts';

/** A way to test the repository. */
export interface TestCommand {
  readonly command: string;
  /** The file that tells it. */
  readonly from: string;
  /** What must run once in a fresh worktree before; null when nothing must. */
  readonly setup: string | null;
}

const FILE_BYTES_READ = 1024 * 1024;

/** The test commands of the repository at `folder`, the likeliest first. */
export function testCommands(folder: string): readonly TestCommand[] {
  const at: Look = { text: (name) => textOf(join(folder, name)), has: (name) => existsSync(join(folder, name)) };
  const names = readdirSync(folder);
  const found = [
    npm(at),
    deno(at),
    make(at, names),
    python(at),
    whenThere(at, 'Cargo.toml', 'cargo test'),
    whenThere(at, 'go.mod', 'go test ./...'),
    at.has('gradlew') ? { command: './gradlew test', from: 'gradlew', setup: null } : gradle(at),
    at.has('mvnw') ? { command: './mvnw test', from: 'mvnw', setup: null } : whenThere(at, 'pom.xml', 'mvn test'),
    at.has('spec') ? whenThere(at, 'Gemfile', 'bundle exec rspec') : null,
    composer(at),
    whenThere(at, 'mix.exs', 'mix test'),
    dotnet(names),
  ];
  return found.filter((each) => each !== null);
}

interface Look {
  /** The beginning of the file; null when there is none. */
  text(name: string): string | null;
  has(name: string): boolean;
}

function whenThere(at: Look, from: string, command: string): TestCommand | null {
  return at.has(from) ? { command, from, setup: null } : null;
}

/** What `npm init` writes as long as there are no tests. */
const NO_TESTS = /no test specified/;

function npm(at: Look): TestCommand | null {
  const manifest = objectIn(at.text('package.json'));
  const script = isObject(manifest?.scripts) ? manifest.scripts.test : undefined;
  if (manifest === null || typeof script !== 'string' || script.trim() === '' || NO_TESTS.test(script)) return null;
  const manager = managerOf(at, manifest);
  const hasDependencies = ['dependencies', 'devDependencies'].some(
    (name) => isObject(manifest[name]) && Object.keys(manifest[name]).length > 0,
  );
  return { command: manager.test, from: 'package.json', setup: hasDependencies ? manager.install : null };
}

interface Manager {
  readonly test: string;
  /** Null without a lock file: then nothing says what to install. */
  readonly install: string | null;
}

function managerOf(at: Look, manifest: Record<string, unknown>): Manager {
  const named = typeof manifest.packageManager === 'string' ? manifest.packageManager.split('@')[0] : undefined;
  const isBun = at.has('bun.lock') || at.has('bun.lockb');
  if (named === 'pnpm' || at.has('pnpm-lock.yaml'))
    return { test: 'pnpm test', install: at.has('pnpm-lock.yaml') ? 'pnpm install --frozen-lockfile' : null };
  if (named === 'yarn' || at.has('yarn.lock')) {
    const flag = at.has('.yarnrc.yml') ? '--immutable' : '--frozen-lockfile';
    return { test: 'yarn test', install: at.has('yarn.lock') ? `yarn install ${flag}` : null };
  }
  if (named === 'bun' || isBun)
    return { test: 'bun run test', install: isBun ? 'bun install --frozen-lockfile' : null };
  const hasLock = at.has('package-lock.json') || at.has('npm-shrinkwrap.json');
  return { test: 'npm test', install: hasLock ? 'npm ci' : null };
}

function deno(at: Look): TestCommand | null {
  for (const from of ['deno.json', 'deno.jsonc']) {
    const text = at.text(from);
    if (text === null) continue;
    return { command: /"test"\s*:/.test(text) ? 'deno task test' : 'deno test', from, setup: null };
  }
  return null;
}

function make(at: Look, names: readonly string[]): TestCommand | null {
  for (const from of ['GNUmakefile', 'makefile', 'Makefile']) {
    // As the folder has it: where case does not matter, all three names are there.
    if (names.includes(from) && /^test\s*::?(?!=)/m.test(at.text(from) ?? ''))
      return { command: 'make test', from, setup: null };
  }
  for (const from of ['justfile', 'Justfile', '.justfile']) {
    if (names.includes(from) && /^test(?:\s[^:\n]*)?:(?!=)/m.test(at.text(from) ?? ''))
      return { command: 'just test', from, setup: null };
  }
  return null;
}

function python(at: Look): TestCommand | null {
  const marks: readonly (readonly [string, RegExp])[] = [
    ['pytest.ini', /(?:)/],
    ['pyproject.toml', /\bpytest\b/],
    ['tox.ini', /\[pytest\]/],
    ['setup.cfg', /\[tool:pytest\]/],
    ['conftest.py', /(?:)/],
  ];
  const from = marks.find(([name, mark]) => mark.test(at.text(name) ?? '\0') && at.has(name))?.[0];
  if (from === undefined) return null;
  if (at.has('uv.lock')) return { command: 'uv run pytest', from, setup: null };
  if (at.has('poetry.lock')) return { command: 'poetry run pytest', from, setup: 'poetry install' };
  return { command: 'pytest', from, setup: null };
}

function gradle(at: Look): TestCommand | null {
  const from = ['build.gradle', 'build.gradle.kts'].find((name) => at.has(name));
  return from === undefined ? null : { command: 'gradle test', from, setup: null };
}

function composer(at: Look): TestCommand | null {
  const scripts = objectIn(at.text('composer.json'))?.scripts;
  if (!isObject(scripts) || scripts.test === undefined) return null;
  return {
    command: 'composer test',
    from: 'composer.json',
    setup: at.has('composer.lock') ? 'composer install' : null,
  };
}

function dotnet(names: readonly string[]): TestCommand | null {
  const from = names.find((name) => /\.slnx?$/.test(name)) ?? names.find((name) => name.endsWith('.csproj'));
  return from === undefined ? null : { command: 'dotnet test', from, setup: null };
}

function objectIn(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(value) ? value : null;
  } catch (error) {
    // A manifest that is not JSON tells nothing of its tests.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function textOf(path: string): string | null {
  if (!existsSync(path)) return null;
  const fd = openSync(path, 'r');
  try {
    if (!fstatSync(fd).isFile()) return null;
    const bytes = Buffer.alloc(FILE_BYTES_READ);
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0)).toString('utf8');
  } finally {
    closeSync(fd);
  }
}
