/** Files that contradict each other, through the built command line: set aside and told, never repaired by guess (L5). */
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalRecord } from '../../src/model/record.ts';
import type { RunView } from '../../src/run/run-view.ts';
import { sealRecord } from '../../src/store/journal-lines.ts';
import { todaysPart } from '../support/draw.ts';
import { codesOf, type ErrorDocument, type RunsDocument, runOf } from '../support/pawl-cli.ts';
import { changedPaths, type Fingerprint, fingerprint } from '../support/scenario-fingerprint.ts';
import { answer, packetOf, verdict } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

const SLOW = 300_000;
const scenario = new Scenario();

interface Finding {
  readonly class: string;
  readonly detail: string;
  readonly action: string;
}

/** What `recover --json` says. */
interface Report {
  readonly runs: readonly (RunView & { readonly findings: readonly Finding[] })[];
  readonly quarantined: readonly RunView[];
  readonly dryRun: boolean;
}

type Tamper = (runId: string) => void;

const journalOf = (runId: string): string => scenario.runFile(runId, 'events.jsonl');
const snapshotOf = (runId: string): string => scenario.runFile(runId, 'snapshot.json');

function replaceIn(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8');
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  writeFileSync(path, text.replace(from, to));
}

function artifactPath(runId: string, stage: string): string {
  const folder = scenario.runFile(runId, 'artifacts', stage);
  return join(folder, readdirSync(folder)[0] ?? '');
}

/** A record in the middle is edited and every sum after it made right again: only the fold can tell. */
function editWithCare(runId: string): void {
  const [first, second, ...rest] = scenario.journal(runId);
  if (first === undefined || second === undefined || second.event.type !== 'runAdmitted')
    throw new Error('an admitted run');
  const edited = { ...second, event: { ...second.event, agents: { implementer: 'evil' } } };
  let prev = first.sum;
  const lines = [edited, ...rest].map(({ sum: _, ...fields }: JournalRecord) => {
    const sealed = sealRecord({ ...fields, prev });
    prev = sealed.record.sum;
    return sealed.line;
  });
  const begin = readFileSync(journalOf(runId), 'utf8').split('\n')[0];
  writeFileSync(journalOf(runId), `${begin}\n${lines.join('')}`);
  rmSync(snapshotOf(runId));
}

/** Each leaves a run that must be set aside, by that code. */
const EVERY_DAMAGE: Readonly<Record<string, readonly [string, Tamper]>> = {
  'flipped-byte': [
    'PAWL_JOURNAL_DAMAGED',
    (runId) => {
      const bytes = readFileSync(journalOf(runId));
      const middle = Math.floor(bytes.length / 2);
      bytes[middle] = (bytes[middle] ?? 0) ^ 1;
      writeFileSync(journalOf(runId), bytes);
    },
  ],
  'removed-record': [
    'PAWL_JOURNAL_DAMAGED',
    (runId) => {
      const lines = readFileSync(journalOf(runId), 'utf8').split('\n');
      writeFileSync(journalOf(runId), [...lines.slice(0, 3), ...lines.slice(4)].join('\n'));
    },
  ],
  'edited-with-care': ['PAWL_JOURNAL_DIVERGED', editWithCare],
  'edited-counter': ['PAWL_SNAPSHOT_DIVERGED', (runId) => replaceIn(snapshotOf(runId), '"failures":0', '"failures":1')],
  'junk-snapshot': ['PAWL_SNAPSHOT_DAMAGED', (runId) => writeFileSync(snapshotOf(runId), '{"v":')],
  'lost-records': [
    'PAWL_HISTORY_LOST',
    (runId) => {
      const lines = readFileSync(journalOf(runId), 'utf8').trimEnd().split('\n');
      truncateSync(journalOf(runId), Buffer.byteLength(`${lines.slice(0, -2).join('\n')}\n`));
    },
  ],
  'lost-journal': ['PAWL_HISTORY_LOST', (runId) => rmSync(journalOf(runId))],
  'unknown-task': [
    'PAWL_REGISTER_CONTRADICTION',
    (runId) => mkdirSync(scenario.runFile(runId, 'tasks', 'review-e9-a1')),
  ],
  'unsafe-task': ['PAWL_REGISTER_CONTRADICTION', (runId) => mkdirSync(scenario.runFile(runId, 'tasks', 'not an id'))],
  'edited-outcome': [
    'PAWL_REGISTER_CONTRADICTION',
    (runId) => replaceIn(scenario.runFile(runId, 'tasks/implementation-e0-a1/outcome'), '"exitCode":0', '"exitCode":1'),
  ],
  'edited-request': [
    'PAWL_REGISTER_CONTRADICTION',
    (runId) =>
      replaceIn(scenario.runFile(runId, 'tasks/implementation-e0-a1/request.json'), '"attempt":1', '"attempt":2'),
  ],
  'edited-evidence': [
    'PAWL_ARTIFACT_DAMAGED',
    (runId) => replaceIn(artifactPath(runId, 'verification'), 'PASS', 'FAIL'),
  ],
  'missing-evidence': ['PAWL_ARTIFACT_DAMAGED', (runId) => rmSync(artifactPath(runId, 'review'))],
  'edited-packet': [
    'PAWL_ARTIFACT_DAMAGED',
    (runId) => replaceIn(artifactPath(runId, 'intake'), 'Do edited', 'Do other'),
  ],
};

