/**
 * Real agent CLIs under Pawl: `npm run test:real [-- --agents claude,codex --stories everything --modes plain --clis FOLDER]`.
 *
 * Owns: the matrix that is played and printed, its time. Does not own: installing (install.mjs), one story (story.mjs).
 *
 * They are never dependencies: each is installed from the npm registry for this run (or found under FOLDER/<agent>/node_modules/.bin), and asks a
 * stand-in of its model on the loopback interface. Nothing of the user's is read. Exit code 1 when a story does not end as it must, or was not played.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PACKAGES, programOf } from './install.mjs';
import { WAYS } from './model.mjs';
import { playStory, STORIES } from './story.mjs';

const MODES = { namespace: 'PID namespace', plain: 'no namespace' };
/** No story begins later than this. */
const LAST_START_MS = 8.5 * 60_000;

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: Object.keys(PACKAGES).join(',') },
    stories: { type: 'string', default: 'undisturbed,agent,everything' },
    modes: { type: 'string', default: Object.keys(MODES).join(',') },
    clis: { type: 'string' },
    // How the model gives its answer, to count what another way would cost.
    answer: { type: 'string', default: 'asked' },
    // Settings of the agent beyond those that it needs here, as JSON.
    settings: { type: 'string', default: '{}' },
    jobs: { type: 'string', default: String(Math.max(2, Math.min(4, availableParallelism()))) },
    keep: { type: 'boolean', default: false },
  },
});

const beganMs = Date.now();
const scratch = mkdtempSync(join(tmpdir(), 'pawl-real-'));
const agents = listOf('agents', PACKAGES);
const stories = listOf('stories', STORIES);
const modes = listOf('modes', MODES).filter((mode) => mode === 'plain' || hasNamespaces());
if (!WAYS.includes(values.answer)) throw new Error(`unknown answer ${values.answer}: one of ${WAYS.join(', ')}`);
const rows = [];
const notPlayed = [];
try {
  const clis = new Map(agents.map((agent) => [agent, found(agent)]));
  // The same story of all agents, then the next: when the time is over every agent has been tried.
  const plays = stories.flatMap((story) =>
    // What nobody disturbs is the same in each.
    (story === 'undisturbed' ? modes.slice(0, 1) : modes).flatMap((mode) =>
      agents.map((agent) => ({ agent, story, mode })),
    ),
  );
  await Promise.all(Array.from({ length: Number(values.jobs) }, () => playAll(plays, clis)));
  process.stdout.write(`\n${callsTable()}`);
} finally {
  if (values.keep) process.stdout.write(`kept: ${scratch}\n`);
  else rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}
const broken = rows.filter((row) => row.faults.length > 0).length;
const left = notPlayed.length === 0 ? '' : `, ${notPlayed.length} were not played in time: ${notPlayed.join(', ')}`;
const seconds = Math.round((Date.now() - beganMs) / 1000);
process.stdout.write(`${rows.length - broken} of ${rows.length} stories hold${left}; ${seconds} s\n`);
process.exitCode = broken === 0 && notPlayed.length === 0 && rows.length > 0 ? 0 : 1;

function listOf(name, known) {
  const wanted = values[name].split(',');
  const unknown = wanted.find((one) => known[one] === undefined);
  if (unknown !== undefined)
    throw new Error(`unknown in --${name}: ${unknown}: one of ${Object.keys(known).join(', ')}`);
  return wanted;
}

function hasNamespaces() {
  return spawnSync('unshare', ['--user', '--map-current-user', '--pid', '--fork', '--mount-proc', 'true']).status === 0;
}

function found(agent) {
  const folder = values.clis === undefined ? join(scratch, 'clis', agent) : join(resolve(values.clis), agent);
  const cli = programOf(agent, folder);
  process.stdout.write(`${agent.padEnd(9)} ${cli.version} (${cli.said})\n`);
  return cli;
}

async function playAll(plays, clis) {
  for (let play = plays.shift(); play !== undefined; play = plays.shift()) {
    const { agent, story, mode } = play;
    const name = `${agent}-${story}-${mode}`;
    if (Date.now() - beganMs > LAST_START_MS) {
      notPlayed.push(name);
      continue;
    }
    const row = await playStory({
      agent,
      story,
      program: clis.get(agent).program,
      scratch: join(scratch, name),
      isNamespaced: mode === 'namespace',
      way: values.answer,
      settings: JSON.parse(values.settings),
    });
    rows.push({ ...play, ...row });
    process.stdout.write(`${lineOf({ ...play, ...row })}\n`);
    for (const fault of row.faults) process.stdout.write(`    ${fault}\n`);
  }
}

function lineOf({ agent, story, mode, faults, session, starts, steps, calls, seconds }) {
  const mark = faults.length === 0 ? 'holds ' : 'BROKEN';
  return `${mark} ${agent.padEnd(9)} ${MODES[mode].padEnd(13)} ${story.padEnd(13)} workers ${starts}  steps ${steps}  calls ${String(calls).padEnd(2)}  session ${session.padEnd(8)} ${seconds.toFixed(1)} s`;
}

/** Calls of the model for one packet, implemented in two steps and reviewed, that nobody disturbed. */
function callsTable() {
  const lines = agents.flatMap((agent) => {
    const row = rows.find((one) => one.agent === agent && one.story === 'undisturbed');
    if (row === undefined) return [];
    const aside = row.aside === 0 ? '' : `, ${row.aside} of them beside the turns`;
    return [`${agent.padEnd(9)} ${row.version.padEnd(10)} ${row.calls} calls a packet${aside}\n`];
  });
  return lines.join('');
}
