/** The API as docs/api/openapi.json promises it: every operation of one daemon, every error that can be provoked. */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OperationId, PATHS } from '../../src/daemon/api/paths.ts';
import { keyedCommandId } from '../../src/store/inbox.ts';
import { packetOf } from '../support/scenario-packet.ts';
import { Scenario } from '../support/scenario-repo.ts';
import { ask, Contract, codeOf, type JsonAnswer, jsonOf, type RawAnswer, type RawRequest } from './contract-kit.ts';
import { DaemonPlace } from './daemon-kit.ts';

const contract = new Contract();
const place = new DaemonPlace();
const one = new Scenario('one');
const two = new Scenario('two');
const gone = new Scenario('gone');
const IDS = Object.keys(PATHS) as OperationId[];
const COMMANDS: readonly OperationId[] = ['addProject', 'addRuns', 'commandRun'];
const CANCEL = { command: 'cancel', reason: 'enough' };

/** Runs by their packets: `slow` hangs, `quick` ends. */
const runs: Record<string, string> = {};
let keys = 0;
const newKey = (): string => {
  keys += 1;
  return `key-${keys}`;
};

/** Where the operation is, with parameters that name what is there. */
function pathOf(id: OperationId, params: Readonly<Record<string, string>> = {}): string {
  const path = PATHS[id][1];
  const usual = {
    id: path.includes('/projects/') ? 'one' : (runs.slow ?? ''),
    task: 't',
    sha256: 'f'.repeat(64),
    key: 'k',
  };
  const named: Readonly<Record<string, string>> = { ...usual, ...params };
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => named[name] ?? '');
}

interface Call extends Partial<RawRequest> {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly json?: unknown;
  readonly key?: string | null;
}

/** Sends the operation as it should be sent, but for what is said otherwise; the answer is what the document says. */
async function call(
  id: OperationId,
  { params, query = '', json, key, headers, ...more }: Call = {},
): Promise<RawAnswer> {
  const isCommand = COMMANDS.includes(id);
  const answer = await ask(place, {
    method: PATHS[id][0],
    path: `${pathOf(id, params)}${query}`,
    headers: {
      ...(isCommand && key !== null ? { 'Idempotency-Key': key ?? newKey() } : {}),
      ...(isCommand ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...more,
  });
  return contract.check(id, answer);
}

const refused = async (id: OperationId, with_: Call): Promise<string | null> => codeOf(await call(id, with_));
const packets = (...ids: string[]) => ids.map((id) => packetOf(id));

beforeAll(async () => {
  for (const scenario of [one, two, gone]) {
    scenario.scripted({ slow: { implementation: [{ do: 'print', text: 'Grüße' }, { do: 'hang' }] } });
    scenario.packets(packetOf('slow'), packetOf('quick'));
  }
  await place.start();
});

afterAll(async () => {
  await place.end();
  for (const scenario of [one, two, gone]) await scenario.end();
});

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
    const { lastArtifact } = jsonOf<{ lastArtifact: { sha256: string } }>(await call('getRun', { params: quick }));
    await call('getArtifact', { params: { ...quick, sha256: lastArtifact.sha256 } });
    expect(jsonOf(await call('getCommand', { params: { key: 'first' } })).accepted).toBe(true);
    expect(jsonOf(await call('getRun', { params: quick })).seq).toBe(last);
  });

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
    for (const type of ['project_added', 'run_created', 'run_updated', 'task_started', 'task_settled', 'gate_judged'])
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
      '/api/v1',
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
    const wrong = ['?limit=x&kind=foo&force=maybe&stream=foo&from=-1&after=1e3&follow=1'];
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

