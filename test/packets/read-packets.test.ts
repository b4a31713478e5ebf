/** Reading a packets file: its shapes, both spellings, what is refused whole, what runs are called. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { PawlError } from '../../src/model/error.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { nextRunId, runIdOf } from '../../src/packets/packet-run-id.ts';
import { assertPacketsSize, readPackets } from '../../src/packets/packets.ts';
import { camelCased, type Given, goodPacket } from './good-packet.ts';

const read = (document: unknown) => readPackets(JSON.stringify(document), sha256).readings;

function refusal(read: () => unknown): PawlError {
  try {
    read();
  } catch (error) {
    if (error instanceof PawlError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the file', () => {
  it('is an object with packets or a bare list, also behind a byte order mark', () => {
    const packet = goodPacket();
    const bare = read([packet]);
    expect(read({ packets: [packet] })).toEqual(bare);
    expect(readPackets(`\uFEFF${JSON.stringify([packet])}`, sha256).readings).toEqual(bare);
    expect(read([])).toEqual([]);
  });

  it('names what stands beside packets and is not read', () => {
    const file = readPackets(JSON.stringify({ $schema: 'x', packets: [], owner: 'ann' }), sha256);
    expect(file.unknownFields).toEqual(['"owner"']);
  });

  it.each(['', '{', 'packets', '[1,]', '{"packets": {}}', '{}', '"text"', 'null', '3', '{"packets": null}'])(
    '%j is refused with PAWL_PACKETS_INVALID',
    (text) => {
      expect(refusal(() => readPackets(text, sha256)).code).toBe('PAWL_PACKETS_INVALID');
    },
  );

  it('of 50 MB is refused by its size, before anything is parsed', () => {
    expect(refusal(() => assertPacketsSize(50_000_000, 'p.json')).code).toBe('PAWL_PACKETS_TOO_LARGE');
    expect(refusal(() => readPackets('{', sha256, { sizeBytes: 50_000_000 })).code).toBe('PAWL_PACKETS_TOO_LARGE');
    expect(refusal(() => readPackets(' '.repeat(50_000_000), sha256)).code).toBe('PAWL_PACKETS_TOO_LARGE');
    assertPacketsSize(BOUNDS.packetsFileBytes, 'p.json');
  });

  it('with more packets than the bound is refused', () => {
    const many = Array.from({ length: BOUNDS.packetsInFile + 1 }, () => ({}));
    expect(refusal(() => read(many))).toMatchObject({
      code: 'PAWL_PACKETS_TOO_LARGE',
      message: expect.stringContaining('1001 packets'),
    });
    expect(read(many.slice(1))).toHaveLength(BOUNDS.packetsInFile);
  });

  it('one invalid packet refuses the whole file and is named with its place and field', () => {
    const bad = { ...goodPacket(), task_id: 'BAD', conflict_surface: ['../x'] };
    const error = refusal(() => read([goodPacket(), bad]));
    expect(error.code).toBe('PAWL_PACKETS_INVALID');
    expect(error.message).toContain('packet 2 ("BAD"): conflict_surface: "../x"');
  });
});

describe('spellings', () => {
  it('github stands for scm_target, branch and base for the long names, id for task_id', () => {
    const { scm_target: _, task_id: __, ...rest } = goodPacket();
    const short = {
      ...rest,
      id: 'TASK-1',
      github: { repo: 'acme/widgets', issueNumber: '#12', branch: 'work/task-1', base: 'main' },
    };
    expect(read([short])[0]?.packet).toEqual(read([goodPacket()])[0]?.packet);
  });

  it('a text where a list is meant is a list of one', () => {
    const packet = {
      ...goodPacket(),
      conflict_surface: ' src ',
      implementation: { instructions: 'Do it' },
      verification: { commands: 'npm test' },
      review: { reviewerPlan: 'Read it' },
      scope: { acceptanceCriteria: 'It works', nonGoals: 'None' },
    };
    expect(read([packet])[0]?.packet).toMatchObject({
      conflictSurface: ['src'],
      instructions: ['Do it'],
      verification: { commands: ['npm test'], expectations: [] },
      review: { criteria: [], reviewerPlan: ['Read it'] },
      scope: { goal: null, acceptanceCriteria: ['It works'], nonGoals: ['None'] },
    });
  });

  it('the first spelling that says something counts', () => {
    const packet = { ...goodPacket(), task_id: ' ', taskId: 'SECOND', id: 'THIRD' };
    expect(read([packet])[0]?.packet.taskId).toBe('SECOND');
  });

  it('limits are read in both spellings, one deadline or one for each purpose', () => {
    const limits = { attempts_max: 3, graceMs: 5, deadline_ms: { fix: 9 } };
    expect(read([{ ...goodPacket(), limits }])[0]?.packet.limits).toEqual({
      attemptsMax: 3,
      graceMs: 5,
      deadlineMs: { fix: 9 },
    });
    expect(read([{ ...goodPacket(), limits: { deadlineMs: 7 } }])[0]?.packet.limits).toEqual({ deadlineMs: 7 });
  });

  it('allow_empty is read at the top and in implementation', () => {
    expect(read([goodPacket()])[0]?.packet.allowEmpty).toBe(false);
    expect(read([{ ...goodPacket(), allow_empty: true }])[0]?.packet.allowEmpty).toBe(true);
    expect(
      read([{ ...goodPacket(), implementation: { instructions: 'x', allowEmpty: true } }])[0]?.packet.allowEmpty,
    ).toBe(true);
  });

  it('unknown fields are kept with the packet and named as dotted paths', () => {
    const packet = {
      ...goodPacket(),
      colour: 'red',
      scope: { goal: 'g', size: 3 },
      limits: { speed: 1 },
      'bad\u001b[2J': 1,
    };
    const reading = read([packet])[0];
    expect(reading?.unknownFields).toEqual(['colour', 'bad?[2J', 'scope.size', 'limits.speed'].sort(byPlace(packet)));
    expect(reading?.given).toEqual(packet);
    expect(read([goodPacket()])[0]?.unknownFields).toEqual([]);
    expect(read([camelCased(goodPacket())])[0]?.unknownFields).toEqual([]);
  });
});

describe('what is invalid', () => {
  const paths = [
    '../x',
    '..',
    'a/../../b',
    '/etc',
    '/',
    '~/x',
    '~',
    'C:/x',
    'c:x',
    'a\\b',
    '..\\x',
    'a\0b',
    'a/\n',
    'a/*/../../b',
    '**/..',
  ];
  it.each(paths)('the conflict surface %j', (path) => {
    // A control character at an end is white space and goes.
    const given = path === 'a/\n' ? 'a/\nb' : path;
    expect(refusal(() => read([{ ...goodPacket(), conflict_surface: ['src', given] }])).message).toContain(
      'conflict_surface',
    );
  });

  it.each(['../x', 'a/../b', 'x../y', '..\\x', 'a/./b', 'a/..'])('the id %j', (id) => {
    expect(refusal(() => read([{ ...goodPacket(), task_id: id }])).message).toContain('task_id');
  });

  it.each([
    'a b',
    '-x',
    'a..b',
    'x.lock',
    'refs/',
    '/x',
    'a~1',
    'HEAD',
    '@',
    ' x',
    'x\u0007',
    '\ud800',
    'refs/heads/x',
    'a'.repeat(252),
  ])('the branch %j', (branch) => {
    for (const name of ['intended_branch', 'base_branch']) {
      const scm = { ...(goodPacket().scm_target as Given), [name]: branch };
      const error = refusal(() => read([{ ...goodPacket(), scm_target: scm }]));
      expect(error.code).toBe('PAWL_PACKETS_INVALID');
    }
  });

  it.each(['main', 'Main'])('a branch that is the base itself, as %j on main', (branch) => {
    const scm = { ...(goodPacket().scm_target as Given), intended_branch: branch, base_branch: 'main' };
    const error = refusal(() => read([{ ...goodPacket(), scm_target: scm }]));
    expect(error.code).toBe('PAWL_PACKETS_INVALID');
    expect(error.message).toContain('is the base branch');
  });

  it.each<[string, Given]>([
    ['scope', { scope: 'text' }],
    ['scope.goal', { scope: { goal: 3 } }],
    ['scm_target', { scm_target: [] }],
    ['scm_target.repo', { scm_target: { repo: {} } }],
    ['scm_target.issue_number', { scm_target: { issue_number: 1.5 } }],
    ['github.issueNumber', { github: { issueNumber: -1 } }],
    ['verification.commands', { verification: { commands: { a: 1 } } }],
    ['verification.commands', { verification: { commands: ['x', 3] } }],
    ['conflict_surface', { conflict_surface: 5 }],
    ['agent', { agent: ['a'] }],
    ['approval', { approval: 'approved' }],
    ['allow_empty', { allow_empty: 'yes' }],
    ['task_id', { task_id: {} }],
    ['task_id', { task_id: 'x'.repeat(1_001) }],
    ['limits', { limits: 3 }],
    ['limits.attemptsMax', { limits: { attemptsMax: 0 } }],
    ['limits.fix_attempts_max', { limits: { fix_attempts_max: -1 } }],
    ['limits.graceMs', { limits: { graceMs: '5' } }],
    ['limits.deadlineMs', { limits: { deadlineMs: 'soon' } }],
    ['limits.deadlineMs.fix', { limits: { deadlineMs: { fix: 0 } } }],
    ['limits.stallMs', { limits: { stallMs: 1e12 } }],
  ])('%s of another type or out of its range', (field, change) => {
    expect(refusal(() => read([{ ...goodPacket(), ...change }])).message).toContain(`packet 1: ${field}: must be`);
  });

  it('a deadline for a purpose that there is not', () => {
    const error = refusal(() => read([{ ...goodPacket(), limits: { deadlineMs: { fixing: 5 } } }]));
    expect(error.message).toContain('packet 1: limits.deadlineMs.fixing: is not a known key');
  });

  it('a value without a canonical form, and nesting deeper than the stack', () => {
    expect(refusal(() => readPackets('[{"x": 1e999}]', sha256)).code).toBe('PAWL_PACKETS_INVALID');
    expect(refusal(() => readPackets('[{"x": "\\ud800"}]', sha256)).code).toBe('PAWL_PACKETS_INVALID');
    const deep = `[{"x": ${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}]`;
    expect(refusal(() => readPackets(deep, sha256)).code).toBe('PAWL_PACKETS_INVALID');
  });

  it('a packet longer than the bound', () => {
    const long = { ...goodPacket(), notes: 'x'.repeat(BOUNDS.packetChars) };
    expect(refusal(() => read([long])).message).toContain('longer than');
  });

  it('a message shows neither control codes nor more than a little of what was given', () => {
    const error = refusal(() => read([{ ...goodPacket(), conflict_surface: [`../\u001b[2J${'x'.repeat(900)}`] }]));
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(600);
  });

  it('names that live on every object are plain unknown fields', () => {
    const reading = readPackets('[{"constructor": {"a": 1}, "__proto__": {"approved": true}, "toString": 1}]', sha256)
      .readings[0];
    expect(reading?.packet.isApproved).toBe(false);
    expect(reading?.unknownFields).toEqual(['constructor', '__proto__', 'toString']);
  });
});