const TORN = '{"actor":"run","atMs":9999';

/** Each leaves a run that continues as it was. */
const HARMLESS: Readonly<Record<string, Tamper>> = {
  'no-snapshot-but-desktop-files': (runId) => {
    rmSync(snapshotOf(runId));
    for (const folder of ['', 'tasks', 'tasks/implementation-e0-a1', 'artifacts']) {
      writeFileSync(scenario.runFile(runId, folder, '.DS_Store'), 'x');
    }
    writeFileSync(scenario.runFile('.DS_Store'), 'x');
    writeFileSync(scenario.runFile('notes.txt'), 'x');
  },
  'torn-line': (runId) => writeFileSync(journalOf(runId), TORN, { flag: 'a' }),
  'lost-newline': (runId) => truncateSync(journalOf(runId), readFileSync(journalOf(runId)).length - 1),
  'late-answer': (runId) => {
    const folder = scenario.runFile(runId, 'tasks/implementation-e0-a1');
    const outcome = readFileSync(join(folder, 'outcome'), 'utf8').replace('"exitCode":0', '"exitCode":7');
    mkdirSync(join(folder, 'late'));
    writeFileSync(join(folder, 'late', 'other.json'), outcome);
    writeFileSync(join(folder, 'late', 'junk.json'), 'no outcome at all');
  },
};

/** Its packet is given again: there every day. */
const GIVEN_AGAIN = 'edited-counter';
const TODAYS = new Set([GIVEN_AGAIN, ...todaysPart(Object.keys(EVERY_DAMAGE), 3)]);
const DAMAGE = Object.fromEntries(Object.entries(EVERY_DAMAGE).filter(([name]) => TODAYS.has(name)));

const ids: Record<string, string> = {};
let before: Readonly<Record<string, RunView>> = {};
let dryRun: { code: number | null; document: Report };
let changedByReaders: readonly string[] = [];
let asTampered: Fingerprint = new Map();
let recovered: { code: number | null; document: Report };

function idOf(name: string): string {
  const runId = ids[name];
  if (runId === undefined) throw new Error(`no run ${name}`);
  return runId;
}

function reportOf(report: Report, name: string): Report['runs'][number] {
  const run = report.runs.find((each) => each.runId === idOf(name));
  if (run === undefined) throw new Error(`no report of ${name}`);
  return run;
}

