/**
 * One story of a real agent: it starts, runs a tool, something is killed, Pawl is started again, the work ends ready for review.
 *
 * Owns: what is killed when, and what must hold afterwards, seen from outside. Does not own: which agents are tried (main.mjs).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = (path) => import(join(root, 'dist/src', path));
const { startModelStandIn } = await built('cli/doctor/model-stand-in.js');
const { standInEnvironment } = await built('cli/doctor/stand-in-environment.js');

/** What is killed while the agent's tool runs; `workers`: how many may have been started in all for the implementation. */
export const STORIES = {
  undisturbed: { kill: [], workers: 1 },
  runner: { kill: ['runner'], workers: 1 },
  host: { kill: ['host'], workers: 1 },
  worker: { kill: ['worker'], workers: 2 },
  runnerAndHost: { kill: ['runner', 'host'], workers: 1 },
  everything: { kill: ['runner', 'host', 'worker'], workers: 2 },
};

const STEP_MS = 120_000;

/** Plays the story; the row that is printed, with its faults. */
export async function playStory({ agent, story, program, scratch, hasNamespaces }) {
  const began = Date.now();
  const place = makePlace(scratch);
  const standIn = await startModelStandIn({ reply: replyTo });
  const faults = [];
  const pawl = pawlAt(agent, program, place, standIn.url, hasNamespaces);
  try {
    const first = pawl.run();
    if (STORIES[story].kill.length > 0) {
      if (await until(() => lines(place.started).length > 0, first)) killParts(STORIES[story].kill, first, place);
      else faults.push('the tool never ran');
    }
    writeFileSync(place.release, '');
    await first.ended;
    if (STORIES[story].kill.includes('runner')) await pawl.run().ended;
    return {
      ...judge(story, pawl, place, faults, hasNamespaces),
      calls: standIn.calls().length,
      seconds: ((Date.now() - began) / 1000).toFixed(1),
    };
  } finally {
    writeFileSync(place.release, '');
    await standIn.close();
  }
}

function makePlace(scratch) {
  const repo = join(scratch, 'repo');
  mkdirSync(repo, { recursive: true });
  mkdirSync(join(scratch, 'home'));
  const place = {
    repo,
    home: join(scratch, 'home'),
    started: join(scratch, 'started'),
    release: join(scratch, 'release'),
  };
  // The lock falls with its holder: two tools at once are seen whatever namespace they run in.
  writeFileSync(
    join(repo, 'tool.sh'),
    `#!/bin/sh\nexec 9>'${scratch}/busy'\nflock -n 9 && echo once >> '${place.started}' || echo TWICE >> '${place.started}'\nn=0\nwhile [ ! -e '${place.release}' ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done\necho hello > hello.txt\n`,
    { mode: 0o755 },
  );
  writeFileSync(
    join(repo, 'check.mjs'),
    "import { readFileSync } from 'node:fs';\nif (!readFileSync('hello.txt', 'utf8')) process.exit(1);\n",
  );
  writeFileSync(join(repo, '.gitignore'), '.pawl/\n');
  const git = (...args) =>
    spawnSync('git', ['-C', repo, '-c', 'user.name=x', '-c', 'user.email=x@example.invalid', ...args]);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'one');
  return place;
}

/** The model: runs the tool once in every turn, then answers. What an agent asks beside its turn, and its own reminders, are no turns. */
function replyTo(call) {
  const turn = call.messages.findLastIndex(
    (message) => message.from === 'user' && message.text.includes('Task id of this answer:'),
  );
  const hasRun = call.messages.slice(turn + 1).some((message) => message.from === 'tool');
  if (turn !== -1 && call.tools.length > 0 && !hasRun) return { kind: 'command', command: './tool.sh' };
  return { kind: 'text', text: 'Done.\n```json\n{"status":"completed","summary":"said hello"}\n```' };
}

