import { describe, expect, it } from 'vitest';
import { workerEnvironment } from '../../src/host/environment.ts';
import type { TaskRequest } from '../../src/model/request.ts';
import { plainRequest } from './plain-request.ts';

const request: TaskRequest = {
  ...plainRequest,
  envNames: ['API_KEY', 'ABSENT'],
  env: { SET: 'by adapter', HOME: '/other', PAWL_TASK_ID: 'forged' },
};

describe('the environment of a worker', () => {
  it('is the allow-list, the named variables, what the request sets, and the task', () => {
    const inherited = {
      PATH: '/bin',
      HOME: '/somewhere',
      LC_ALL: 'C',
      LC_TIME: 'de_DE',
      API_KEY: 'k',
      OTHER_TOKEN: 'secret',
      NODE_OPTIONS: '--inspect',
      LD_PRELOAD: 'x.so',
      TERM: undefined,
    };
    expect(workerEnvironment(request, '/tasks/t', inherited)).toEqual({
      PATH: '/bin',
      HOME: '/other',
      LC_ALL: 'C',
      LC_TIME: 'de_DE',
      API_KEY: 'k',
      SET: 'by adapter',
      PAWL_RUN_ID: 'run_a',
      PAWL_TASK_ID: 't',
      PAWL_PURPOSE: 'fix',
      PAWL_EPOCH: '2',
      PAWL_ATTEMPT: '3',
      PAWL_TASK_FILE: '/tasks/t/task.json',
      PAWL_COMPLETION_FILE: '/w/answer',
      PAWL_TASK_MARK: 'mark-1',
    });
  });

  it('appends its mark to an inherited one', () => {
    const env = workerEnvironment(request, '/tasks/t', { PAWL_TASK_MARK: 'outer:inner' });
    expect(env.PAWL_TASK_MARK).toBe('outer:inner:mark-1');
  });

  describe('a setting that both the user and the adapter give as a JSON object', () => {
    const merged = (theirs: string | undefined, ours: string): string | undefined =>
      workerEnvironment({ ...request, envNames: ['CONFIG'], env: { CONFIG: ours } }, '/tasks/t', { CONFIG: theirs })
        .CONFIG;

    it('is both of them, part by part, and the adapter decides where they differ', () => {
      const theirs = { model: 'm', permission: { bash: 'allow', edit: 'ask' }, mcp: { own: { enabled: true } } };
      const ours = { permission: { bash: { '*': 'deny' }, edit: 'allow' }, mcp: { pawl: { enabled: true } } };
      expect(JSON.parse(merged(JSON.stringify(theirs), JSON.stringify(ours)) ?? '')).toEqual({
        model: 'm',
        permission: { bash: { '*': 'deny' }, edit: 'allow' },
        mcp: { own: { enabled: true }, pawl: { enabled: true } },
      });
    });

    it('is the adapter’s where the user’s is none, or either is not an object', () => {
      const ours = '{"a":1}';
      for (const theirs of [undefined, '', 'words', '[1]', '{"half":', '7', 'null'])
        expect(merged(theirs, ours)).toBe(ours);
      expect(merged('{"a":1}', 'words')).toBe('words');
      expect(merged('{"a":1}', '[2]')).toBe('[2]');
      expect(JSON.parse(merged('{"a":[1,2]}', '{"a":[3]}') ?? '')).toEqual({ a: [3] });
    });
  });
});
