/**
 * Where a story of a real agent plays: a repository with two steps to run, a home, a config, a packet, and Pawl in it.
 *
 * Owns: those files, starting `pawl run`, `pawl status`. Does not own: what happens there (story.mjs), the model (model.mjs).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STEPS } from './model.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const built = (path) => import(join(root, 'dist/src', path));
const { standInEnvironment } = await built('cli/doctor/stand-in-environment.js');

/** The agent's own deadline, and what anybody waits for at most. */
export const STEP_MS = 120_000;

/** A repository and a home below `scratch`. */
export function makePlace(scratch) {
  const notes = join(scratch, 'notes');
  const place = {
    repo: join(scratch, 'repo'),
    home: join(scratch, 'home'),
    /** Where steps write beside the worktree: a sandbox must be told of it. */
    notes,
    /** What each step tells of its start, by its place in STEPS. */
    started: STEPS.map((_, n) => join(notes, `started-${n}`)),
    release: join(notes, 'release'),
  };
  for (const folder of [place.repo, place.home, notes]) mkdirSync(folder, { recursive: true });
  const [one, two] = place.started;
  script(place, 0, `echo once >> '${one}'`);
  // The lock falls with its holder: two at once are seen whatever namespace they run in.
  script(
    place,
    1,
    `exec 9>'${notes}/busy'
flock -n 9 && echo once >> '${two}' || echo TWICE >> '${two}'
n=0
while [ ! -e '${place.release}' ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done
echo hello > hello.txt`,
  );
  writeFileSync(
    join(place.repo, 'check.mjs'),
    "import { readFileSync } from 'node:fs';\nif (!readFileSync('hello.txt', 'utf8')) process.exit(1);\n",
  );
  writeFileSync(join(place.repo, '.gitignore'), '.pawl/\n');
  const git = (...args) =>
    spawnSync('git', ['-C', place.repo, '-c', 'user.name=x', '-c', 'user.email=x@example.invalid', ...args]);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'one');
  return place;
}

function script({ repo }, nth, body) {
  const { command, done } = STEPS[nth];
  writeFileSync(join(repo, command), `#!/bin/sh\n${body}\necho ${done}\n`, { mode: 0o755 });
}

/**
 * Pawl in the place, with the agent for every role and its model at `url`. `name`: of the packet, and no other's, for its run to be told from others that are
 * under way. `settings`: of the agent, beyond what the stand-in needs.
 */
export function pawlAt(agent, program, place, url, { name, isNamespaced, settings = {} }) {
  const standIn = standInEnvironment(agent, url, place.home);
  for (const [path, text] of Object.entries(standIn.files)) {
    mkdirSync(dirname(join(place.home, path)), { recursive: true });
    writeFileSync(join(place.home, path), text);
  }
  const real = {
    kind: agent,
    program,
    extraArgs: [
      ...standIn.extraArgs,
      ...(agent === 'codex' ? ['-c', `sandbox_workspace_write.writable_roots=${JSON.stringify([place.notes])}`] : []),
    ],
    env: Object.keys(standIn.env).filter((name) => name !== 'HOME'),
    ...(standIn.model === null ? {} : { model: standIn.model }),
    ...settings,
  };
  const config = {
    agents: { real },
    roles: { implementer: 'real', fixer: 'real', reviewer: 'real' },
    verification: { allow: ['node check.mjs', ...STEPS.map(({ command }) => command)] },
    limits: { graceMs: 2_000, attemptsMax: 2, deadlineMs: STEP_MS },
  };
  const packet = {
    task_id: name,
    approved: true,
    scm_target: { repo: 'acme/real', issue_number: 1, intended_branch: 'feature/real' },
    scope: { goal: 'say hello in hello.txt' },
    implementation: { instructions: [`Run ${STEPS.map(({ command }) => command).join(', then ')}, then answer.`] },
    verification: { commands: ['node check.mjs'] },
    review: { criteria: ['hello.txt is there'] },
    conflict_surface: ['hello.txt'],
  };
  const [configFile, packets] = ['config.json', 'packets.json'].map((name) => join(place.home, name));
  writeFileSync(configFile, JSON.stringify(config));
  writeFileSync(packets, JSON.stringify({ packets: [packet] }));
  const env = { ...process.env, IS_SANDBOX: '1', ...standIn.env };
  if (!isNamespaced) {
    // As on a system that allows no PID namespace: what is left of a tree is found by its mark and its lock.
    writeFileSync(join(place.home, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    env.PATH = `${place.home}:${env.PATH}`;
  }
  const argv = (...args) => [join(root, 'dist/src/cli/main.js'), ...args, '--config', configFile, '--json'];
  const options = { cwd: place.repo, env };
  return {
    run() {
      const child = spawn(process.execPath, argv('run', '--packets', packets), { ...options, stdio: 'ignore' });
      return { pid: child.pid, ended: new Promise((done) => child.once('exit', done)) };
    },
    status: () =>
      JSON.parse(spawnSync(process.execPath, argv('status'), { ...options, encoding: 'utf8' }).stdout).runs[0],
    /** Folders of the run's implementation tasks. */
    work() {
      const runs = join(place.repo, '.pawl/runs');
      const tasks = join(runs, readdirSync(runs)[0], 'tasks');
      return readdirSync(tasks)
        .filter((name) => name.startsWith('implementation'))
        .map((name) => join(tasks, name));
    },
  };
}

/** A register of a task. */
export function register(folder, name) {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

/** The lines of a file, none where it is not there. */
export function linesOf(path) {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}

/** True when a file below the folder holds these words. */
export function isWrittenBelow(folder, words) {
  return readdirSync(folder, { withFileTypes: true }).some((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name !== 'node_modules' && isWrittenBelow(path, words);
    if (!entry.isFile()) return false;
    try {
      return readFileSync(path).includes(words);
    } catch {
      return false; // It is gone again.
    }
  });
}
