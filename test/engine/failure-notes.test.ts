import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Json } from '../../src/base/canonical-json.ts';
import { visible } from '../../src/base/visible.ts';
import { failureNotes } from '../../src/engine/failure-notes.ts';
import { NOTE_BOUNDS } from '../../src/run/failure-notes.ts';
import { quarantinedView, type RunView, type TaskView } from '../../src/run/run-view.ts';
import { writeArtifact } from '../../src/store/artifacts.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';

const RUN = 'run_A_0123456789ab';
const TASK = 'implementation-e0-a2';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pawl-notes-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const place = () => ({ files: new Files(nodeFs, systemClock), paths: new RegistryPaths(root) });

function taskView(more: Partial<TaskView> = {}): TaskView {
  return {
    taskId: TASK,
    purpose: 'implementation',
    epoch: 0,
    attempt: 2,
    state: 'settled.failed',
    pid: null,
    startedAtMs: null,
    endedAtMs: null,
    result: 'failed',
    code: 'PAWL_WORKER_EXIT',
    isAdopted: false,
    reports: [],
    turn: null,
    ...more,
  };
}

function view(more: Partial<RunView>): RunView {
  const blocker = { code: 'PAWL_BUG' as const, message: '', hint: '', evidence: [] };
  const aside = quarantinedView(RUN, 'A', { atMs: 0, surfaces: [], isResolved: false, blocker });
  return { ...aside, kind: 'terminal', state: 'failedExecution', tasks: [taskView()], ...more };
}

