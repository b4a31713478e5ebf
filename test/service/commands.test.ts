/** `pawl service` over a systemctl that keeps its state in files: what is written, what is called, what is left alone. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServiceStatus } from '../../src/app/service/service.ts';
import { type CliEnd, documentOf, type ErrorDocument } from '../support/pawl-cli.ts';
import { callStanding } from '../support/standing-pawl.ts';

const FIXTURES = resolve(import.meta.dirname, '../fixtures/service');
type Document = ServiceStatus & { readonly outcome: string | null; readonly logFile: string };

let root = '';
let unit = '';
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'pawl-service-')));
  unit = join(root, 'home/.config/systemd/user/pawl.service');
  mkdirSync(join(root, 'home'));
  cpSync(FIXTURES, join(root, 'bin'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function call(...args: readonly string[]): Promise<CliEnd> {
  const env = { HOME: join(root, 'home'), PATH: `${root}/bin:/usr/bin:/bin`, API_TOKEN: 'secret' };
  return callStanding({ cwd: root, env, args: ['service', ...args, '--json'] });
}

async function done(...args: readonly string[]): Promise<Document> {
  const end = await call(...args);
  expect([end.code, end.stderr]).toEqual([0, '']);
  return documentOf<Document>(end);
}

async function refused(...args: readonly string[]): Promise<ErrorDocument['error'] & { exit: number | null }> {
  const end = await call(...args);
  return { ...documentOf<ErrorDocument>(end).error, exit: end.code };
}

/** The calls that changed something, since the last look. */
function calls(): string[] {
  const file = join(root, 'bin/calls');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  rmSync(file);
  return lines;
}

const edit = (from: string, to: string): void => writeFileSync(unit, readFileSync(unit, 'utf8').replace(from, to));

test('install writes, enables and starts it, once: the same call again changes nothing', async () => {
  expect(await done('status')).toMatchObject({ isInstalled: false, isEnabled: false, isRunning: false, outcome: null });
  expect(await done('install')).toMatchObject({
    ...{ manager: 'systemd', file: unit, outcome: 'installed', isInstalled: true, ownership: 'ours' },
    ...{ isEnabled: true, isRunning: true, pid: 4242, isLingering: false, differences: [] },
    logFile: join(root, 'home/.local/state/pawl/daemon.log'),
  });
  expect(calls()).toEqual(['--user daemon-reload', '--user enable --now pawl.service']);
  const text = readFileSync(unit, 'utf8');
  expect(text).toContain(`Environment="PATH=${root}/bin:/usr/bin:/bin"\n`);
  expect(text).not.toContain('secret');

  expect((await done('install')).outcome).toBe('unchanged');
  expect(calls()).toEqual([]);
  expect(readFileSync(unit, 'utf8')).toBe(text);

  rmSync(join(root, 'bin/active'));
  expect((await done('install')).outcome).toBe('started');
  expect((await done('uninstall')).outcome).toBe('removed');
  expect(calls().slice(-2)).toEqual(['--user disable --now pawl.service', '--user daemon-reload']);
  expect(existsSync(unit)).toBe(false);
  expect((await done('uninstall')).outcome).toBe('absent');
});

test('a file that is out of date is replaced and the service restarted; an edited one is left alone unless forced', async () => {
  await done('install');
  const text = readFileSync(unit, 'utf8');
  cpSync(join(root, 'bin'), join(root, 'bin2'), { recursive: true });
  const env = { HOME: join(root, 'home'), PATH: `${root}/bin:${root}/bin2:/usr/bin:/bin` };
  const other = await callStanding({ cwd: root, env, args: ['service', 'install', '--json'] });
  expect(documentOf<Document>(other).outcome).toBe('replaced');
  expect(calls().slice(-2)).toEqual(['--user enable --now pawl.service', '--user restart pawl.service']);

  await done('install');
  edit('RestartSec=2', 'RestartSec=9');
  expect(await done('status')).toMatchObject({
    ownership: 'edited',
    differences: ['- RestartSec=9', '+ RestartSec=2'],
  });
  calls();
  const { code, exit, message } = await refused('install');
  expect([code, exit]).toEqual(['PAWL_SERVICE_EDITED', 2]);
  expect(message).toContain('- RestartSec=9; + RestartSec=2');
  expect([calls(), readFileSync(unit, 'utf8')]).toEqual([[], text.replace('RestartSec=2', 'RestartSec=9')]);
  expect((await done('install', '--force')).outcome).toBe('replaced');
  expect(readFileSync(unit, 'utf8')).toBe(text);
});

test('a unit of somebody else is neither overwritten nor removed', async () => {
  mkdirSync(join(root, 'home/.config/systemd/user'), { recursive: true });
  writeFileSync(unit, '[Service]\nExecStart=/bin/true\n');
  expect(await refused('install')).toMatchObject({ code: 'PAWL_SERVICE_EDITED', exit: 2 });
  expect(await refused('uninstall')).toMatchObject({ code: 'PAWL_SERVICE_FOREIGN', exit: 2 });
  expect([calls(), readFileSync(unit, 'utf8')]).toEqual([[], '[Service]\nExecStart=/bin/true\n']);
});

test('what systemctl refuses is told in its words, and the next call goes on from there', async () => {
  writeFileSync(join(root, 'bin/refuses'), 'Unit pawl.service is masked.\n');
  const failure = await refused('install');
  expect(failure).toMatchObject({ code: 'PAWL_SERVICE_FAILED', exit: 7 });
  expect(failure.message).toContain('Unit pawl.service is masked.');
  rmSync(join(root, 'bin/refuses'));
  expect((await done('install')).outcome).toBe('started');
});

test('without a manager it names pawl start, and writes nothing', async () => {
  writeFileSync(join(root, 'bin/systemctl'), '#!/bin/sh\necho "Failed to connect to bus" >&2\nexit 1\n');
  for (const action of ['install', 'uninstall', 'status']) {
    expect(await refused(action)).toMatchObject({
      ...{ code: 'PAWL_SERVICE_UNSUPPORTED', exit: 7 },
      ...{
        message: expect.stringContaining('Failed to connect to bus'),
        hint: expect.stringContaining('`pawl start`'),
      },
    });
  }
  expect(existsSync(unit)).toBe(false);
  expect(await refused('install', '--frobnicate')).toMatchObject({ code: 'PAWL_USAGE', exit: 2 });
  expect(await refused('restart')).toMatchObject({ code: 'PAWL_USAGE', exit: 2 });
});
