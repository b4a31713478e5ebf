/**
 * A repository with one approved packet, a scripted agent and witnesses, for tests that kill Pawl while it works.
 *
 * Owns: making and removing it, ending what is left of it. Does not own: starting Pawl (start), judging the end (verdict).
 *
 * The agent runs under flock(1) on one file for all tasks: a worker that is started while anything of an older one lives fails at once.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtPath } from '../../adapters/built-path.ts';
import { nodeFs } from '../../adapters/node-fs.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { Files } from '../../store/files.ts';
import { RegistryPaths } from '../../store/registry-paths.ts';
import { createSandboxRepo, type SandboxRepo } from './sandbox-repo.ts';

const SCRIPTED_WORKER = builtPath('adapters/agents/scripted-worker.js');
/** How flock(1) says that an older worker lives. */
const OVERLAP_EXIT = 99;

/** The branch that the packet names. */
export const CRASH_BRANCH = 'pawl/crash';

/** What the workers of a site do: steps of the scripted agent by key, a witness line always first. */
export type SiteScript = Readonly<Record<string, readonly object[]>>;

/** What a site may have otherwise. */
export interface SiteOptions {
  readonly script?: SiteScript;
  readonly limits?: Readonly<Record<string, unknown>>;
  readonly taskId?: string;
  /** Names of the agents, all of them scripted alike, and which of them does what. */
  readonly agents?: readonly string[];
  readonly roles?: Readonly<Record<string, string>>;
  /** Another built command line than the one beside this harness. */
  readonly program?: string;
  /** Variables for every start of Pawl, and what its command line is put behind. */
  readonly surroundings?: (repo: SandboxRepo) => Surroundings;
}

/** What watches over the processes of a site. */
export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  wrap(argv: readonly string[]): readonly string[];
}

const NOTHING_AROUND: Surroundings = { environment: {}, wrap: (argv) => argv };

/** The mark is `<run id>/<task id>/<nonce>`. */
const VERIFY = [
  'task=$(echo "$PAWL_TASK_MARK" | cut -d/ -f2)',
  'if test -e "$HOME/../deaf-$task"; then trap "" TERM; fi',
  'echo "x $task $$ 0" >> "$HOME/witness"',
  'echo working',
  'if test -e "$HOME/../hold-$task"; then while ! test -e "$HOME/../go-$task"; do sleep 0.02; done; fi',
  'test -f fixed.txt',
  '',
].join('\n');

const PASSES = [{ do: 'answer' }];

/** Verification fails once: implement, verify FAIL, fix, verify PASS, review PASS, handoff. */
export const FAILS_ONCE: SiteScript = {
  implementation: [{ do: 'write', path: 'one.txt', text: 'one\n' }, ...PASSES],
  fix: [{ do: 'write', path: 'fixed.txt', text: 'fixed\n' }, ...PASSES],
  review: PASSES,
};

/** Everything passes at once. */
export const PASSES_AT_ONCE: SiteScript = {
  implementation: [{ do: 'write', path: 'fixed.txt', text: 'fixed\n' }, ...PASSES],
  review: PASSES,
};

/** Review fails once. */
export const REVIEW_FAILS_ONCE: SiteScript = {
  ...PASSES_AT_ONCE,
  'review.e1': [{ do: 'answer', verdict: 'FAIL' }],
  fix: [{ do: 'append', path: 'fixed.txt', text: 'again\n' }, ...PASSES],
};

/** One repository in which Pawl is killed. */
export interface CrashSite {
  readonly repo: SandboxRepo;
  readonly root: string;
  /** The built command line. */
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
  wrap(argv: readonly string[]): readonly string[];
  readonly files: Files;
  readonly paths: RegistryPaths;
  /** Lines `<task id> <pid> <ms>` of every worker that really ran. */
  readonly witness: string;
  /** The one run of this site, null before its intake. */
  runId(): string | null;
  /** Pids of all living processes that were started for this site, Pawl's own included. */
  processes(): readonly number[];
  /** Everything of the site is ended and removed. */
  close(): void;
}

const openSites = new Set<{ close(): void }>();

/** The site is closed with the others if the harness is interrupted. Returns how to leave it out again. */
export function noteOpen(site: { close(): void }): () => void {
  openSites.add(site);
  return () => void openSites.delete(site);
}