/** What a task left, by file name. */
function left(files: Readonly<Record<string, string>>, taskId = TASK): string {
  const folder = place().paths.task(RUN, taskId);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A gate that failed with this evidence. */
async function judged(gate: 'verification' | 'review', evidence: Json): Promise<Partial<RunView>> {
  const { files, paths } = place();
  const text = JSON.stringify(evidence);
  const ref = await writeArtifact(files, paths.run(RUN), gate, `${gate}-e3-a1-evidence`, text);
  const record = { status: 'FAIL' as const, epoch: 3, commit: 'c'.repeat(40), evidence: ref, by: null, reason: null };
  const task = taskView({ taskId: `${gate}-e3-a1`, purpose: gate, result: 'completed' });
  return {
    kind: 'blocked',
    state: 'blockedNeedsHuman',
    gates: { verification: null, review: null, [gate]: record },
    tasks: [task],
  };
}

describe('a run whose worker failed', () => {
  test('shows the last lines of its stderr, with the absolute path of all of them', () => {
    const many = Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n');
    const folder = left({ 'stderr.log': `${many}\nfatal: no network\n\n` });
    const [end] = failureNotes(place(), view({}))?.outputs ?? [];
    expect(end?.what).toBe(`stderr.log of ${TASK}`);
    expect(end?.file).toBe(join(folder, 'stderr.log'));
    expect(end?.lines).toHaveLength(NOTE_BOUNDS.lines);
    expect(end?.lines.at(-1)).toBe('fatal: no network');
  });

  test('shows the end of its output as well; of a coding agent, whose output is events, none', () => {
    left({ 'stderr.log': 'a warning\n', 'output.ndjson': 'waiting for the database\n' });
    expect(failureNotes(place(), view({}))?.outputs.map(({ lines }) => lines)).toEqual([
      ['a warning'],
      ['waiting for the database'],
    ]);
    left({ 'stderr.log': '' });
    expect(failureNotes(place(), view({}))?.outputs.map(({ lines }) => lines)).toEqual([['waiting for the database']]);
    const turn = {} as NonNullable<TaskView['turn']>;
    expect(failureNotes(place(), view({ tasks: [taskView({ turn })] }))).toBeNull();
  });

  test('shows the commands that failed in its answer before anything else', () => {
    const argv = ['npm', 'test', '--', 'a b'];
    const commands = [
      { argv: ['true'], exitCode: 0, signal: null, durationMs: 1, outputTail: 'fine' },
      { argv, exitCode: 1, signal: null, durationMs: 1, outputTail: 'expected 1\ngot 2\n' },
    ];
    const folder = left({ 'completion.json': JSON.stringify({ commands }), 'stderr.log': 'not this' });
    expect(failureNotes(place(), view({}))?.outputs).toEqual([
      { what: "npm test -- 'a b': exit 1", file: join(folder, 'completion.json'), lines: ['expected 1', 'got 2'] },
    ]);
  });

  test('shows nothing that a terminal obeys, no likely secret, and little however much there is', () => {
    const nasty = `\u001b[31mred\u202e\u0007 token=abcdefghijklmnop ${'x'.repeat(5_000)}\n`;
    left({ 'stderr.log': nasty.repeat(200) });
    const lines = failureNotes(place(), view({}))?.outputs[0]?.lines ?? [];
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThanOrEqual(NOTE_BOUNDS.lines);
    for (const line of lines) {
      expect(line.length).toBeLessThan(2 * NOTE_BOUNDS.lineChars);
      expect(visible(line)).toBe(line);
      expect(line).not.toContain('abcdefghijklmnop');
    }
  });

  test('is not shown what a link leads to', () => {
    const folder = left({ secret: 'root:x:0' });
    symlinkSync(join(folder, 'secret'), join(folder, 'stderr.log'));
    expect(failureNotes(place(), view({}))).toBeNull();
  });
});

describe('a run that a gate has stopped', () => {
  test('shows its findings with absolute places, and says what it left out', async () => {
    const findings = [
      { severity: 'major', message: 'the name\nis wrong', file: 'src/\u202ea.js', line: 3 },
      { severity: 'minor', message: 'no place' },
      ...Array.from({ length: NOTE_BOUNDS.findings }, () => ({ severity: 'minor', message: 'more' })),
    ];
    const notes = failureNotes(place(), view(await judged('review', { findings })));
    expect(notes?.gates).toMatchObject([{ gate: 'review', round: 3, findingsLeftOut: 2 }]);
    expect(notes?.gates[0]?.findings.slice(0, 2)).toEqual([
      {
        severity: 'major',
        message: 'the name is wrong',
        place: `${place().paths.worktree(RUN)}/src/\\u{202e}a.js:3`,
      },
      { severity: 'minor', message: 'no place', place: null },
    ]);
  });

  test('shows the end of the commands that failed', async () => {
    const commands = [
      { argv: ['test', '-f', 'x'], exitCode: null, signal: 'SIGKILL', durationMs: 1, outputTail: 'out' },
    ];
    const notes = failureNotes(place(), view(await judged('verification', { findings: [], commands })));
    expect(notes?.outputs).toMatchObject([{ what: 'test -f x: signal SIGKILL', lines: ['out'] }]);
  });

  test('whose program left nothing but its exit code shows the end of its output', async () => {
    const stopped = await judged('verification', { findings: [], commands: [] });
    left({ 'stderr.log': 'AssertionError: 1 is not 2\n' }, 'verification-e3-a1');
    expect(failureNotes(place(), view(stopped))?.outputs).toMatchObject([{ lines: ['AssertionError: 1 is not 2'] }]);
  });

  test('shows nothing of evidence that was changed', async () => {
    const stopped = await judged('review', { findings: [{ severity: 'major', message: 'm' }] });
    const path = stopped.gates?.review?.evidence?.path ?? '';
    writeFileSync(join(place().paths.run(RUN), path), '{"findings":[]}');
    expect(failureNotes(place(), view(stopped))).toBeNull();
  });
});

test('a run that moves, or ended well, shows none', () => {
  left({ 'stderr.log': 'a warning' });
  expect(failureNotes(place(), view({ kind: 'active', state: 'implementing' }))).toBeNull();
  expect(failureNotes(place(), view({ state: 'readyForManualReview' }))).toBeNull();
});
