/**
 * Real agent CLIs under Pawl: `npm run test:real [-- --agents claude,codex --stories everything --clis FOLDER --no-namespace --keep]`.
 *
 * Owns: installing them into a scratch folder, the stories, the matrix that is printed. Does not own: one story (story.mjs).
 *
 * They are never dependencies: each is installed from the npm registry for this run (or found under FOLDER/<agent>/node_modules/.bin), and asks a
 * stand-in of its model on the loopback interface. Nothing of the user's is read. Exit code 1 when a story does not end as it must.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { playStory, STORIES } from './story.mjs';

const PACKAGES = {
  claude: '@anthropic-ai/claude-code',
  codex: '@openai/codex',
  opencode: 'opencode-ai',
  copilot: '@github/copilot',
  gemini: '@google/gemini-cli',
  qwen: '@qwen-code/qwen-code',
};

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: 'claude,codex,opencode' },
    stories: { type: 'string', default: Object.keys(STORIES).join(',') },
    clis: { type: 'string' },
    // As on a system that allows no PID namespace: what is left of a tree is found by its mark and its lock.
    'no-namespace': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});

const scratch = mkdtempSync(join(tmpdir(), 'pawl-real-'));
const rows = [];
try {
  for (const agent of values.agents.split(',')) {
    const program = programOf(agent);
    for (const story of values.stories.split(',')) {
      const row = await playStory({
        agent,
        story,
        program,
        scratch: join(scratch, `${agent}-${story}`),
        hasNamespaces: !values['no-namespace'],
      });
      rows.push({ agent, story, ...row });
      process.stdout.write(`${lineOf(rows.at(-1))}\n`);
      for (const fault of row.faults) process.stdout.write(`    ${fault}\n`);
    }
  }
} finally {
  if (values.keep) process.stdout.write(`kept: ${scratch}\n`);
  else rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
const failed = rows.filter((row) => row.faults.length > 0).length;
process.stdout.write(`${rows.length - failed} of ${rows.length} stories hold\n`);
process.exitCode = failed === 0 && rows.length > 0 ? 0 : 1;

/** The agent's program: found, or installed now. */
function programOf(agent) {
  const name = PACKAGES[agent];
  if (name === undefined) throw new Error(`unknown agent ${agent}: one of ${Object.keys(PACKAGES).join(', ')}`);
  const folder = values.clis === undefined ? join(scratch, 'clis', agent) : join(resolve(values.clis), agent);
  const program = join(folder, 'node_modules', '.bin', agent);
  if (!existsSync(program)) {
    process.stdout.write(`installing ${name}\n`);
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, name], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return program;
}

function lineOf({ agent, story, faults, version, session, starts, tools, calls, seconds }) {
  const mark = faults.length === 0 ? 'holds ' : 'BROKEN';
  return `${mark} ${agent.padEnd(9)} ${String(version).padEnd(10)} ${story.padEnd(14)} workers ${starts}  tools ${tools}  calls ${calls}  session ${session.padEnd(8)} ${seconds} s`;
}