function pawlAt(agent, program, place, url, hasNamespaces) {
  const standIn = standInEnvironment(agent, url, place.home);
  for (const [path, text] of Object.entries(standIn.files)) {
    mkdirSync(dirname(join(place.home, path)), { recursive: true });
    writeFileSync(join(place.home, path), text);
  }
  const settings = {
    kind: agent,
    program,
    extraArgs: standIn.extraArgs,
    env: Object.keys(standIn.env).filter((name) => name !== 'HOME'),
  };
  const config = {
    agents: {
      real: standIn.model === null ? settings : { ...settings, model: standIn.model },
      judge: { kind: 'scripted', steps: {} },
    },
    roles: { implementer: 'real', fixer: 'real', reviewer: 'judge' },
    verification: { allow: ['node check.mjs', './tool.sh'] },
    limits: { graceMs: 2_000, attemptsMax: 2, deadlineMs: STEP_MS },
  };
  const packet = {
    task_id: 'REAL-1',
    approved: true,
    scm_target: { repo: 'acme/real', issue_number: 1, intended_branch: 'feature/real' },
    scope: { goal: 'say hello in hello.txt' },
    implementation: { instructions: ['Run the tool, then answer.'] },
    verification: { commands: ['node check.mjs'] },
    review: { criteria: ['hello.txt is there'] },
    conflict_surface: ['hello.txt'],
  };
  writeFileSync(join(place.home, 'config.json'), JSON.stringify(config));
  writeFileSync(join(place.home, 'packets.json'), JSON.stringify({ packets: [packet] }));
  const argv = (...args) => [
    join(root, 'dist/src/cli/main.js'),
    ...args,
    '--config',
    join(place.home, 'config.json'),
    '--json',
  ];
  const environment = { ...process.env, IS_SANDBOX: '1', ...standIn.env };
  if (!hasNamespaces) {
    writeFileSync(join(place.home, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    environment.PATH = `${place.home}:${environment.PATH}`;
  }
  const options = { cwd: place.repo, env: environment };
  return {
    run() {
      const child = spawn(process.execPath, argv('run', '--packets', join(place.home, 'packets.json')), {
        ...options,
        stdio: 'ignore',
      });
      return { pid: child.pid, ended: new Promise((done) => child.once('exit', done)) };
    },
    status: () =>
      JSON.parse(spawnSync(process.execPath, argv('status'), { ...options, encoding: 'utf8' }).stdout).runs[0],
  };
}

/** True once `isThere`; false when the runner ended first or the time is over. */
async function until(isThere, runner) {
  let hasEnded = false;
  void runner.ended.then(() => {
    hasEnded = true;
  });
  for (const endMs = Date.now() + STEP_MS; Date.now() < endMs && !hasEnded; await sleep(50)) if (isThere()) return true;
  return isThere();
}

function killParts(parts, runner, place) {
  const folder = join(place.repo, '.pawl/runs');
  const task = join(folder, readdirSync(folder)[0], 'tasks/implementation-e0-a1');
  const pids = {
    runner: runner.pid,
    host: JSON.parse(readFileSync(join(task, 'claim'), 'utf8')).host.pid,
    worker: JSON.parse(readFileSync(join(task, 'agent.json'), 'utf8')).worker.pid,
  };
  for (const part of parts) process.kill(pids[part], 'SIGKILL');
}

/** What must hold, from what lies on disk and in the process table. */
function judge(story, pawl, place, faults, hasNamespaces) {
  const view = pawl.status();
  const folder = join(place.repo, '.pawl/runs', view.runId, 'tasks');
  const work = readdirSync(folder).filter((name) => name.startsWith('implementation'));
  const starts = work.filter((name) => existsSync(join(folder, name, 'agent.json'))).length;
  const turns = view.tasks.filter((task) => task.purpose === 'implementation').map((task) => task.turn);
  const tools = lines(place.started);
  // A session that its agent had not kept yet when it was killed is refused, and a fresh one begun: that is no second worker beside a first.
  const refused = turns.filter((turn) => turn.isSessionRefused).length;
  const isResumed = turns.length === 2 && turns[1].isResume;
  const session = turns.length < 2 ? 'one' : isResumed ? 'resumed' : refused > 0 ? 'refused' : 'fresh';
  // Without a namespace, a launcher that is killed alone leaves its agent alive: that goes on to its end, and no second one is started.
  const first = view.tasks.find((task) => task.purpose === 'implementation');
  const isAdopted = !hasNamespaces && first.result === 'completed';
  const workers = isAdopted ? 1 : STORIES[story].workers + refused;
  if (view.state !== 'readyForManualReview') {
    faults.push(
      `the run stands at ${view.state}: ${view.blockers.map((blocker) => `${blocker.code} ${blocker.message}`).join('; ')}`,
    );
  }
  if (starts !== workers) faults.push(`${starts} workers were started, ${workers} expected`);
  if (tools.includes('TWICE')) faults.push('two tools ran at once');
  if (tools.length !== (isAdopted ? 1 : STORIES[story].workers)) faults.push(`the tool ran ${tools.length} times`);
  if (session === 'fresh') faults.push('the session was not gone on with');
  const left = survivors(view.runId);
  if (left.length > 0) faults.push(`processes left: ${left.join(', ')}`);
  return { faults, version: turns[0]?.cliVersion ?? '?', session, starts, tools: tools.length };
}

/** Processes that carry the run's mark. */
function survivors(runId) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`PAWL_TASK_MARK=${runId}/`);
      } catch {
        // It has ended, or is not ours to read.
        return false;
      }
    });
}

function lines(path) {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}
