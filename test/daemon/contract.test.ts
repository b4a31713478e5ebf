/** The API as docs/api/openapi.json promises it: every operation of one daemon, every error that can be provoked. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OperationId, PATHS } from '../../src/daemon/api/paths.ts';
import { keyedCommandId } from '../../src/store/inbox.ts';
import { bodiesAreChecked } from './contract-bodies.ts';
import {
  begin,
  CANCEL,
  type Call,
  COMMANDS,
  call,
  contract,
  end,
  gone,
  IDS,
  newKey,
  one,
  packets,
  pathOf,
  place,
  refused,
  runs,
  two,
  UNPROVOKED,
} from './contract-calls.ts';
import { ask, codeOf, type JsonAnswer, jsonOf } from './contract-kit.ts';
import { projectsAreCleaned, upkeepOf, whatIsNotDrivenIsLeft } from './contract-upkeep.ts';

beforeAll(begin);
afterAll(end);

describe('success', () => {
  it('of every operation on projects, and the same command again', async () => {
    const key = newKey();
    expect((await call('addProject', { json: { path: one.path, later: 1 }, key })).status).toBe(201);
    const again = await call('addProject', { json: { path: one.path, later: 1 }, key });
    expect([again.status, jsonOf(again).id]).toEqual([200, 'one']);
    for (const { path } of [two, gone]) await call('addProject', { json: { path } });
    await place.until('the projects to be driven', async () =>
      jsonOf<{ projects: { state: string }[] }>(await call('listProjects')).projects.every(
        ({ state }) => state === 'driven',
      ),
    );
    expect(jsonOf(await call('getProject')).path).toBe(one.path);
  });

  it('of every operation on runs', async () => {
    const json = { project: 'one', packets: packets('slow', 'quick'), unknown: true };
    const added = jsonOf<{ packets: { taskId: string; runId: string }[] }>(
      await call('addRuns', { json, key: 'first' }),
    );
    for (const { taskId, runId } of added.packets) runs[taskId] = runId;
    for (const project of ['two', 'gone']) await call('addRuns', { json: { project, packets: packets('slow') } });
    const query = '?project=one';
    const quick = { id: runs.quick ?? '' };
    await place.until(
      'the quick one to end',
      async () => jsonOf(await call('getRun', { params: quick })).kind === 'terminal',
    );
    await place.until('the slow one to print', async () => {
      const [task] = jsonOf<{ tasks: { taskId: string }[] }>(await call('getRun', { query })).tasks;
      if (task === undefined) return false;
      const output = await call('getOutput', { params: { task: task.taskId }, query });
      if (output.text === '') return false;
      expect(output).toMatchObject({
        text: 'Grüße\n',
        headers: { 'pawl-from': '0', 'pawl-next': '8', 'pawl-ended': 'false' },
      });
      const stream = await call('getOutput', { params: { task: task.taskId }, query: `${query}&follow=true` });
      contract.fits('OutputPiece', JSON.parse(/^data: (.*)$/m.exec(stream.text)?.[1] ?? ''));
      return true;
    });
    const page = jsonOf<{ runs: JsonAnswer[]; next: string }>(await call('listRuns', { query: '?limit=1' }));
    expect([page.runs.length, page.next.split('/')[0]]).toEqual([1, 'gone']);
    const { events } = jsonOf<{ events: JsonAnswer[] }>(await call('listRunEvents', { params: quick }));
    const last = events.at(-1)?.seq;
    expect(jsonOf(await call('listTasks', { params: quick }))).toMatchObject({ kind: 'terminal', seq: last });
    const { lastArtifact } = jsonOf<{ lastArtifact: { sha256: string } }>(await call('getRun', { params: quick }));
    await call('getArtifact', { params: { ...quick, sha256: lastArtifact.sha256 } });
    expect(jsonOf(await call('getCommand', { params: { key: 'first' } })).accepted).toBe(true);
    expect(jsonOf(await call('getRun', { params: quick })).seq).toBe(last);
  });

  projectsAreCleaned();

  it('of the operations on the daemon; every change of the feed is one that the document has', async () => {
    const quiet: OperationId[] = [
      'getApi',
      'getHealth',
      'getReadiness',
      'getMetrics',
      'getOpenApiJson',
      'getOpenApiYaml',
    ];
    for (const id of quiet) {
      expect((await call(id)).status).toBe(200);
      expect((await call(id, { door: 'tcp' })).status).toBe(200);
    }
    const stream = await call('followChanges', { query: '?after=0' });
    const told = [...stream.text.matchAll(/^data: (.*)$/gm)].map(([, text = '']) => JSON.parse(text) as JsonAnswer);
    for (const change of told) contract.fits('Change', change);
    const types = new Set(told.map(({ type }) => type));
    for (const type of [
      'project_added',
      'run_created',
      'run_updated',
      'run_removed',
      'task_started',
      'task_settled',
      'gate_judged',
    ])
      expect(types).toContain(type);
    const resync = await call('followChanges', { query: '?after=999999' });
    contract.fits('Resync', JSON.parse(/^event: resync\ndata: (.*)$/m.exec(resync.text)?.[1] ?? ''));
  });

  it('HEAD is answered like GET, without a body and without a stream that stays', async () => {
    for (const id of IDS.filter((each) => PATHS[each][0] === 'GET')) {
      const answer = await ask(place, { method: 'HEAD', path: pathOf(id) });
      expect([id, answer.text]).toEqual([id, '']);
      expect([200, 404, 409]).toContain(answer.status);
    }
    const { text } = await call('getMetrics');
    expect(text).toMatch(/^pawl_streams 0$/m);
  });
});

describe('every operation', () => {
  it('refuses other verbs with those that it has, and what is nowhere, both in JSON', async () => {
    expect((await ask(place, { method: 'GET', path: '/api/v1' })).status).toBe(200);
    for (const path of new Set(IDS.map((id) => pathOf(id)))) {
      const answer = await ask(place, { method: 'PUT', path });
      expect([path, answer.status, codeOf(answer)]).toEqual([path, 405, 'METHOD_NOT_ALLOWED']);
      const has = IDS.filter((id) => pathOf(id) === path).flatMap((id) =>
        PATHS[id][0] === 'GET' ? ['GET', 'HEAD'] : [PATHS[id][0]],
      );
      expect(answer.headers.allow?.split(', ').toSorted()).toEqual(has.toSorted());
    }
    for (const path of [
      '/api/v1/nothing',
      '/api/v1/runs/',
      '/api/v2/runs',
      '/healthz/',
      '//',
      '/api/v1/projects/../runs',
    ])
      expect([path, codeOf(await ask(place, { path }))]).toEqual([path, 'ROUTE_NOT_FOUND']);
  });

  it('refuses who has no token or a wrong one on TCP', async () => {
    for (const id of IDS) {
      for (const authorization of [undefined, 'Bearer wrong', `Bearer ${'x'.repeat(43)}`, 'Basic eDp5'])
        expect(await refused(id, { door: 'tcp', headers: { Authorization: authorization } })).toBe('UNAUTHORIZED');
    }
  });

  it('refuses pages of other sites and foreign names, by both doors', async () => {
    for (const id of IDS) {
      for (const door of ['socket', 'tcp'] as const) {
        for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1'])
          expect(await refused(id, { door, headers: { Origin: origin } })).toBe('ORIGIN_FORBIDDEN');
        expect(await refused(id, { door, headers: { Host: 'evil.example' } })).toBe('HOST_FORBIDDEN');
      }
    }
  });

  it('that takes a query says what is wrong with it', async () => {
    const wrong = ['?limit=x&kind=foo&force=maybe&stream=foo&from=-1&after=1e3&follow=1&wait=x&last=-1'];
    for (const id of ['listRuns', 'listRunEvents', 'getOutput', 'removeProject'] as const)
      expect(await refused(id, { query: wrong[0] ?? '' })).toBe('QUERY_INVALID');
    for (const cursor of ['x', '-1', '1.5', '99999999999999999', '1e3', '0x1']) {
      expect(await refused('followChanges', { query: `?after=${cursor}` })).toBe('CURSOR_INVALID');
      expect(await refused('followChanges', { headers: { 'Last-Event-ID': cursor } })).toBe('CURSOR_INVALID');
    }
  });

  it('treats an id as a name and never as a path', async () => {
    const names = [
      '..%2f..',
      '..%2F..%2Fetc%2Fpasswd',
      '%2e%2e',
      '%00',
      '.',
      '%zz',
      '__proto__',
      'constructor',
      '%F0',
      'x'.repeat(5_000),
    ];
    for (const name of names) {
      const answers = await Promise.all([
        ask(place, { path: `/api/v1/projects/${name}` }),
        ask(place, { path: `/api/v1/runs/${name}` }),
        ask(place, { path: `/api/v1/runs/${name}/tasks/${name}/output` }),
        ask(place, { path: `/api/v1/runs/${runs.quick}/tasks/${name}/output` }),
        ask(place, { path: `/api/v1/runs/${runs.quick}/artifacts/${name}` }),
      ]);
      for (const answer of answers)
        expect([name.slice(0, 40), answer.status, answer.text]).toMatchObject([
          name.slice(0, 40),
          404,
          expect.stringContaining('"code"'),
        ]);
    }
  });
});

bodiesAreChecked();

describe('commands', () => {
  it('need a key of their own', async () => {
    const json = { path: two.path, project: 'one', packets: packets('slow'), ...CANCEL };
    for (const id of COMMANDS) {
      expect(await refused(id, { json, key: null, query: '' })).toBe('KEY_MISSING');
      for (const key of ['a b', 'x'.repeat(201)]) expect(await refused(id, { json, key })).toBe('KEY_INVALID');
    }
    // A key that names another command on this machine, whatever its operation, its body or its project.
    const slow = packets('slow');
    const reuses: readonly (readonly [OperationId, Call])[] = [
      ['commandRun', { json: CANCEL, key: 'first', query: '?project=one' }],
      ['addRuns', { json: { project: 'one', packets: slow }, key: 'first' }],
      ['addRuns', { json: { project: 'two', packets: packets('slow', 'quick') }, key: 'first' }],
      ['addProject', { json: { path: one.path, id: 'other' }, key: 'first' }],
      ['addProject', { json: { path: one.path, id: 'other' }, key: 'key-1' }],
      ['addRuns', { json: { project: 'two', packets: slow }, key: 'key-1' }],
      ['commandRun', { json: CANCEL, key: 'key-1', query: '?project=one' }],
    ];
    for (const [id, reuse] of reuses) expect([id, await refused(id, reuse)]).toEqual([id, 'KEY_REUSED']);
    expect(await refused('getCommand', { params: { key: 'nobody' } })).toBe('COMMAND_UNKNOWN');
    expect(await refused('getCommand', { params: { key: 'a%20b' } })).toBe('KEY_INVALID');
  });

  it('are refused while the same one is under way', async () => {
    for (const [id, json] of [
      ['addRuns', { project: 'one', packets: packets('slow') }],
      ['commandRun', { command: 'resolve', decision: 'accept', reason: 'r' }],
    ] as const) {
      await place.until(`COMMAND_PENDING of ${id}`, async () => {
        const key = newKey();
        const query = id === 'commandRun' ? '?project=one' : '';
        const both = await Promise.all([call(id, { json, key, query }), call(id, { json, key, query })]);
        const pending = both.find((answer) => codeOf(answer) === 'COMMAND_PENDING');
        if (pending !== undefined) expect(pending.headers['retry-after']).toBe('1');
        return pending !== undefined;
      });
    }
  });

  it('of projects that cannot be are refused', async () => {
    for (const json of [
      { path: '/' },
      { path: join(one.path, '.git') },
      { path: join(one.path, 'x') },
      { path: two.path, id: '../x' },
    ])
      expect(await refused('addProject', { json })).toBe('PAWL_PROJECT_INVALID');
    for (const path of ['x', '', '/\u0000', 7])
      expect(await refused('addProject', { json: { path } })).toBe('BODY_INVALID');
    expect(await refused('addProject', { json: { path: one.path } })).toBe('PAWL_PROJECT_EXISTS');
    expect(await refused('removeProject', {})).toBe('PAWL_PROJECT_BUSY');
    for (const id of ['getProject', 'removeProject'] as const)
      expect(await refused(id, { params: { id: 'nobody' } })).toBe('PAWL_PROJECT_UNKNOWN');
    for (const id of ['listRuns', 'getRun', 'listRunEvents', 'listTasks', 'getOutput', 'getArtifact'] as const)
      expect(await refused(id, { query: '?project=nobody' })).toBe('PAWL_PROJECT_UNKNOWN');
    expect(await refused('commandRun', { query: '?project=nobody', json: CANCEL })).toBe('PAWL_PROJECT_UNKNOWN');
    expect(await refused('addRuns', { json: { project: 'nobody', packets: packets('a') } })).toBe(
      'PAWL_PROJECT_UNKNOWN',
    );
    expect(await refused('addRuns', { json: { packets: packets('a') } })).toBe('PROJECT_MISSING');
  });

  it('of runs that cannot be are refused', async () => {
    const nobody = { id: 'run_nobody' };
    for (const id of ['getRun', 'listRunEvents', 'listTasks', 'getOutput', 'getArtifact'] as const) {
      expect(await refused(id, { params: nobody })).toBe('PAWL_RUN_UNKNOWN');
      expect(await refused(id, {})).toBe('RUN_AMBIGUOUS');
    }
    expect(await refused('getOutput', { query: '?project=one' })).toBe('PAWL_TASK_UNKNOWN');
    expect(await refused('getArtifact', { query: '?project=one' })).toBe('ARTIFACT_UNKNOWN');
    expect(await refused('commandRun', { params: nobody, json: CANCEL })).toBe('PAWL_RUN_UNKNOWN');
    expect(await refused('commandRun', { json: CANCEL })).toBe('RUN_AMBIGUOUS');
    const query = '?project=one';
    const accept = { command: 'resolve', decision: 'accept', reason: 'r' };
    expect(await refused('commandRun', { query, json: accept })).toBe('PAWL_COMMAND_REFUSED');
    expect(await refused('commandRun', { query, json: CANCEL, headers: { 'If-Match': '"1"' } })).toBe(
      'PAWL_COMMAND_STALE',
    );
    for (const condition of ['1', '"x"', 'W/"1"', '"1", "2"'])
      expect(await refused('commandRun', { query, json: CANCEL, headers: { 'If-Match': condition } })).toBe(
        'CONDITION_INVALID',
      );
    const { seq } = jsonOf<{ seq: number }>(await call('getRun', { query }));
    const done = await call('commandRun', { query, json: CANCEL, headers: { 'If-Match': `"${seq}"` } });
    expect(jsonOf(done)).toMatchObject({ accepted: true, decided: true });
    expect(done.status).toBe(200);
  });
});

describe('what the machine does to the daemon', () => {
  it('a repository that has gone is told as such until it is back', async () => {
    const away = `${gone.path}-away`;
    const query = '?project=gone';
    const before = await call('getRun', { query });
    renameSync(gone.path, away);
    try {
      const task = jsonOf<{ tasks: { taskId: string }[] }>(before).tasks[0]?.taskId ?? '';
      const codes: (string | null)[] = [];
      for (const id of ['getRun', 'getOutput', 'getArtifact', 'listRunEvents', 'listTasks', 'commandRun'] as const)
        codes.push(await refused(id, { query, params: { task }, ...(id === 'commandRun' ? { json: CANCEL } : {}) }));
      codes.push(await refused('addRuns', { json: { project: 'gone', packets: packets('late') } }));
      codes.push(...(await upkeepOf('gone')));
      expect(codes).toEqual(['PROJECT_UNAVAILABLE', ...Array<string>(8).fill('PAWL_REPOSITORY_MISSING')]);
    } finally {
      renameSync(away, gone.path);
    }
  });

  whatIsNotDrivenIsLeft();

  it('a file that cannot be read is a 503 whose cause is logged under the id of the request', async () => {
    const blocked = join(one.registry, 'inbox', keyedCommandId('unreadable'));
    expect(existsSync(blocked)).toBe(false);
    mkdirSync(blocked);
    try {
      const answer = await call('getCommand', { params: { key: 'unreadable' } });
      expect([answer.status, codeOf(answer)]).toEqual([503, 'PAWL_STORE_FAILED']);
      const id = String(answer.headers['x-request-id']);
      await place.until('the line of the log', () => place.said.includes(id));
      expect(place.said).toMatch(new RegExp(`${id} GET /api/v1/commands/unreadable: 503 PAWL_STORE_FAILED: .*EISDIR`));
    } finally {
      rmSync(blocked, { recursive: true });
    }
  });
});

it('a project is archived, and shutdown is answered', async () => {
  const archived = await call('removeProject', { query: '?force=true' });
  expect([archived.status, jsonOf(archived).id]).toEqual([200, 'one']);
  expect((await call('shutDown')).status).toBe(202);
});

it('everything that the document promises was seen, but for what is listed with its reason, and nothing else is listed', () => {
  const unseen = contract.promised.filter((each) => !contract.seen.has(each));
  expect(unseen.filter((each) => !UNPROVOKED.some(([pattern]) => pattern.test(each)))).toEqual([]);
  const needless = UNPROVOKED.filter(([pattern]) => !unseen.some((each) => pattern.test(each)));
  expect(needless.map(([pattern]) => String(pattern))).toEqual([]);
});