beforeAll(async () => {
  const names = [...Object.keys(DAMAGE), ...Object.keys(HARMLESS)];
  const scripts = names.map((name) => [
    name,
    {
      implementation: [{ do: 'append', path: `work-of/${name}/log.txt`, text: 'done\n' }, answer()],
      'review.a1': [verdict('BLOCKED')],
    },
  ]);
  // Each writes below its own surface.
  const parks = { implementation: [answer({ status: 'blocked' })] };
  scenario.scripted({ ...Object.fromEntries(scripts), ended: {}, NEIGHBOUR: parks, NEW: parks });
  const packets = scenario.packets(...names.map((name) => packetOf(name)), packetOf('ended'));
  const { document } = await scenario.json('run', '--packets', packets, '--max-parallel', '4');
  before = Object.fromEntries(document.runs.map((run) => [run.taskId, run]));
  for (const run of document.runs) ids[run.taskId] = run.runId;
  for (const [name, [, tamper]] of Object.entries(DAMAGE)) tamper(idOf(name));
  for (const [name, tamper] of Object.entries(HARMLESS)) tamper(idOf(name));
  EVERY_DAMAGE['flipped-byte']?.[1](idOf('ended'));

  asTampered = fingerprint(scenario.registry);
  dryRun = await scenario.json<Report>('recover', '--dry-run');
  await scenario.json('status');
  changedByReaders = changedPaths(asTampered, fingerprint(scenario.registry));
  recovered = await scenario.json<Report>('recover');
}, SLOW);
afterAll(() => scenario.end());

describe('readers', () => {
  test('change nothing, and a dry run says beforehand what is set aside', () => {
    expect(changedByReaders).toEqual([]);
    expect(dryRun.code).toBe(5);
    expect(dryRun.document.dryRun).toBe(true);
    const named = dryRun.document.quarantined.map((run) => run.runId).sort();
    expect(named).toEqual([...Object.keys(DAMAGE), 'ended'].map(idOf).sort());
  });
});

describe('recover', () => {
  test('ends with exit 5 and starts no worker', () => {
    expect(recovered.code).toBe(5);
    expect(scenario.starts()).toHaveLength(2 * Object.keys(ids).length);
  });

  test.each(Object.entries(DAMAGE))('sets aside %s', (name, [code]) => {
    const run = reportOf(recovered.document, name);
    expect(run).toMatchObject({ kind: 'quarantined', state: 'quarantined' });
    expect(codesOf(run)).toEqual([code]);
    expect(run.findings).toContainEqual(
      expect.objectContaining({
        class: 'ambiguous',
        detail: expect.stringMatching(/./),
        action: expect.stringMatching(/./),
      }),
    );
    expect(run.actions.map(({ command }) => command)).toEqual([
      'pawl recover --dry-run',
      `pawl resolve ${run.runId} abandon --reason ''`,
    ]);
    expect(recovered.document.quarantined.map((each) => each.runId)).toContain(run.runId);
  });

  test('sets aside an ended run as well, whose journal nobody else reads again', () => {
    expect(reportOf(recovered.document, 'ended')).toMatchObject({ kind: 'quarantined' });
  });

  test('leaves every file of what it sets aside as it is, and adds its reason', () => {
    const after = fingerprint(scenario.registry);
    for (const name of [...Object.keys(DAMAGE), 'ended']) {
      const own = changedPaths(asTampered, after).filter((path) => path.startsWith(`runs/${idOf(name)}/`));
      expect(own).toEqual([`runs/${idOf(name)}/quarantined`]);
    }
  });

  test.each(Object.keys(HARMLESS))('lets %s continue as it was', (name) => {
    const run = reportOf(recovered.document, name);
    const { state, epoch, gates, headCommit, blockers, lease } = before[name] ?? run;
    expect(run).toMatchObject({ kind: 'blocked', state, epoch, gates, headCommit, blockers, lease });
  });

  test('keeps and reports a torn last line, and completes one that only lacks its newline', () => {
    const torn = reportOf(recovered.document, 'torn-line');
    expect(torn.findings).toContainEqual(expect.objectContaining({ class: 'interruptedAppend' }));
    const kept = readdirSync(scenario.runFile(idOf('torn-line'))).filter((name) => /torn|cut/.test(name));
    expect(kept).toHaveLength(1);
    expect(readFileSync(scenario.runFile(idOf('torn-line'), kept[0] ?? ''), 'utf8')).toBe(TORN);
    expect(readFileSync(journalOf(idOf('torn-line')), 'utf8')).not.toContain(TORN);
    expect(reportOf(recovered.document, 'lost-newline').findings).toContainEqual(
      expect.objectContaining({ class: 'interruptedAppend' }),
    );
  });

  test('records a late answer with what it is worth, once, and nothing moves', () => {
    const run = reportOf(recovered.document, 'late-answer');
    expect(run.findings.filter((finding) => finding.class === 'lateOrConflicting')).toHaveLength(2);
    const task = run.tasks.find((each) => each.taskId === 'implementation-e0-a1');
    expect(task?.reports).toEqual([
      { entryId: 'junk.json', decision: 'rejected' },
      { entryId: 'other.json', decision: expect.stringMatching(/^(?:conflicting|late|duplicate)$/) },
    ]);
    expect(task?.result).toBe('completed');
  });
});

