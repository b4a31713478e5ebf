import { describe, expect, test } from 'vitest';
import { hintOf, knownHint } from '../../src/blockers/catalogue.ts';
import { shownBlocker, shownHint } from '../../src/blockers/shown-blocker.ts';
import { ERROR_CODES, type ErrorCode } from '../../src/model/error-codes.ts';
import { ALONE, firstOf, type RunFacts, runActions, type Surroundings } from '../../src/run/next-actions.ts';
import { HOSTILE } from '../support/hostile-names.ts';
import { factsOf } from '../support/run-facts.ts';
import { readWithShell } from '../support/shell-reader.ts';

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const STATES = [
  'packetReceived',
  'queued',
  'waitingForLock',
  'implementing',
  'verification',
  'internalReview',
  'fixLoop',
  'handoffReady',
  'readyForManualReview',
  'blockedPlanInsufficient',
  'failedExecution',
  'cancelled',
  'blockedNeedsHuman',
  'blockedLockConflict',
  'quarantined',
];
const NOW_MS = Date.UTC(2026, 4, 3, 20, 15);
const DRIVEN = {
  driver: { kind: 'alive', pid: 123, hostname: 'here', sinceMs: NOW_MS - 300_000 },
} as const;

function run(state: string, more: Partial<RunFacts> = {}): RunFacts {
  const kind =
    state === 'quarantined' ? 'quarantined' : state.startsWith('blocked') ? ('blocked' as const) : ('active' as const);
  return factsOf(state, { runId: 'run_A_0123456789ab', kind, ...more });
}

function around(more: Partial<Surroundings> = {}): Surroundings {
  return { ...ALONE, nowMs: NOW_MS, ...more };
}

const commandsOf = (facts: RunFacts, surroundings: Surroundings = around()): readonly (string | null)[] =>
  runActions(facts, surroundings).map(({ command }) => command);

test('the fix rounds that an earlier journal counts are shown with their plural', () => {
  const message = (count: number) =>
    shownBlocker({ code: 'PAWL_FIX_LIMIT', message: `after ${count} fix round(s), the most`, hint: '', evidence: [] })
      .message;
  expect([1, 2, 12].map(message)).toEqual(
    ['1 fix round', '2 fix rounds', '12 fix rounds'].map((words) => `after ${words}, the most`),
  );
});

test('a packet that is not an object is shown as that, not as one that lacks a field', () => {
  const lacking = {
    code: 'PAWL_PACKET_INSUFFICIENT',
    message: 'The packet lacks x.',
    hint: 'old',
    evidence: ['x'],
  } as const;
  expect(shownBlocker(lacking)).toEqual({ ...lacking, hint: hintOf('PAWL_PACKET_INSUFFICIENT') });
  const evidence = ['packet_object'];
  expect(shownBlocker({ ...lacking, message: 'The packet lacks packet_object.', evidence })).toEqual({
    code: 'PAWL_PACKET_INSUFFICIENT',
    message: 'The packet is not an object.',
    hint: 'Write an object with the fields of a packet; an edited packet is a new run.',
    evidence,
  });
});

