import { describe, expect, test, vi } from 'vitest';
import { namedOptions } from '../../src/app/options.ts';
import { actionLines, errorReport, isColoured, Output } from '../../src/cli/output.ts';
import { completed, helpOf, lookAtRun, recoverRegistry } from '../../src/run/error-actions.ts';
import { ALONE, advice, runActions } from '../../src/run/next-actions.ts';
import { parseSnapshot } from '../../src/store/snapshot-reading.ts';
import { factsOf } from '../support/run-facts.ts';

const TERMINAL = { isTTY: true };
const PIPE = {};

describe('colours', () => {
  test.each([
    ['a terminal', TERMINAL, {}, true],
    ['a terminal under NO_COLOR', TERMINAL, { NO_COLOR: '1' }, false],
    ['a dumb terminal', TERMINAL, { TERM: 'dumb' }, false],
    ['a pipe', PIPE, {}, false],
    ['a pipe on a build server', PIPE, { CI: 'true' }, false],
    ['a pipe under FORCE_COLOR', PIPE, { FORCE_COLOR: '1' }, true],
    ['a terminal under FORCE_COLOR=0', TERMINAL, { FORCE_COLOR: '0' }, false],
    ['a pipe under both', PIPE, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('%s: %j under %j is %s', (_name, stream, env, wanted) => {
    expect(isColoured(stream, env)).toBe(wanted);
  });
});

describe('the commands that an error shows', () => {
  const OPTIONS = ['--registry', "/other's/registry", '--config', '/a/config.json'];
  const WHOLE = String.raw`pawl recover --registry '/other'\''s/registry' --config /a/config.json`;
  function thrown(): unknown {
    try {
      parseSnapshot(new Uint8Array(), '/registry/runs/run_x/snapshot.json');
    } catch (error) {
      return error;
    }
    throw new Error('nothing was thrown');
  }

  test('name the registry and the config that were named, and can be pasted', () => {
    expect(errorReport(thrown(), OPTIONS)).toMatchObject({ code: 'PAWL_SNAPSHOT_DAMAGED' });
    expect(errorReport(thrown(), OPTIONS).hint.split('\n').at(-1)).toBe(completed(recoverRegistry(), OPTIONS).command);
    expect(errorReport(thrown(), OPTIONS).hint.split('\n').at(-1)).toBe(WHOLE);
    expect(errorReport(thrown()).hint.split('\n').at(-1)).toBe('pawl recover');
  });

  test('are shown so on a terminal and as data', () => {
    const written: string[] = [];
    const spies = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        written.push(String(text));
        return true;
      }),
    );
    try {
      new Output(true, OPTIONS).fail(thrown());
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
    const [document = '', ...lines] = written;
    expect(JSON.parse(document).error.hint).toContain(WHOLE);
    expect(lines.join('')).toContain(WHOLE);
  });

  test('with the same word stand below what they do, each other one on a line with its word', () => {
    const holder = factsOf('blockedNeedsHuman', { runId: 'run_B', kind: 'blocked' });
    const waiting = factsOf('blockedLockConflict', { kind: 'blocked', contention: { holder: 'run_B' } });
    expect(actionLines(runActions(waiting, { ...ALONE, holder }), (text) => text)).toEqual([
      "retry     pawl resolve run_B retry --reason ''",
      'abandon   run_B holds it: abandon run_B and release what it holds',
      "          pawl resolve run_B abandon --reason ''",
      'abandon   abandon run_A and release what it holds',
      "          pawl resolve run_A abandon --reason ''",
    ]);
  });

  test('stay as they are where they name a registry themselves, ask for help, or are no command of ours', () => {
    for (const action of [lookAtRun('run_x', ['--registry', '/r']), helpOf('run'), advice('inspect', 'look at it')]) {
      expect(completed(action, OPTIONS)).toBe(action);
    }
    expect(completed(lookAtRun('run_x', []), OPTIONS).argv).toEqual(['pawl', 'status', 'run_x', ...OPTIONS]);
  });

  test('are those of the command line, with absolute paths', () => {
    expect(namedOptions({ registry: '../r', config: 'c.json' }, '/a/b')).toEqual([
      '--registry',
      '/a/r',
      '--config',
      '/a/b/c.json',
    ]);
    expect(namedOptions({}, '/a/b')).toEqual([]);
  });
});