describe('a body', () => {
  const bodies: readonly (readonly [code: string, body: string | Uint8Array, type?: string])[] = [
    ['BODY_INVALID', '{"path":'],
    ['BODY_INVALID', ''],
    ['BODY_INVALID', '[]'],
    ['BODY_INVALID', 'null'],
    [
      'BODY_INVALID',
      '{"path": "/a", "path": "/b", "command": "cancel", "command": "cancel", "packets": [{}], "packets": [{}]}',
    ],
    ['BODY_INVALID', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['BODY_INVALID', '['.repeat(50_000)],
    ['BODY_INVALID', '{"__proto__": {"path": "/a", "command": "cancel", "packets": [{}]}}'],
    ['MEDIA_TYPE_UNSUPPORTED', '{}', 'text/plain'],
    ['MEDIA_TYPE_UNSUPPORTED', '{}', 'application/x-www-form-urlencoded'],
  ];
  it.each(COMMANDS)('of %s that cannot be read is refused by what is wrong with it', async (id) => {
    for (const [code, body, type = 'application/json'] of bodies)
      expect([String(body).slice(0, 40), await refused(id, { body, headers: { 'Content-Type': type } })]).toEqual([
        String(body).slice(0, 40),
        code,
      ]);
    const size = id === 'addRuns' ? 17 * 1024 * 1024 : 65 * 1024;
    expect(await refused(id, { body: ' ', headers: { 'Content-Length': size } })).toBe('BODY_TOO_LARGE');
  });

  it('that is too large without saying so is cut', async () => {
    const body = `{"path":"${'x'.repeat(70 * 1024)}"}`;
    const headers = { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' };
    expect(await refused('addProject', { body, headers })).toBe('BODY_TOO_LARGE');
  });

  it('with __proto__ in a packet changes no object of ours', async () => {
    const body = JSON.stringify({ project: 'one', packets: packets('proto') }).replace(
      '{"task_id"',
      '{"__proto__":{"polluted":1},"task_id"',
    );
    await call('addRuns', { body });
    expect((await call('getHealth')).text).toBe('{"status":"ok"}');
  });
});

describe('commands', () => {
  it('need a key of their own', async () => {
    const json = { path: two.path, project: 'one', packets: packets('slow'), ...CANCEL };
    for (const id of COMMANDS) {
      expect(await refused(id, { json, key: null, query: '' })).toBe('KEY_MISSING');
      for (const key of ['a b', 'x'.repeat(201)]) expect(await refused(id, { json, key })).toBe('KEY_INVALID');
      // A key that another operation, another body or another project had names another command.
      const others = [json, { ...json, reason: 'other' }, { ...json, project: 'two', path: one.path }];
      expect(await refused(id, { json, key: 'first', query: '?project=one'.repeat(Number(id === 'commandRun')) })).toBe(
        id === 'addProject' ? 'PAWL_PROJECT_EXISTS' : 'KEY_REUSED',
      );
      expect(others).toHaveLength(3);
    }
    expect(
      await refused('addRuns', { json: { project: 'two', packets: packets('slow', 'quick') }, key: 'first' }),
    ).toBe('KEY_REUSED');
    expect(await refused('addProject', { json: { path: one.path, id: 'other' }, key: 'key-1' })).toBe('KEY_REUSED');
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
    for (const json of [{ path: '/' }, { path: join(one.path, '.git') }, { path: 'x', id: '../x' }, { path: '\u0000' }])
      expect(await refused('addProject', { json })).toBe('PAWL_PROJECT_INVALID');
    expect(await refused('removeProject', {})).toBe('PAWL_PROJECT_BUSY');
    for (const id of ['getProject', 'removeProject'] as const)
      expect(await refused(id, { params: { id: 'nobody' } })).toBe('PAWL_PROJECT_UNKNOWN');
    for (const id of ['listRuns', 'getRun', 'listRunEvents', 'getOutput', 'getArtifact'] as const)
      expect(await refused(id, { query: '?project=nobody' })).toBe('PAWL_PROJECT_UNKNOWN');
    expect(await refused('commandRun', { query: '?project=nobody', json: CANCEL })).toBe('PAWL_PROJECT_UNKNOWN');
    expect(await refused('addRuns', { json: { project: 'nobody', packets: packets('a') } })).toBe(
      'PAWL_PROJECT_UNKNOWN',
    );
    expect(await refused('addRuns', { json: { packets: packets('a') } })).toBe('PROJECT_MISSING');
  });

  it('of packets that cannot be are refused', async () => {
    const project = 'one';
    expect(await refused('addRuns', { json: { project, packets: [{ task_id: ['x'] }] } })).toBe('PAWL_PACKETS_INVALID');
    const many = Array.from({ length: 1_001 }, (_, index) => ({ task_id: `m-${index}` }));
    expect(await refused('addRuns', { json: { project, packets: many } })).toBe('PAWL_PACKETS_TOO_LARGE');
    const scm_target = { repo: 'acme/widget', issue_number: 1, intended_branch: 'work/slow', base_branch: 'main' };
    const clash = [packetOf('clash', { scm_target })];
    expect(await refused('addRuns', { json: { project, packets: clash, allOrNothing: true } })).toBe(
      'PAWL_RUN_CONFLICT',
    );
  });

  it('of runs that cannot be are refused', async () => {
    const nobody = { id: 'run_nobody' };
    for (const id of ['getRun', 'listRunEvents', 'getOutput', 'getArtifact'] as const) {
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
    renameSync(gone.path, away);
    try {
      const query = '?project=gone';
      const [read, output, artifact, events] = await Promise.all(
        (['getRun', 'getOutput', 'getArtifact', 'listRunEvents'] as const).map((id) => call(id, { query })),
      );
      const codes = [read, output, artifact, events].map((answer) => answer && codeOf(answer));
      expect(codes).toEqual([
        'PROJECT_UNAVAILABLE',
        'PAWL_TASK_UNKNOWN',
        'PAWL_REPOSITORY_MISSING',
        'PAWL_REPOSITORY_MISSING',
      ]);
    } finally {
      renameSync(away, gone.path);
    }
  });

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

it('shutdown is answered', async () => {
  expect((await call('shutDown')).status).toBe(202);
});

/** What the document promises and this file does not provoke, and why. */
const UNPROVOKED: readonly (readonly [RegExp, string])[] = [];

it('everything that the document promises was seen, but for what is listed with its reason, and nothing else is listed', () => {
  const unseen = contract.promised.filter((each) => !contract.seen.has(each));
  expect(unseen.filter((each) => !UNPROVOKED.some(([pattern]) => pattern.test(each)))).toEqual([]);
  const needless = UNPROVOKED.filter(([pattern]) => !unseen.some((each) => pattern.test(each)));
  expect(needless.map(([pattern]) => String(pattern))).toEqual([]);
});
