/** `pawl new` and `pawl approve`: a packet is written unapproved, and approved by a person. */
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { repositoryIn } from '../../src/adapters/git/user-settings.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { hasHidden } from '../../src/base/visible.ts';
import { type ApproveOptions, approveAt } from '../../src/cli/commands/approve.ts';
import { type NewOptions, newPacketAt } from '../../src/cli/commands/new.ts';
import type { Questions } from '../../src/cli/questions.ts';
import type { PacketReading } from '../../src/model/packet.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { createSandboxRepo, type SandboxRepo } from '../../src/prove/real/sandbox-repo.ts';
import { Heard } from '../support/heard.ts';

let repo: SandboxRepo;
beforeEach(() => {
  repo = createSandboxRepo();
  repo.git(['remote', 'add', 'origin', 'git@github.example:acme/widgets.git']);
  repo.write('pawl.config.json', '{"verification": {"allow": ["npm test", "node --test *"]}}');
});
afterEach(() => repo.remove());

const file = (name = 'packets.json'): string => join(repo.path, name);
const readings = (name?: string): readonly PacketReading[] =>
  readPackets(readFileSync(file(name), 'utf8'), sha256).readings;

/** Answers in order; null ends the input. */
async function make(options: NewOptions, answers: readonly (string | null)[] | null = null) {
  const output = new Heard(false);
  const asked: string[] = [];
  const rest = [...(answers ?? [])];
  const ask = async (question: string) => {
    asked.push(question);
    return rest.shift() ?? null;
  };
  const questions: Questions = { ask, close: () => undefined, exitCode: () => 130 };
  const place = {
    cwd: repo.path,
    environment: repo.environment,
    questions: () => (answers === null ? null : questions),
  };
  const exit = await newPacketAt(output, options, place);
  return { exit, output, asked };
}

async function approve(options: ApproveOptions, ...args: readonly string[]) {
  const output = new Heard(false);
  const place = { cwd: repo.path, environment: repo.environment, nowMs: Date.UTC(2026, 2, 1, 10) };
  return { exit: await approveAt(output, options, args, place), output };
}

const WHOLE: NewOptions = {
  ...{ task: 'WID-12', goal: 'Widgets can be rotated.', issue: '12', verify: ['npm test'] },
  ...{ instruction: ['Add rotate()'], criterion: ['No other change'], surface: ['src'] },
};