/** Everything of all sites that are open is ended and removed: for a harness that is interrupted. */
export function closeOpenSites(): void {
  for (const site of openSites) site.close();
}

/** A fresh site. */
export function createCrashSite(options: SiteOptions = {}): CrashSite {
  const repo = createSandboxRepo();
  const { root } = repo;
  const witness = join(root, 'home', 'witness');
  furnish(repo, witness, options);
  const { environment, wrap } = options.surroundings?.(repo) ?? NOTHING_AROUND;
  const paths = new RegistryPaths(join(repo.path, '.pawl'));
  const processes = (): readonly number[] => processesOf(root);
  const site: CrashSite = {
    repo,
    root,
    program: options.program ?? builtPath('cli/main.js'),
    environment,
    wrap,
    files: new Files(nodeFs, systemClock),
    paths,
    witness,
    runId: () => (existsSync(paths.runs) ? (readdirSync(paths.runs)[0] ?? null) : null),
    processes,
    close: () => {
      forget();
      endAll(processes);
      repo.remove();
    },
  };
  const forget = noteOpen(site);
  return site;
}

/** Config, script, verification and packet of the site. */
function furnish(repo: SandboxRepo, witness: string, options: SiteOptions): void {
  const { root } = repo;
  const { script = FAILS_ONCE, limits = {}, agents = ['crash'], roles = {} } = options;
  const steps = Object.fromEntries(
    Object.entries(script).map(([key, list]) => [key, [{ do: 'witness', file: witness }, ...list]]),
  );
  repo.write(join(root, 'script.json'), JSON.stringify(steps));
  const argv = [...oneAtATime(root), process.execPath, SCRIPTED_WORKER, join(root, 'script.json')];
  repo.write(
    join(root, 'config.json'),
    JSON.stringify({
      agents: Object.fromEntries(agents.map((name) => [name, { kind: 'command', argv, completion: 'file' }])),
      roles,
      verification: { allow: ['sh verify.sh'] },
      limits: { graceMs: 500, ...limits },
    }),
  );
  repo.write('verify.sh', VERIFY);
  repo.git(['add', '-A']);
  repo.git(['commit', '--quiet', '-m', 'Verification']);
  repo.write(join(root, 'packets.json'), JSON.stringify({ packets: [packet(options.taskId ?? 'CRASH-1')] }));
}

/** Where flock(1) is: a worker that is started while an older one lives fails at once. */
function oneAtATime(root: string): readonly string[] {
  return hasFlock ? ['flock', '-n', '-E', String(OVERLAP_EXIT), join(root, 'worker.lock')] : [];
}

const hasFlock = spawnSync('flock', ['--version'], { stdio: 'ignore' }).status === 0;

function packet(taskId: string): object {
  return {
    task_id: taskId,
    approval: { status: 'approved' },
    scm_target: { repo: 'demo/crash', issue_number: 1, intended_branch: CRASH_BRANCH, base_branch: 'main' },
    scope: { goal: 'Survive' },
    implementation: { instructions: 'Write a file.' },
    verification: { commands: ['sh verify.sh'] },
    review: { criteria: ['It is there'] },
    conflict_surface: ['one.txt'],
  };
}

/** Living processes that hold the site's folder in their environment (as HOME) or command line. */
export function processesOf(root: string): readonly number[] {
  if (!existsSync('/proc/self/environ')) return listedProcessesOf(root);
  const found: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const text = `${readFileSync(`/proc/${name}/environ`, 'latin1')}\0${readFileSync(`/proc/${name}/cmdline`, 'latin1')}`;
      if (text.includes(root)) found.push(Number(name));
    } catch {
      // Gone, or not ours to read: then it is not one of this site.
    }
  }
  return found;
}

/** The same where there is no /proc: ps(1) shows command lines with their environments. */
function listedProcessesOf(root: string): readonly number[] {
  const listed = spawnSync('ps', ['-axEwwo', 'pid=,command='], { encoding: 'utf8' }).stdout ?? '';
  const lines = listed.split('\n').filter((line) => line.includes(root));
  return lines.map((line) => Number.parseInt(line, 10)).filter((pid) => pid > 0 && pid !== process.pid);
}

/** They are killed, until none is left. */
export function endAll(processes: () => readonly number[]): void {
  for (let round = 0; round < 50; round += 1) {
    const left = processes();
    if (left.length === 0) return;
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended by itself.
      }
    }
  }
}
