/** Which agent does a task, and what its worker is given, through the built command line. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunView } from '../../src/run/run-view.ts';
import { codesOf, documentOf, type ErrorDocument, runOf, until } from '../support/pawl-cli.ts';
import { answer, goodWork, type Plain, packetOf, verdict, witnessed } from '../support/scenario-packet.ts';
import { ALLOWED, Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const WORKER = resolve(import.meta.dirname, '../fixtures/workers/follows-the-contract.mjs');
let scenario: Scenario;
beforeEach(() => {
  scenario = new Scenario();
});
afterEach(() => scenario.end());

/** What a worker of that task was given. */
interface Told {
  readonly env: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
  readonly cwd: string;
  readonly task: Plain;
}

function toldBy(run: RunView, taskId: string): Told {
  return JSON.parse(readFileSync(join(scenario.repo.root, `${run.runId}-${taskId}.json`), 'utf8')) as Told;
}

/** An agent that is a program of the user's own. */
function program(...more: readonly string[]): Plain {
  return { kind: 'command', argv: [process.execPath, WORKER, scenario.witness, scenario.repo.root, ...more] };
}

function agentsOf(run: RunView): string[] {
  return scenario.journal(run.runId).flatMap(({ event }) => (event.type === 'taskRequested' ? [event.agent] : []));
}

describe('without an agent', () => {
  test('the run stays queued and is told which agent it needs; configured later, it runs', {
    timeout: SLOW,
  }, async () => {
    const packets = scenario.packets(packetOf('A'));
    const first = await scenario.run(packets);
    expect(first.code).toBe(3);
    expect(first.of('A')).toMatchObject({ state: 'queued', kind: 'blocked', lease: null, tasks: [] });
    expect(codesOf(first.of('A'))).toEqual(['PAWL_AGENT_MISSING', 'PAWL_VERIFICATION_NOT_ALLOWED']);
    expect(first.of('A').blockers[0]).toMatchObject({ hint: expect.stringContaining('pawl.config.json') });
    const again = await scenario.run(packets);
    expect(again.of('A').seq).toBe(first.of('A').seq);
    expect((await scenario.status('A')).actions.map(({ kind, command }) => command ?? kind)).toEqual([
      'pawl doctor',
      `pawl run ${first.of('A').runId}`,
      'replacePacket',
      `pawl resolve ${first.of('A').runId} abandon --reason ''`,
    ]);

    scenario.scripted({ A: { implementation: [answer({ status: 'blocked' })] } });
    const last = await scenario.json('run');
    expect(codesOf(runOf(last.document, 'A'))).toEqual(['PAWL_WORKER_BLOCKED']);
    expect(scenario.startsOf(first.of('A').runId)).toEqual(['implementation-e0-a1']);
  });

  test('an agent of another name is not an agent', { timeout: SLOW }, async () => {
    scenario.config({ agents: { one: program() }, roles: { reviewer: 'two' } });
    const { code, of } = await scenario.run(scenario.packets(packetOf('A')));
    expect(code).toBe(3);
    expect(of('A').blockers[0]?.message).toContain('"two"');
    expect(scenario.starts()).toEqual([]);
  });
});

describe('the choice', () => {
  test('is --agent, else the packet, else the role: by whom each task is done', { timeout: SLOW }, async () => {
    const steps = witnessed(scenario.witness, { ...goodWork('any'), implementation: [answer({ status: 'blocked' })] });
    const tasks = { JUDGED: witnessed(scenario.witness, goodWork('JUDGED')) };
    const scripted = { kind: 'scripted', steps: { ...steps, tasks } };
    const agents = { coder: scripted, critic: scripted, special: scripted, override: scripted };
    const roles = { implementer: 'coder', fixer: 'coder', reviewer: 'critic' };
    scenario.config({ agents, roles, verification: { allow: ALLOWED } });
    const packets = scenario.packets(
      packetOf('BY-PACKET', { agent: 'special' }),
      packetOf('JUDGED', { verification: { expectations: 'It is right.' } }),
    );
    const { of } = await scenario.run(packets);
    expect(agentsOf(of('BY-PACKET'))).toEqual(['special']);
    expect(of('JUDGED').state).toBe('readyForManualReview');
    expect(agentsOf(of('JUDGED'))).toEqual(['coder', 'critic', 'critic']);
    const overridden = await scenario.run(scenario.packets(packetOf('C', { agent: 'special' })), '--agent', 'override');
    expect(agentsOf(overridden.of('C'))).toEqual(['override']);
  });
});