describe('a new packet', () => {
  test('from flags lacks nothing but its approval; the repository is that of origin, the branch is made of the task', async () => {
    const { exit, output } = await make(WHOLE);
    expect([exit, output.text()]).toEqual([0, expect.stringContaining('not approved')]);
    expect(readings()).toMatchObject([
      {
        missingFields: ['approval.approved'],
        packet: { taskId: 'WID-12', isApproved: false, scm: { repo: 'acme/widgets', intendedBranch: 'work/wid-12' } },
      },
    ]);
  });

  test('is added to a file without a change of what is there, and never twice', async () => {
    writeFileSync(file('tonight.json'), '{ "note": 1,\n  "packets": [ { "task_id": "A" } ] }\n');
    await make({ ...WHOLE, out: 'tonight.json' });
    const text = readFileSync(file('tonight.json'), 'utf8');
    expect(text).toMatch(/^\{ "note": 1,\n {2}"packets": \[ \{ "task_id": "A" \}, \{/);
    await expect(make({ ...WHOLE, out: 'tonight.json' })).rejects.toMatchObject({
      ...{ code: 'PAWL_USAGE', message: expect.stringContaining('already has a packet WID-12') },
    });
    expect(readFileSync(file('tonight.json'), 'utf8')).toBe(text);
  });

  test('that would be invalid is not written, nor is one added to a file that is', async () => {
    await expect(make({ ...WHOLE, branch: 'a..b' })).rejects.toMatchObject({ code: 'PAWL_PACKETS_INVALID' });
    await expect(make({ ...WHOLE, surface: ['../x'] })).rejects.toMatchObject({
      code: 'PAWL_PACKETS_INVALID',
      message: expect.stringMatching(/^The packet is refused: packet 1 /),
      hint: expect.stringMatching(/; nothing was written\.$/),
    });
    expect(() => readFileSync(file())).toThrow('ENOENT');
    writeFileSync(file(), '{"packets": [{"task_id": 1.5}]}');
    await expect(make(WHOLE)).rejects.toMatchObject({
      code: 'PAWL_PACKETS_INVALID',
      message: expect.stringMatching(/^The packets file is refused: /),
      hint: expect.stringMatching(/; nothing was written\.$/),
    });
  });

  test('is reported with what a terminal would obey in its names written out', async () => {
    const { output } = await make({ ...WHOLE, task: 'a\u202eb', out: 'x\u001b[2Jy.json' });
    const lines = output.lines.slice(output.lines.indexOf(''));
    expect(lines.find((line) => line.startsWith('Written: '))).toBe(
      `Written: a\\u{202e}b in ${repo.path}/x\\u{1b}[2Jy.json, not approved`,
    );
    expect(lines.filter(hasHidden)).toEqual([]);
  });

  test('is not written into a folder that is not there, and the folder is named', async () => {
    for (const folder of ['nowhere', 'pawl.config.json']) {
      await expect(make({ ...WHOLE, out: `${folder}/x.json` })).rejects.toMatchObject({
        code: 'PAWL_USAGE',
        message: `Folder not found: ${file(folder)}; nothing was written.`,
      });
    }
  });

  test('is not made with a folder as the config', async () => {
    for (const config of ['.', ''])
      await expect(make({ ...WHOLE, config })).rejects.toMatchObject({
        code: 'PAWL_CONFIG_INVALID',
        message: `The config must be a file, but this is a folder: ${repo.path}.`,
      });
    await expect(make({ ...WHOLE, config: 'none.json' })).rejects.toMatchObject({
      code: 'PAWL_CONFIG_INVALID',
      message: `There is no config file ${file('none.json')}.`,
    });
  });

  test('that is insufficient is written, with what it lacks and what could not run', async () => {
    const { output } = await make({ goal: 'Do it', verify: ['make all', 'npm test | tee x'] });
    expect(output.report).toMatchObject({
      taskId: 'do-it',
      missingFields: expect.arrayContaining(['implementation.instructions', 'conflict_surface']),
      warnings: [
        expect.stringContaining('"make all" is not allowed'),
        expect.stringContaining('without a shell: it contains a pipe'),
      ],
    });
  });

  test('comes of a Markdown file, of an issue, and flags say otherwise', async () => {
    repo.write('todo.md', '# Rotate\n\n## Verification\n- node --test a.js\n- It is quick\n');
    await make({ from: 'todo.md', task: 'MD-1', surface: ['src'] });
    repo.write(
      'issue.json',
      '{"number": 7, "title": "Fix it", "body": "Now.", "url": "https://github.com/x/y/issues/7"}',
    );
    await make({ fromIssue: 'issue.json', branch: 'fix/7' });
    expect(readings().map(({ packet }) => packet)).toMatchObject([
      {
        taskId: 'MD-1',
        scope: { goal: 'Rotate' },
        verification: { commands: ['node --test a.js'], expectations: ['It is quick'] },
      },
      { taskId: 'GH-7', scm: { repo: 'x/y', issueNumber: '7', intendedBranch: 'fix/7' }, instructions: ['Now.'] },
    ]);
    await expect(make({ from: 'todo.md', fromIssue: 'issue.json' })).rejects.toMatchObject({ code: 'PAWL_USAGE' });
    await expect(make({ from: 'gone.md' })).rejects.toMatchObject({
      code: 'PAWL_USAGE',
      message: `File not found: ${file('gone.md')}`,
    });
    await expect(make({ from: '.' })).rejects.toMatchObject({ message: expect.stringContaining('a folder') });
  });

  test('comes of answers: flags are not asked for again, offers are taken by an empty line, lists end with one', async () => {
    const answers = ['', '', '5', '', 'First', 'Second', '', '', '', 'Read it', '', 'src', ''];
    const { asked } = await make({ goal: 'Turn it' }, answers);
    expect(asked[0]).toBe('Task id [turn-it]: ');
    expect(asked).toHaveLength(answers.length);
    expect(readings()[0]).toMatchObject({
      missingFields: ['approval.approved'],
      packet: {
        ...{ taskId: 'turn-it', scm: { repo: 'acme/widgets', issueNumber: '5', intendedBranch: 'work/turn-it' } },
        ...{ instructions: ['First', 'Second'], verification: { commands: ['npm test'] } },
      },
    });
  });

  test('is not written when the answers end early, or when nobody can be asked', async () => {
    expect(await make({}, ['Goal', null])).toMatchObject({ exit: 130 });
    await expect(make({})).rejects.toMatchObject({ code: 'PAWL_USAGE', hint: expect.stringContaining('--from') });
    expect(() => readFileSync(file())).toThrow('ENOENT');
  });

  test.each([
    ['https://github.com/acme/widgets.git', 'acme/widgets'],
    ['git@github.com:acme/widgets', 'acme/widgets'],
    ['ssh://git@host:2222/acme/widgets.git/', 'acme/widgets'],
    ['https://user:secret@host/a/b/c.git', null],
    ['/srv/git/widgets.git', null],
    ['file:///srv/acme/widgets', null],
    ['../widgets', null],
    ['', null],
  ])('origin %s is the repository %s', (url, repository) => {
    expect(repositoryIn(url)).toBe(repository);
  });
});

describe('an approval', () => {
  test('names who and when, is the only change, and is given once', async () => {
    await make(WHOLE);
    await make({ ...WHOLE, task: 'WID-13', issue: '13' });
    const before = readFileSync(file(), 'utf8');
    const { exit, output } = await approve({}, 'packets.json', 'WID-12');
    expect(exit).toBe(0);
    expect(output.report).toMatchObject({ taskId: 'WID-12', missingFields: [], wasApproved: false });
    expect(readings()).toMatchObject([
      {
        missingFields: [],
        packet: { approvedBy: 'A User <user@example.invalid>', approvedAt: '2026-03-01T10:00:00Z' },
      },
      { packet: { isApproved: false } },
    ]);
    const after = readFileSync(file(), 'utf8');
    const kept = (text: string): string[] => text.split('\n').filter((line) => !/"(?:status|approved_\w+)"/.test(line));
    expect(kept(after)).toEqual(kept(before));
    const again = await approve({ by: 'eve' }, 'packets.json', 'WID-12');
    expect(again.output.text()).toContain('was already approved by A User');
    expect(readFileSync(file(), 'utf8')).toBe(after);
  });

  test('of an insufficient packet is given with a warning that names what is missing', async () => {
    await make({ task: 'X', goal: 'Do it' });
    const { exit, output } = await approve({ by: ' An\u202en ' }, 'packets.json', 'X');
    expect(exit).toBe(0);
    expect(output.text()).toMatch(/warning[\s\S]*conflict_surface/);
    expect(readings()[0]?.packet.approvedBy).toBe('An\\u{202e}n');
  });

  test('of a missing or an ambiguous packet, or by nobody, is refused, and the file is unchanged', async () => {
    writeFileSync(file(), '[{"task_id": "A"}, {"task_id": "A", "x": 1}, {"task_id": "B"}, 7]');
    const before = readFileSync(file(), 'utf8');
    for (const [task, why] of [
      ['C', 'it has A, A, B, packet-4'],
      ['A', '2 packets A'],
      ['packet-4', 'not an object'],
    ] as const)
      await expect(approve({ by: 'ann' }, 'packets.json', task)).rejects.toMatchObject({
        ...{ code: 'PAWL_USAGE', message: expect.stringContaining(why) },
      });
    repo.git(['config', '--unset', 'user.name']);
    repo.git(['config', '--unset', 'user.email']);
    await expect(approve({}, 'packets.json', 'B')).rejects.toMatchObject({ code: 'PAWL_USAGE' });
    expect(readFileSync(file(), 'utf8')).toBe(before);
    await expect(approve({ by: 'ann' }, 'gone.json', 'B')).rejects.toMatchObject({ code: 'PAWL_PACKETS_UNREADABLE' });
  });

  test('through a link changes what it leads to, in its mode', async () => {
    writeFileSync(file('real.json'), '[{"task_id": "A"}]', { mode: 0o640 });
    symlinkSync('real.json', file('link.json'));
    await approve({ by: 'ann' }, 'link.json', 'A');
    expect(readings('real.json')[0]?.packet.isApproved).toBe(true);
    expect(statSync(file('real.json')).mode & 0o777).toBe(0o640);
  });
});