describe('commands of the catalogue', () => {
  test('run exactly what they say in a real shell, for every state, code, holder and driver, with hostile names', () => {
    const all = STATES.flatMap((state) =>
      HOSTILE.flatMap((name, index) => {
        const code = CODES[index % CODES.length] as ErrorCode;
        const holder = run(STATES[index % STATES.length] ?? '', { runId: name });
        const drivers: Surroundings['driver'][] = [
          { kind: 'none' },
          DRIVEN.driver,
          { kind: 'unknown', pid: null, hostname: name, sinceMs: null },
        ];
        const facts = run(state, {
          runId: name,
          blockers: [{ code }, { code: 'PAWL_WORKSPACE_BRANCH_IN_WAY', evidence: [name] }],
          blockedGate: index % 2 === 0 ? 'review' : null,
          waitUntilMs: index % 3 === 0 ? NOW_MS : null,
          contention: { holder: name },
          surfaceConflict: index % 2 === 0 ? null : { holder: index % 3 === 0 ? null : name },
          baseCommit: name,
          headCommit: name,
        });
        return drivers.flatMap((driver) =>
          runActions(facts, around({ driver, holder, options: ['--registry', name] })),
        );
      }),
    );
    const argvs = all.flatMap(({ argv }) => (argv === null ? [] : [argv]));
    const lines = all.flatMap(({ command }) => command ?? []);
    expect(lines.length).toBeGreaterThan(500);
    const { ran, complaints, files } = readWithShell('bash', lines);
    expect({ complaints, files }).toEqual({ complaints: '', files: [] });
    expect(ran).toEqual(argvs);
  });

  test.each(CODES)('offer each decision as a command of its own where %s has parked a run', (code) => {
    const facts = run('blockedNeedsHuman', { blockers: [{ code }], blockedGate: 'review' });
    expect(commandsOf(facts).filter((command) => command !== null)).toEqual(
      ['retry', 'accept', 'abandon'].map((word) => `pawl resolve run_A_0123456789ab ${word} --reason ''`),
    );
    expect(commandsOf({ ...facts, blockedGate: null })).not.toContain(expect.stringContaining('accept'));
  });

  test.each([
    ['PAWL_VERIFICATION_NOT_ALLOWED', true],
    ['PAWL_FIX_LIMIT', true],
    ['PAWL_GIT_TAMPERED', false],
    ['PAWL_HOST_UNKNOWN', false],
  ] as const)('speak of a corrected packet where that may be the cure: %s, %s', (code, isOffered) => {
    for (const state of ['blockedNeedsHuman', 'queued'] as const) {
      const actions = runActions(run(state, { kind: 'blocked', blockers: [{ code }] }), around());
      expect(actions.some(({ kind }) => kind === 'replacePacket')).toBe(isOffered);
    }
  });

  test('address the registry that was named', () => {
    const named = around({ options: ['--registry', '/a b'] });
    expect(commandsOf(run('implementing'), named)).toEqual(["pawl run run_A_0123456789ab --registry '/a b'"]);
  });

  test('after success name the judged commit, and no branch', () => {
    expect(commandsOf(run('readyForManualReview', { kind: 'terminal' }))).toEqual([
      `git log --patch ${'a'.repeat(12)}..${'b'.repeat(12)}`,
    ]);
  });
});

describe('a run of which nothing is to be done', () => {
  test.each([
    ['is driven', run('implementing'), around(DRIVEN)],
    ['is set aside and was given up', run('quarantined', { kind: 'terminal' }), around()],
    ['was cancelled', run('cancelled', { kind: 'terminal' }), around()],
    [
      'waits for a holder that is driven',
      run('waitingForLock', { contention: { holder: 'run_B' } }),
      around({ ...DRIVEN, holder: run('implementing', { runId: 'run_B' }) }),
    ],
  ])('suggests no command: it %s', (_why, facts, surroundings) => {
    expect(commandsOf(facts, surroundings).filter((command) => command !== null)).toEqual([]);
  });

  test('says who drives it, and since when', () => {
    const { kind, label } = firstOf(runActions(run('implementing'), around(DRIVEN)));
    expect(kind).toBe('driven');
    expect(label).toMatch(/^driven by pid 123 since \d\d:\d\d$/);
  });
});

describe('a run that something keeps from beginning', () => {
  const blockedBy = (code: ErrorCode): RunFacts => run('queued', { kind: 'blocked', blockers: [{ code }] });

  test('is checked again by the next run, or abandoned', () => {
    expect(commandsOf(blockedBy('PAWL_VERIFICATION_NOT_ALLOWED'))).toEqual([
      'pawl run run_A_0123456789ab',
      null,
      "pawl resolve run_A_0123456789ab abandon --reason ''",
    ]);
  });

  test('by its agents is reported where these are shown', () => {
    expect(commandsOf(blockedBy('PAWL_AGENT_UNUSABLE'))[0]).toBe('pawl doctor');
  });
});

describe('a parked run', () => {
  test('for which a decision is made is offered no second one', () => {
    const decided = run('blockedNeedsHuman', { pending: 'retry', blockedGate: 'review' });
    expect(commandsOf(decided)).toEqual(['pawl run run_A_0123456789ab']);
    expect(commandsOf(decided, around(DRIVEN))).toEqual([null]);
  });
});

test('branches in the way are each renamed by a command, before the retry', () => {
  const blockers = [{ code: 'PAWL_WORKSPACE_BRANCH_IN_WAY' as const, evidence: ['work/a/b', 'work/a/c'] }];
  expect(commandsOf(run('blockedNeedsHuman', { blockers })).slice(0, 3)).toEqual([
    'git branch -m -- work/a/b moved/work/a/b',
    'git branch -m -- work/a/c moved/work/a/c',
    "pawl resolve run_A_0123456789ab retry --reason ''",
  ]);
});

