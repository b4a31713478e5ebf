/** Projects and the token on the command line, without a daemon. */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ShownProject } from '../../src/app/project-desk.ts';
import { type CliEnd, documentOf, type ErrorDocument } from '../support/pawl-cli.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';

let scenario: Scenario;
let home = '';

beforeAll(() => {
  scenario = new Scenario('Web-App');
  home = join(scenario.repo.root, 'state');
});
afterAll(() => scenario.end());

const pawl = (...args: readonly string[]): Promise<CliEnd> =>
  scenario.callIn(scenario.path, { PAWL_HOME: home }, ...args);

async function told<T>(...args: readonly string[]): Promise<T> {
  const end = await pawl(...args, '--json');
  expect({ args, code: end.code, stderr: end.stderr }).toMatchObject({ code: 0 });
  return documentOf<T>(end);
}

async function refused(...args: readonly string[]): Promise<readonly [number | null, string, string]> {
  const end = await pawl(...args, '--json');
  const { error } = documentOf<ErrorDocument>(end);
  return [end.code, error.code, error.message];
}

interface One {
  readonly project: ShownProject;
}

describe('pawl project', () => {
  test('registers the repository, and reads its origin and default branch anew each time', async () => {
    const { project } = await told<One>('project', 'add', '--path', '.', '--name', 'The web app');
    expect(project).toMatchObject({ id: 'web-app', name: 'The web app', path: scenario.path, problem: null });
    expect([project.repo, project.defaultBranch]).toEqual([null, 'main']);
    scenario.repo.git(['remote', 'add', 'origin', 'https://ada:secret@forge.example/acme/widget.git']);
    const shown = (await told<One>('project', 'get', 'WEB-APP')).project;
    expect(shown).toEqual({ ...project, repo: 'https://forge.example/acme/widget.git' });
    expect((await told<{ projects: ShownProject[] }>('project', 'ls')).projects).toEqual([shown]);
  });

  test('is read by people too', async () => {
    expect((await pawl('project', 'ls')).stdout).toBe(
      `web-app  ${scenario.path}  https://forge.example/acme/widget.git\n`,
    );
    const { stdout } = await pawl('project', 'get', 'web-app');
    expect(stdout).toMatch(/^web-app\nname {4}The web app\npath {4}.*\norigin {2}https:.*\nbranch {2}main\nadded {3}2/);
  });

  test('refuses what is taken, unknown or no repository', async () => {
    expect((await refused('project', 'add', '--path', '.'))[1]).toBe('PAWL_PROJECT_EXISTS');
    expect((await refused('project', 'get', 'nosuch')).slice(0, 2)).toEqual([2, 'PAWL_PROJECT_UNKNOWN']);
    expect((await refused('project', 'rm', 'nosuch', '-y'))[1]).toBe('PAWL_PROJECT_UNKNOWN');
    expect((await refused('project', 'add', '--path', home)).slice(0, 2)).toEqual([2, 'PAWL_PROJECT_INVALID']);
  });

  test.each([
    [['move'], 'An action is one of add, ls, get, rm, not "move".'],
    [['add'], 'pawl project add needs --path with the top of a repository.'],
    [['get'], 'pawl project get needs the id of a project.'],
    [['ls', 'web-app'], 'pawl project ls takes no "web-app".'],
    [['ls', '--force'], '--force is not an option of pawl project ls.'],
    [['rm', 'web-app', '--path', '.'], '--path is not an option of pawl project rm.'],
    [['rm', 'web-app'], 'Cannot prompt without a terminal or with --json; nothing was archived.'],
  ])('%j is a usage error', async (args, message) => {
    expect(await refused('project', ...args)).toEqual([2, 'PAWL_USAGE', message]);
  });

  test('shows a repository that has gone with the reason', async () => {
    const away = join(scenario.repo.root, 'away');
    renameSync(scenario.path, away);
    try {
      const end = await scenario.callIn(away, { PAWL_HOME: home }, 'project', 'get', 'web-app', '--json');
      expect(documentOf<One>(end).project).toMatchObject({
        repo: null,
        defaultBranch: null,
        problem: `${scenario.path} does not exist.`,
      });
    } finally {
      renameSync(away, scenario.path);
    }
  });

  test('archives no project whose runs have not ended, unless forced, and touches neither runs nor repository', async () => {
    scenario.scripted({});
    await scenario.json('intake', scenario.packets(packetOf('OPEN')));
    const before = scenario.repo.git(['status', '--porcelain']);
    expect(await refused('project', 'rm', 'web-app', '-y')).toEqual([
      3,
      'PAWL_PROJECT_BUSY',
      expect.stringMatching(/^1 run of web-app (?:has|have) not ended: run_OPEN_\w+\.$/),
    ]);
    expect((await told<{ outcome: string }>('project', 'rm', 'web-app', '-y', '--force')).outcome).toBe('archived');
    expect(await told('project', 'ls')).toEqual({ projects: [] });
    expect(scenario.repo.git(['status', '--porcelain'])).toBe(before);
    expect((await scenario.status('OPEN')).kind).toBe('active');
    expect((await told<One>('project', 'add', '--path', scenario.path)).project.id).toBe('web-app');
  });
});

test('pawl token rotate makes a new token each time, and does not print it', async () => {
  const tokens: string[] = [];
  for (const _time of [1, 2]) {
    const end = await pawl('token', 'rotate');
    tokens.push(readFileSync(join(home, 'token'), 'utf8').trim());
    expect([end.code, end.stdout.includes(tokens.at(-1) ?? '')]).toEqual([0, false]);
  }
  expect(new Set(tokens).size).toBe(2);
  expect(await refused('token', 'show')).toEqual([2, 'PAWL_USAGE', 'The only action is rotate, not "show".']);
});

test('pawl stop without a daemon is success, and makes no state folder', async () => {
  const none = join(scenario.repo.root, 'none');
  const end = await scenario.callIn(scenario.path, { PAWL_HOME: none }, 'stop', '--json');
  expect([end.code, documentOf(end)]).toEqual([0, { outcome: 'absent', pid: null, how: null }]);
  expect(existsSync(none)).toBe(false);
});

test('a relative state folder is a usage error', async () => {
  const end = await scenario.callIn(scenario.path, { PAWL_HOME: 'state' }, 'project', 'ls', '--json');
  expect([end.code, documentOf<ErrorDocument>(end).error.code]).toEqual([2, 'PAWL_USAGE']);
});