test('PAWL_AGENT gives the roles that the config leaves open their agent: validate says so, and the run records it', {
  timeout: SLOW,
}, async () => {
  const steps = witnessed(scenario.witness, { ...goodWork('A'), implementation: [answer({ status: 'blocked' })] });
  const scripted = { kind: 'scripted', steps };
  scenario.config({ agents: { one: scripted, two: scripted, three: scripted }, roles: { reviewer: 'three' } });
  const packets = scenario.packets(packetOf('A', { verification: { expectations: 'It is right.' } }));
  const environment = { PAWL_AGENT: 'two' };
  const agents = { implementer: 'two', fixer: 'two', reviewer: 'three', verifier: 'three' };
  const checked = await scenario.callIn(scenario.path, environment, 'validate', packets);
  expect(checked.stdout).toContain('by two (implementer), two (fixer), three (reviewer), three (verifier)\n');
  const { code } = await scenario.callIn(scenario.path, environment, 'run', '--packets', packets);
  expect(code).toBe(3);
  const [run] = (await scenario.json('status')).document.runs;
  const admitted = scenario.journal(run?.runId ?? '').map(({ event }) => event);
  expect(admitted).toContainEqual(expect.objectContaining({ type: 'runAdmitted', agents }));
  expect(run === undefined ? [] : agentsOf(run)).toEqual(['two']);
  const shown = await scenario.callIn(scenario.path, {}, 'show', 'A');
  expect(shown.stdout).toMatch(/implementation\S* .*, two\b/);
});

describe('what --agent named', () => {
  test.each([
    ['with the packets', true],
    ['for runs that were recorded before', false],
  ])(
    '%s counts for every run that a killed pawl run had not begun',
    { timeout: SLOW },
    async (_name, isWithPackets) => {
      const gate = join(scenario.repo.root, 'go');
      const wait = `while [ ! -e ${gate} ]; do sleep 0.05; done`;
      const worker = `echo "$PAWL_RUN_ID $PAWL_TASK_ID $$ 0" >>${scenario.witness}; ${wait}; echo "$PAWL_RUN_ID" >"$PAWL_RUN_ID"`;
      const named = { kind: 'command', argv: ['sh', '-c', worker], completion: 'exitCode' };
      // Two agents and no roles: without a name none is chosen.
      scenario.config({ agents: { named, other: { kind: 'scripted' } }, verification: { allow: ['true'] } });
      const names = ['A', 'B', 'C'];
      const packets = scenario.packets(...names.map((name) => packetOf(name)));
      if (!isWithPackets) await scenario.json('intake', packets);
      const which = isWithPackets ? ['--packets', packets] : [];
      const call = scenario.start('run', ...which, '--max-parallel', '1', '--agent', 'named', '--json');
      await until('the first worker', () => scenario.starts()[0]);
      call.child.kill('SIGKILL');
      await call.ended;
      const queued = (await scenario.json('status')).document.runs.filter(({ state }) => state === 'queued');
      expect(queued.map(({ agentOverride }) => agentOverride)).toEqual(['named', 'named']);
      expect((await scenario.json('validate', packets)).document).toMatchObject({ summary: { ready: 2, underWay: 1 } });

      scenario.repo.write(gate, '');
      const { code, document } = await scenario.json('run');
      expect(names.map((name) => runOf(document, name).state)).toEqual(names.map(() => 'readyForManualReview'));
      const used = names.map((name) => agentsOf(runOf(document, name)));
      expect(used).toEqual(names.map(() => ['named', 'pawl', 'named']));
      expect(code).toBe(0);
    },
  );

  test('is taken by an intake, and a name that no agent can have is refused before anything is recorded', {
    timeout: SLOW,
  }, async () => {
    scenario.scripted({ A: { implementation: [answer({ status: 'blocked' })] } });
    scenario.addAgent('other', { kind: 'scripted' });
    const packets = scenario.packets(packetOf('A'));
    const bad = await scenario.call('intake', packets, '--agent', 'no agent', '--json');
    expect(bad.code).toBe(2);
    expect(documentOf<ErrorDocument>(bad).error.message).toContain('must be a name');
    const { document } = await scenario.json('intake', packets, '--agent', 'worker');
    expect(runOf(document, 'A').agentOverride).toBe('worker');
    const report = (await scenario.call('status', runOf(document, 'A').runId)).stdout;
    expect(report).toContain('agent  worker for every role, set by --agent');
    expect(agentsOf(runOf((await scenario.json('run')).document, 'A'))).toEqual(['worker']);
  });
});

