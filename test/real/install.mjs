/**
 * The programs of the real agents: found below a folder, or installed there from the npm registry, the newest that this machine can run.
 *
 * Owns: which version is taken, and what is said of it. Does not own: what is done with it (story.mjs).
 *
 * npm takes the newest version whose `engines` fit this Node.js, in silence; a program that is no JavaScript needs no Node.js at all.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The packages of the agents. */
export const PACKAGES = {
  claude: '@anthropic-ai/claude-code',
  codex: '@openai/codex',
  opencode: 'opencode-ai',
  gemini: '@google/gemini-cli',
  copilot: '@github/copilot',
  qwen: '@qwen-code/qwen-code',
};

/** The agent's program below `folder`, with what is to be said of its version; `newest`: as the registry says. */
export function programOf(agent, folder) {
  const program = join(folder, 'node_modules', '.bin', agent);
  const newest = newestOf(PACKAGES[agent]);
  if (!existsSync(program)) {
    install(folder, `${PACKAGES[agent]}@${newest.version}`);
    // Its newest version needs a newer Node.js: npm knows the newest that does not.
    if (!existsSync(program) || (isScript(program) && !fits(newest.engines?.node))) install(folder, PACKAGES[agent]);
  }
  const version = installedVersion(program);
  const why = fits(newest.engines?.node) ? '' : `, which needs Node.js ${newest.engines.node}`;
  return {
    program,
    version,
    said: version === newest.version ? 'the newest' : `the newest is ${newest.version}${why}`,
  };
}

function install(folder, what) {
  process.stdout.write(`installing ${what}\n`);
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, what], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

function newestOf(name) {
  const said = JSON.parse(execFileSync('npm', ['view', name, 'version', 'engines', '--json'], { encoding: 'utf8' }));
  // A package without the second field has the first one alone.
  return typeof said === 'string' ? { version: said } : said;
}

/** True for a script, which Node.js runs; false for a program of the system. */
function isScript(program) {
  const fd = openSync(program, 'r');
  const first = Buffer.alloc(2);
  readSync(fd, first, 0, 2, 0);
  closeSync(fd);
  return first.toString() === '#!';
}

/** True when this Node.js is new enough. Ranges of these packages name the oldest version that they run on. */
function fits(range) {
  const oldest = /^>=\s*(\d+)(?:\.(\d+))?/.exec(range ?? '');
  if (oldest === null) return true;
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [wantedMajor, wantedMinor] = [Number(oldest[1]), Number(oldest[2] ?? 0)];
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The version in the package.json above the program. */
function installedVersion(program) {
  for (let folder = dirname(realpathSync(program)); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')).version;
  }
  return '?';
}