describe('run ids', () => {
  it('are made of the task id and the hash of the packet as given', () => {
    const packet = { ...goodPacket(), task_id: 'ABC 12/ü: fix' };
    const hash = sha256(canonicalJson(packet));
    expect(read([packet])[0]?.packetHash).toBe(hash);
    expect(read([packet])[0]?.runId).toBe(`run_ABC-12-fix_${hash.slice(0, 12)}`);
  });

  it('a packet without an id is called by its place', () => {
    const { task_id: _, ...nameless } = goodPacket();
    expect(read([goodPacket(), nameless])[1]?.packet.taskId).toBe('packet-2');
    expect(read([goodPacket(), nameless])[1]?.runId).toMatch(/^run_packet-2_[0-9a-f]{12}$/);
  });

  it('the same packet twice is one run, whatever the order of its keys, also without an id', () => {
    const { task_id: _, ...nameless } = goodPacket();
    const turned = Object.fromEntries(Object.entries(nameless).reverse());
    const ids = read([nameless, turned]).map((reading) => reading.runId);
    expect(new Set(ids).size).toBe(1);
  });

  it('the same task id with other content is another run', () => {
    const other = { ...goodPacket(), review: { criteria: ['Another'] } };
    expect(read([goodPacket(), other])[0]?.runId).not.toBe(read([goodPacket(), other])[1]?.runId);
  });

  it('always have their form, for any id and content', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), fc.jsonValue(), (id, notes) => {
        const hash = sha256(canonicalJson({ id, notes }));
        const runId = runIdOf(id, hash);
        expect(runId).toMatch(/^run_[A-Za-z0-9._-]{0,64}_[0-9a-f]{12}$/);
        expect(runIdOf(id, hash)).toBe(runId);
      }),
    );
  });

  it('any JSON document is read or refused with a code, never anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(fc.object())), (document) => {
        try {
          for (const reading of read(document)) expect(reading.runId).toMatch(/^run_/);
        } catch (error) {
          expect(error).toBeInstanceOf(PawlError);
        }
      }),
    );
  });

  it('keep at most 64 characters of the task id', () => {
    expect(runIdOf('a'.repeat(80), '0123456789abcdef')).toBe(`run_${'a'.repeat(64)}_0123456789ab`);
  });

  it('of a packet recorded again count on from the first', () => {
    expect(nextRunId('run_a_0123456789ab', 2)).toBe('run_a_0123456789ab_r2');
    expect(nextRunId('run_a_0123456789ab_r2', 3)).toBe('run_a_0123456789ab_r3');
  });
});

function byPlace(packet: Given): (a: string, b: string) => number {
  const order = ['scope.size', 'limits.speed'];
  const place = (name: string) =>
    Object.keys(packet).indexOf(order.includes(name) ? (name.split('.')[0] ?? '') : name.replace('?', '\u001b'));
  return (a, b) => place(a) - place(b);
}
