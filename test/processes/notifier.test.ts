/** The operator's command is called with what became of a run, bounded, without a shell. */
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFs } from '../../src/adapters/node-fs.ts';
import { commandNotifier } from '../../src/adapters/processes/notifier.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { assertNotify, noticesFor } from '../../src/app/notifying.ts';
import type { Places } from '../../src/app/options.ts';
import { parseConfig } from '../../src/model/config.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { Notice } from '../../src/ports/notifier.ts';
import { noticeEvent, noticeOf } from '../../src/run/notice.ts';
import { quarantinedView, type RunView } from '../../src/run/run-view.ts';
import { Files } from '../../src/store/files.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { until } from '../support/pawl-cli.ts';
import { isAlive } from '../support/scenario-processes.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-notify-')));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const blocker = {
  code: 'PAWL_GATE_BLOCKED',
  message: 'It says:\n$(touch pwned) `touch pwned`; password=hunter22 "quoted"\u001b[2J',
  hint: '',
  evidence: ['work/x', '/registry/runs/r/tasks/t'],
} as const;
const view: RunView = {
  ...quarantinedView('run_A_0123456789ab', 'A', { atMs: 1, surfaces: [], isResolved: false, blocker }),
  state: 'blockedNeedsHuman',
  kind: 'blocked',
  branch: 'work/a',
  headCommit: 'c'.repeat(40),
  blockers: [blocker],
};
const NOTICE: Notice = noticeOf('blocked', view, '/registry', 7);

function script(body: string): string {
  const path = join(folder, 'told.sh');
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

describe('what is told', () => {
  test('is on one line, with nothing hidden and likely secrets masked', () => {
    expect(NOTICE).toMatchObject({
      ...{ event: 'blocked', taskId: 'A', branch: 'work/a', evidence: '/registry/runs/r/tasks/t', atMs: 7 },
      reasons: [
        { code: 'PAWL_GATE_BLOCKED', message: expect.stringMatching(/^It says: \$\(touch pwned\).*\[secret\]/) },
      ],
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(NOTICE.reasons[0]?.message).not.toMatch(/[\u0000-\u001f]|hunter22/);
  });

  test.each([
    ['readyForManualReview', 'terminal', 'done'],
    ['failedExecution', 'terminal', 'failed'],
    ['blockedPlanInsufficient', 'terminal', 'blocked'],
    ['blockedNeedsHuman', 'blocked', 'blocked'],
    ['queued', 'blocked', 'blocked'],
    ['quarantined', 'quarantined', 'quarantined'],
    ['cancelled', 'terminal', null],
    ['quarantined', 'terminal', null],
    ['implementing', 'active', null],
  ] as const)('of a run in %s (%s) is %s', (state, kind, event) => {
    expect(noticeEvent({ state, kind })).toBe(event);
  });
});

describe('the command', () => {
  test('gets the facts as variables and as JSON, and executes nothing of them', async () => {
    const told = join(folder, 'told');
    const path = script(
      `printf '%s|%s|%s' "$PAWL_EVENT" "$PAWL_CODE" "$PAWL_MESSAGE" >${told}.env\ncat >${told}.json\npwd >${told}.pwd`,
    );
    expect(await commandNotifier([path, '$(touch pwned)'], folder, BOUNDS.noticeMs).tell(NOTICE)).toBeNull();
    expect(JSON.parse(readFileSync(`${told}.json`, 'utf8'))).toEqual(NOTICE);
    expect(readFileSync(`${told}.env`, 'utf8')).toBe(`blocked|PAWL_GATE_BLOCKED|${NOTICE.reasons[0]?.message}`);
    expect(readFileSync(`${told}.pwd`, 'utf8').trim()).toBe(folder);
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });

  test('that is missing, fails, or reads nothing of its input is reported in words', async () => {
    const answer = (...argv: [string, ...string[]]) => commandNotifier(argv, folder, BOUNDS.noticeMs).tell(NOTICE);
    expect(await answer(join(folder, 'gone'))).toBe('it could not be started: ENOENT');
    expect(await answer('sh', '-c', 'exit 9')).toBe('it ended with exit 9');
    expect(await answer('sh', '-c', 'kill -9 $$')).toBe('it was ended by SIGKILL');
    expect(await answer('true')).toBeNull();
  });

  test('that does not end is ended at its bound, with what it has started', async () => {
    const path = script(`sleep 60 &\necho $! >${folder}/pid\nwait`);
    expect(await commandNotifier([path], folder, 300).tell(NOTICE)).toBe('it timed out after 0.3 s');
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await until('the end of what it has started', () => !isAlive(pid));
  });
});

describe('the command that is named', () => {
  const places = (): Places => ({
    ...{ cwd: join(folder, 'here'), isConfigNamed: false, configFile: join(folder, 'pawl.config.json') },
    repository: { mainWorktree: folder, commonDir: join(folder, '.git') },
    ...{ paths: new RegistryPaths(join(folder, '.pawl')), files: new Files(nodeFs, systemClock) },
  });
  const config = (notify?: unknown) => parseConfig(JSON.stringify(notify === undefined ? {} : { notify }), 'x');

  test('by flag or config needs no shell; without one nothing is called', () => {
    const log = (): void => undefined;
    expect(noticesFor(places(), config(), undefined, log)).toBeNull();
    for (const notify of ['tools/told.sh "two words"', ['told', '$HOME; rm'], ['a']])
      expect(noticesFor(places(), config(notify), undefined, log)).not.toBeNull();
    for (const notify of ['told | tee x', 'told $HOME', 'told && told', '"told']) {
      expect(() => assertNotify(config(notify), 'x')).toThrow(expect.objectContaining({ code: 'PAWL_CONFIG_INVALID' }));
      expect(() => noticesFor(places(), config(), notify, log)).toThrow(
        expect.objectContaining({ code: 'PAWL_USAGE' }),
      );
    }
    for (const notify of ['', ' ', [], [''], [1], {}, null])
      expect(() => config(notify)).toThrow(expect.objectContaining({ code: 'PAWL_CONFIG_INVALID' }));
  });
});