describe('a run that waits for a surface', () => {
  const waiting = run('blockedLockConflict', { contention: { holder: 'run_B' } });
  const withHolder = (state: string, more: Partial<RunFacts> = {}): readonly (string | null)[] =>
    commandsOf(waiting, around({ holder: run(state, { runId: 'run_B', ...more }) })).slice(0, -1);

  test.each([
    ['nobody drives', withHolder('implementing'), ['pawl run run_B run_A_0123456789ab']],
    [
      'is parked',
      withHolder('blockedNeedsHuman'),
      ["pawl resolve run_B retry --reason ''", "pawl resolve run_B abandon --reason ''"],
    ],
    ['is set aside', withHolder('quarantined'), ['pawl recover --dry-run', "pawl resolve run_B abandon --reason ''"]],
    ['has ended', withHolder('cancelled', { kind: 'terminal' }), ['pawl run run_A_0123456789ab']],
  ])('is told what frees it where its holder %s', (_state, commands, expected) => {
    expect(commands).toEqual(expected);
  });
});

describe('a run whose work touches what it may not lease', () => {
  const decision = (word: string, runId = 'run_A_0123456789ab') => `pawl resolve ${runId} ${word} --reason ''`;
  const parked = (holder: string | null) => run('blockedNeedsHuman', { surfaceConflict: { holder } });
  const withHolder = (state: string, more: Partial<RunFacts> = {}, surroundings: Partial<Surroundings> = {}) =>
    commandsOf(parked('run_B'), around({ ...surroundings, holder: run(state, { runId: 'run_B', ...more }) }));

  test('can be accepted where nobody holds it', () => {
    expect(commandsOf(parked(null))).toEqual(['accept', 'retry', 'abandon'].map((word) => decision(word)));
  });

  test.each([
    ['has ended', withHolder('cancelled', { kind: 'terminal' }), [decision('retry'), decision('abandon')]],
    ['is not known', commandsOf(parked('run_B')), [decision('retry'), decision('abandon')]],
    ['is driven', withHolder('implementing', {}, DRIVEN), [null, decision('abandon')]],
    ['is not driven', withHolder('implementing'), ['pawl run run_B', decision('abandon')]],
    [
      'is parked',
      withHolder('blockedNeedsHuman'),
      [decision('retry', 'run_B'), decision('abandon', 'run_B'), decision('abandon')],
    ],
  ])('is told what lets it continue where its holder %s', (_state, commands, expected) => {
    expect(commands).toEqual(expected);
  });
});

describe('a hint', () => {
  test.each(CODES)('of %s holds no command and no placeholder', (code) => {
    expect(hintOf(code)).not.toMatch(/\bpawl\s+\w|\bgit\s+\w|RUN_ID|TEXT|[`$|&<>]/);
  });

  test.each([
    'Read the evidence, then decide: pawl resolve RUN_ID retry|accept|abandon --reason TEXT.',
    'Add it, then: pawl run run_A',
    'Run `git worktree prune`',
    ...HOSTILE.filter((name) => /[`$|&\n]|;\S/.test(name)),
  ])('that a journal holds is not shown where it could be taken for a command: %j', (hint) => {
    expect(shownHint({ code: 'PAWL_AGENT_MISSING', hint })).toBe(hintOf('PAWL_AGENT_MISSING'));
  });

  test('that a journal holds is shown where only it knows what is missing', () => {
    const hint = 'Install it (npm install -g some-agent), or name its program in pawl.config.json.';
    expect(shownHint({ code: 'PAWL_AGENT_MISSING', hint })).toBe(hint);
    expect(shownHint({ code: 'PAWL_GATE_BLOCKED', hint })).toBe(hintOf('PAWL_GATE_BLOCKED'));
  });

  test('is in the catalogue for every code that parks or ends a run', () => {
    const parking = CODES.filter((code) => [3, 4, 5].includes(ERROR_CODES[code]));
    const ofCommands = [
      'PAWL_WAIT_TIMED_OUT',
      'PAWL_RUN_CONFLICT',
      'PAWL_REPLACE_REFUSED',
      'PAWL_RUN_QUARANTINED',
      'PAWL_DAEMON_UNKNOWN',
      'PAWL_PROJECT_BUSY',
    ];
    expect(parking.filter((code) => knownHint(code) === null)).toEqual(ofCommands);
  });
});

test.each([
  ['cancelling', 'cancel'],
  ['endingTask', 'retry'],
  ['endingTask', 'abandon'],
] as const)('in %s nothing can be decided but to carry out the %s', (state, pending) => {
  const actions = runActions(run(state, { pending }), around());
  expect(actions.map(({ kind, label }) => [kind, label])).toEqual([['run', `carry out the decided ${pending}`]]);
});