describe('a worker of a user', () => {
  test('is given its task, its place and nothing else of our environment', { timeout: SLOW }, async () => {
    const agent = {
      ...program('--in={worktree}', '{taskFile}', '{completionFile}', '$HOME; rm -rf {unknown}'),
      env: ['MY_KEY'],
    };
    scenario.config({ agents: { own: agent }, verification: { allow: ALLOWED } });
    const packets = scenario.packets(packetOf('A', { extra: { kept: true } }));
    const env = { MY_KEY: 'given', RUNNER_SECRET: 'hidden', LC_TEST: 'c', PAWL_EVIL: '1', NODE_OPTIONS: '' };
    const end = await scenario.startIn(scenario.path, env, 'run', '--packets', packets, '--json').ended;
    const run = runOf(documentOf(end), 'A');
    expect(run.state).toBe('readyForManualReview');

    const worktree = join(scenario.registry, 'worktrees', run.runId);
    const told = toldBy(run, 'implementation-e0-a1');
    const folder = scenario.runFile(run.runId, 'tasks', 'implementation-e0-a1');
    const completion = told.env.PAWL_COMPLETION_FILE ?? '';
    expect(told.cwd).toBe(worktree);
    expect(told.rest).toEqual([`--in=${worktree}`, join(folder, 'task.json'), completion, '$HOME; rm -rf {unknown}']);
    expect(completion.startsWith(`${worktree}/`)).toBe(true);
    expect(told.env).toMatchObject({
      PAWL_RUN_ID: run.runId,
      PAWL_TASK_ID: 'implementation-e0-a1',
      PAWL_PURPOSE: 'implementation',
      PAWL_EPOCH: '0',
      PAWL_ATTEMPT: '1',
      PAWL_TASK_FILE: join(folder, 'task.json'),
      PAWL_TASK_MARK: expect.stringContaining(`${run.runId}/implementation-e0-a1/`),
      MY_KEY: 'given',
      LC_TEST: 'c',
      PATH: process.env.PATH,
      HOME: join(scenario.repo.root, 'home'),
    });
    const known =
      /^(?:PAWL_(?:RUN_ID|TASK_ID|PURPOSE|EPOCH|ATTEMPT|TASK_FILE|COMPLETION_FILE|TASK_MARK)|PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TERM|TMPDIR|TZ|MY_KEY|PWD|SHLVL|OLDPWD|_)$/;
    expect(Object.keys(told.env).filter((name) => !known.test(name))).toEqual([]);
    expect(told.task).toMatchObject({
      purpose: 'implementation',
      instructions: ['Write what A asks for.'],
      packetAsGiven: { extra: { kept: true } },
      answerSchema: { required: ['status', 'summary'] },
    });
    const review = toldBy(run, 'review-e1-a1');
    expect(review.task).toMatchObject({
      criteria: ['It does what was asked for.'],
      commitToReview: run.headCommit,
      answerSchema: { required: ['status', 'summary', 'verdict'] },
    });
    expect(review.env.PAWL_TASK_MARK).not.toBe(told.env.PAWL_TASK_MARK);
    expect(scenario.repo.git(['ls-tree', '-r', '--name-only', 'work/A']).split('\n')).toEqual([
      'README.md',
      'by-implementation.txt',
      'src/one.txt',
    ]);
  });

  test('may answer by its exit code where it is configured so', { timeout: SLOW }, async () => {
    const shell = (script: string): Plain => ({ kind: 'command', argv: ['sh', '-c', script], completion: 'exitCode' });
    const agents = {
      coder: shell('echo 1 >>tries.txt'),
      critic: shell('echo 2 >out.txt; exit 1'),
      lazy: shell('exit 0'),
    };
    const roles = { implementer: 'coder', fixer: 'coder', reviewer: 'critic' };
    scenario.config({ agents, roles, verification: { allow: ALLOWED } });
    const packets = scenario.packets(
      packetOf('REFUSED', { limits: { fix_attempts_max: 1 } }),
      packetOf('EMPTY', { agent: 'lazy', limits: { attempts_max: 1 } }),
    );
    const { of } = await scenario.run(packets);
    expect(codesOf(of('REFUSED'))).toEqual(['PAWL_GATE_FAILED', 'PAWL_FIX_LIMIT']);
    expect(of('REFUSED').gates.review).toMatchObject({ status: 'FAIL' });
    expect(scenario.repo.git(['show', 'work/REFUSED:tries.txt'])).toBe('1\n1');
    expect(codesOf(of('EMPTY'))).toContain('PAWL_WORKER_NO_CHANGE');
  });

  test('that cannot be started is for a person, uses no attempt, and runs once it can be; one that does not exist is named before anything starts', {
    timeout: SLOW,
  }, async () => {
    const broken = join(scenario.repo.root, 'broken');
    writeFileSync(broken, '#!/no/such/interpreter\n', { mode: 0o755 });
    scenario.config({
      agents: {
        broken: { kind: 'command', argv: [broken] },
        gone: { kind: 'command', argv: ['./no/such/program'] },
        wrapped: { kind: 'command', argv: ['sh', '-c', 'nowhere-agent --go'] },
      },
      verification: { allow: ALLOWED },
    });
    const once = { limits: { attempts_max: 1 } };
    const { code, of } = await scenario.run(
      scenario.packets(
        packetOf('BROKEN', { agent: 'broken', ...once }),
        packetOf('GONE', { agent: 'gone' }),
        packetOf('WRAPPED', { agent: 'wrapped', ...once }),
      ),
    );
    expect(code).toBe(3);
    expect(of('GONE')).toMatchObject({ state: 'queued', tasks: [] });
    expect(codesOf(of('GONE'))).toEqual(['PAWL_AGENT_MISSING']);
    for (const name of ['BROKEN', 'WRAPPED']) {
      expect(of(name)).toMatchObject({ state: 'blockedNeedsHuman' });
      expect(codesOf(of(name))).toEqual(['PAWL_WORKER_START_FAILED']);
    }
    expect(of('WRAPPED').blockers[0]?.message).toContain('nowhere-agent');

    const { runId } = of('WRAPPED');
    const scripted = { kind: 'scripted', steps: witnessed(scenario.witness, goodWork('WRAPPED')) };
    scenario.addAgent('wrapped', scripted);
    expect((await scenario.json('resolve', runId, 'retry', '--reason', 'installed')).code).toBe(0);
    const last = runOf((await scenario.json('run', runId)).document, 'WRAPPED');
    expect(last.state).toBe('readyForManualReview');
  });
});

describe('a packet with expectations and no commands', () => {
  test('is judged by a worker: FAIL sends it into the fix loop, BLOCKED to a person', { timeout: SLOW }, async () => {
    scenario.scripted({
      FIXED: { 'verification.e1': [verdict('FAIL', 'it is slow')] },
      UNCLEAR: { verification: [verdict('BLOCKED', 'no way to tell')] },
      SILENT: { verification: [answer({ verdict: null })] },
    });
    const judged = { verification: { expectations: ['It is fast.'] } };
    const packets = scenario.packets(
      packetOf('FIXED', judged),
      packetOf('UNCLEAR', judged),
      packetOf('SILENT', { ...judged, limits: { attempts_max: 1 } }),
    );
    const { of } = await scenario.run(packets);
    expect(of('FIXED')).toMatchObject({ state: 'readyForManualReview', epoch: 2 });
    expect(of('UNCLEAR').state).toBe('blockedNeedsHuman');
    expect(of('UNCLEAR').blockers[0]?.message).toContain('no way to tell');
    expect(of('SILENT').state).toBe('failedExecution');
    expect(of('SILENT').gates.verification).toBeNull();
  });
});
