/** Commands of packets and config through the built command line: what the allow-list does not admit never runs. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { codesOf, runOf } from '../support/pawl-cli.ts';
import { answer, type Plain, packetOf, verdict, write } from '../support/scenario-packet.ts';
import { ALLOWED, Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
let scenario: Scenario;
beforeEach(() => {
  scenario = new Scenario();
});
afterEach(() => scenario.end());

describe('a verification command', () => {
  test('that is not admitted is named before any worker starts, and runs once the config admits it', {
    timeout: SLOW,
  }, async () => {
    const trace = join(scenario.repo.root, 'ran');
    const forbidden = `touch ${trace}`;
    scenario.scripted({});
    const commands = { A: `${forbidden}-A`, B: `${forbidden}-B` };
    const packets = scenario.packets(
      ...Object.entries(commands).map(([id, command]) =>
        packetOf(id, { verification: { commands: ['true', command] } }),
      ),
    );
    const first = await scenario.run(packets);
    expect(first.code).toBe(3);
    for (const [id, command] of Object.entries(commands)) {
      expect(first.of(id)).toMatchObject({ state: 'queued', kind: 'blocked', tasks: [], lease: null });
      expect(codesOf(first.of(id))).toEqual(['PAWL_VERIFICATION_NOT_ALLOWED']);
      expect(first.of(id).blockers[0]?.message).toContain(command);
    }
    expect(scenario.starts()).toEqual([]);
    const again = await scenario.run(packets);
    expect(again.of('A').seq).toBe(first.of('A').seq);

    scenario.scripted({}, { verification: { allow: [...ALLOWED, 'touch *'] } });
    // Both ways out work: an operator's word, and simply the next run.
    const { runId } = first.of('A');
    expect((await scenario.json('resolve', runId, 'retry', '--reason', 'it may run')).code).toBe(0);
    const last = await scenario.json('run');
    expect(last.code).toBe(0);
    for (const id of ['A', 'B']) {
      expect(runOf(last.document, id).state).toBe('readyForManualReview');
      expect(existsSync(`${trace}-${id}`)).toBe(true);
    }
    expect(scenario.startsOf(runId)).toEqual(['implementation-e0-a1', 'review-e1-a1']);
  });

  test('that needs a shell is refused before any worker starts, whatever is admitted', { timeout: SLOW }, async () => {
    scenario.scripted({}, { verification: { allow: ['*'] } });
    const trace = join(scenario.repo.root, 'ran');
    const commands = [`true && touch ${trace}`, `true $(touch ${trace})`, `true > ${trace}`];
    const packets = scenario.packets(
      ...commands.map((command, index) => packetOf(`S${index}`, { verification: { commands: command } })),
    );
    const { code, of } = await scenario.run(packets);
    expect(code).toBe(3);
    for (const [index, command] of commands.entries()) {
      expect(codesOf(of(`S${index}`))).toEqual(['PAWL_VERIFICATION_NOT_ALLOWED']);
      expect(of(`S${index}`).blockers[0]?.message).toContain(command);
    }
    expect(scenario.starts()).toEqual([]);
    expect(existsSync(trace)).toBe(false);
    const { runId } = of('S0');
    const given = await scenario.json('resolve', runId, 'abandon', '--reason', 'the packet is wrong');
    expect(runOf(given.document, 'S0').state).toBe('cancelled');
  });

  test('of a passed run is in the evidence with its exit and its output, sanitised', { timeout: SLOW }, async () => {
    const loud =
      "printf '\\033[31mred\\033[0m\\n<script>alert(1)</script>\\n'; echo token=ghp_0123456789abcdefghijABCDEFGHIJ012345 >&2; exit 3\n";
    scenario.scripted({ A: { implementation: [write('loud.sh', loud), answer()] } });
    const overrides = { verification: { commands: ['true', 'sh loud.sh'] }, limits: { fix_attempts_max: 0 } };
    const run = (await scenario.run(scenario.packets(packetOf('A', overrides)))).of('A');
    expect(codesOf(run)).toEqual(['PAWL_GATE_FAILED', 'PAWL_FIX_LIMIT']);
    const evidence = scenario.artifact(run.runId, 'verification', 'verification-e1-a1-evidence');
    expect(evidence).toMatchObject({
      status: 'FAIL',
      commit: run.headCommit,
      commands: [
        { argv: ['true'], exitCode: 0, durationMs: expect.any(Number) },
        { argv: ['sh', 'loud.sh'], exitCode: 3, outputTail: expect.stringContaining('red') },
      ],
    });
    expect(JSON.stringify(evidence)).not.toMatch(/ghp_0123|\\u001b/);
  });
});

describe('workspace.setup', () => {
  /** A command that leaves a line at every run. */
  const counting = (): { command: string; lines: () => number } => {
    const file = join(scenario.repo.root, 'set-up');
    scenario.repo.write(
      join(scenario.repo.root, 'setup.sh'),
      `pwd >>${file}; mkdir -p node_modules; echo dep >node_modules/dep; exit $1\n`,
    );
    return {
      command: `sh ${scenario.repo.root}/setup.sh`,
      lines: () => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').length : 0),
    };
  };
  const with_ = (scripts: Parameters<Scenario['scripted']>[0], setup: string): void =>
    scenario.scripted(scripts, { workspace: { setup: [setup] } } satisfies Plain);

  test('runs once in a worktree, before everything else, also when gates fail and attempts repeat', {
    timeout: SLOW,
  }, async () => {
    const { command, lines } = counting();
    scenario.repo.write('.gitignore', 'node_modules\n');
    scenario.repo.git(['add', '.gitignore']);
    scenario.repo.git(['commit', '--quiet', '-m', 'Ignore']);
    with_(
      { A: { 'implementation.a1': [answer({ status: 'failed' })], 'review.e1': [verdict('FAIL')] } },
      `${command} 0`,
    );
    const needsIt = { verification: { commands: ['test -f node_modules/dep'] } };
    const { code, of } = await scenario.run(scenario.packets(packetOf('A', needsIt)));
    expect(code).toBe(0);
    expect(of('A').tasks[0]).toMatchObject({ taskId: 'setup-e0-a1', purpose: 'setup', result: 'completed' });
    expect(lines()).toBe(1);
  });

  test('that fails starts no implementation', { timeout: SLOW }, async () => {
    const { command, lines } = counting();
    with_({}, `${command} 1`);
    const { code, of } = await scenario.run(scenario.packets(packetOf('A')));
    expect(of('A').state).toBe('failedExecution');
    expect(code).toBe(4);
    expect(codesOf(of('A')).at(-1)).toBe('PAWL_ATTEMPTS_EXHAUSTED');
    expect(lines()).toBe(2);
    expect(scenario.starts()).toEqual([]);
  });

  test('that is not admitted is named and does not run', { timeout: SLOW }, async () => {
    with_({}, 'npm ci');
    const { code, of } = await scenario.run(scenario.packets(packetOf('A')));
    expect(code).toBe(3);
    expect(codesOf(of('A'))).toEqual(['PAWL_SETUP_NOT_ALLOWED']);
    expect(of('A').blockers[0]?.message).toContain('npm ci');
  });
});
