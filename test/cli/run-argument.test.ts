/** How a person names a run. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { resolveRun, runsMeant } from '../../src/cli/run-argument.ts';
import { Files } from '../../src/store/files.ts';
import { quarantineRun, resolveQuarantine } from '../../src/store/quarantine.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';

const ONE = 'run_WID-1_0123456789ab';
const TWELVE = 'run_WID-12_2b596b5c7b1a';
const EDITED = 'run_WID-12_2b5000000000';
const AGAIN = 'run_WID-12_2b596b5c7b1a_r2';

describe('the runs that a name fits', () => {
  test.each([
    ['its whole id', [ONE, TWELVE], TWELVE, [TWELVE]],
    ['a whole id that others begin with', [TWELVE, AGAIN], TWELVE, [TWELVE]],
    ['its task id', [ONE, TWELVE], 'WID-12', [TWELVE]],
    ['a task id that others begin with', [ONE, TWELVE], 'WID-1', [ONE]],
    ['a task id as it stands in a path', ['run_a-b_0123456789ab'], 'a/b', ['run_a-b_0123456789ab']],
    ['a prefix of its id', [ONE, TWELVE], 'run_WID-12', [TWELVE]],
    ['a prefix of its task id', [ONE, 'run_GH-7_0123456789ab'], 'GH', ['run_GH-7_0123456789ab']],
    [
      'a prefix of its task id that no id can hold',
      ['run_R-0-x_0123456789ab', ONE],
      'R 0;',
      ['run_R-0-x_0123456789ab'],
    ],
    ['the last run of a packet that was taken in again', [TWELVE, AGAIN], 'WID-12', [AGAIN]],
    ['its last run by number, not by letter', [`${TWELVE}_r10`, `${TWELVE}_r9`], 'WID-12', [`${TWELVE}_r10`]],
    ['every run of an edited packet', [EDITED, TWELVE], 'WID-12', [EDITED, TWELVE]],
    ['every run that a prefix fits', [ONE, TWELVE], 'WID', [ONE, TWELVE]],
    ['nothing for a name that is not there', [ONE, TWELVE], 'WID-123', []],
    ['nothing for an empty name, though there is only one run', [ONE], '', []],
    ['nothing for the middle of an id', [ONE], 'ID-1', []],
  ])('%s', (_title, runIds, argument, wanted) => {
    expect(runsMeant(runIds, argument)).toEqual(wanted);
  });
});

describe('the run that is meant', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pawl-argument-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const place = () => ({ files: new Files(nodeFs, systemClock), paths: new RegistryPaths(root) });
  const makeRuns = (...runIds: readonly string[]): void => {
    for (const runId of runIds) mkdirSync(join(root, 'runs', runId), { recursive: true });
  };

  test('a name that fits several runs is refused, and all of them are named', () => {
    makeRuns(EDITED, TWELVE);
    expect(() => resolveRun(place(), 'WID-12')).toThrow(
      expect.objectContaining({ code: 'PAWL_USAGE', message: expect.stringMatching(`${EDITED}, ${TWELVE}`) }),
    );
  });

  test('of several runs the only one that has not ended is meant', async () => {
    makeRuns(EDITED, TWELVE);
    const { files, paths } = place();
    await quarantineRun(files, paths, EDITED, { code: 'X', detail: '', findings: [], surfaces: [], atMs: 1 });
    await resolveQuarantine(files, paths, EDITED, { decision: 'abandon', reason: 'r', by: 'b', atMs: 2 });
    expect(resolveRun(place(), 'WID-12')).toBe(TWELVE);
  });

  test('a name that no run has is refused, on one line that hides nothing', () => {
    makeRuns(ONE);
    expect(() => resolveRun(place(), 'x\u202e\n')).toThrow(
      expect.objectContaining({ code: 'PAWL_RUN_UNKNOWN', message: expect.stringContaining('x\\u{202e}\\n') }),
    );
    expect(() => resolveRun(place(), '')).toThrow(expect.objectContaining({ code: 'PAWL_RUN_UNKNOWN' }));
  });
});