describe('afterwards', () => {
  test('what was not damaged is driven on, with exit 5 for the rest', { timeout: SLOW }, async () => {
    for (const name of Object.keys(HARMLESS)) {
      expect((await scenario.json('resolve', idOf(name), 'retry', '--reason', 'look again')).code).toBe(0);
    }
    const { code, document } = await scenario.json('run');
    expect(code).toBe(5);
    for (const name of Object.keys(HARMLESS)) expect(runOf(document, name).state).toBe('readyForManualReview');
    for (const name of Object.keys(DAMAGE)) {
      expect(document.runs.find((run) => run.runId === idOf(name))?.kind).toBe('quarantined');
      expect(scenario.startsOf(idOf(name))).toHaveLength(2);
    }
    const again = reportOf((await scenario.json<Report>('recover')).document, 'late-answer');
    expect(again.findings.filter((finding) => finding.class === 'lateOrConflicting')).toEqual([]);
  });

  test('a packet whose run is set aside is refused until it is abandoned, then gets a new run', {
    timeout: SLOW,
  }, async () => {
    const name = GIVEN_AGAIN;
    const packets = scenario.packets(packetOf(name), packetOf('NEW'));
    const refused = await scenario.json<ErrorDocument>('run', '--packets', packets, '--again', '--all-or-nothing');
    expect([refused.code, refused.document.error.code]).toEqual([5, 'PAWL_RUN_QUARANTINED']);
    for (const [command, ...rest] of [['resolve', 'retry'], ['resolve', 'accept'], ['cancel']] as const) {
      const { code, document } = await scenario.json<ErrorDocument>(command, idOf(name), ...rest, '--reason', 'x');
      expect([command, ...rest, code, document.error.code]).toEqual([command, ...rest, 2, 'PAWL_COMMAND_REFUSED']);
    }
    const neighbour = packetOf('NEIGHBOUR', { conflict_surface: [`work-of/${name}/below`] });
    const waiting = await scenario.run(scenario.packets(neighbour));
    expect(waiting.of('NEIGHBOUR')).toMatchObject({ state: 'blockedLockConflict', contention: { holder: idOf(name) } });

    const abandoned = await scenario.json('resolve', idOf(name), 'abandon', '--reason', 'looked at it');
    expect(abandoned.code).toBe(0);
    expect(abandoned.document.runs[0]).toMatchObject({ state: 'quarantined', kind: 'terminal', lease: null });
    const freed = await scenario.json('run', waiting.of('NEIGHBOUR').runId);
    expect(codesOf(runOf(freed.document, 'NEIGHBOUR'))).toEqual(['PAWL_WORKER_BLOCKED']);
    expect((await scenario.json('cancel', waiting.of('NEIGHBOUR').runId)).code).toBe(0);
    const last = await scenario.json<RunsDocument>('run', '--packets', packets, '--again');
    expect(last.code).toBe(3);
    const [again, fresh] = last.document.runs;
    expect(again).toMatchObject({ runId: `${idOf(name)}_r2`, state: 'blockedNeedsHuman' });
    expect(fresh).toMatchObject({ taskId: 'NEW', state: 'blockedNeedsHuman', tasks: [{ result: 'blocked' }] });
  });

  test('recover without a run to tell of says so', { timeout: SLOW }, async () => {
    const empty = new Scenario();
    try {
      const { code, document } = await empty.json<Report>('recover');
      expect([code, document]).toEqual([0, { runs: [], quarantined: [], dryRun: false }]);
      expect((await empty.json('status')).document).toMatchObject({ runs: [] });
    } finally {
      await empty.end();
    }
  });
});
