import { expect, it } from 'vitest';
import type { KeyedCommand } from '../../src/model/command.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import {
  fileInbox,
  keyedCommandId,
  leaveCommand,
  markDecided,
  readCommands,
  readDecision,
  readKeyed,
} from '../../src/store/inbox.ts';
import { linkRegister } from '../../src/store/register.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { bytesOf, clock, filesOver } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const body = { runId: 'run_a', reason: 'enough', by: 'ada' };

it('a command left by any process is found, durable, until it is decided', async () => {
  const fs = new MemoryFs();
  const first = await leaveCommand(filesOver(fs), paths, clock, { ...body, command: 'cancel' });
  const second = await leaveCommand(filesOver(fs), paths, clock, { ...body, command: 'resolve', decision: 'retry' });
  const files = filesOver(fs.crash('nothing'));
  expect(await readCommands(files, paths)).toEqual({
    commands: [
      { ...body, command: 'cancel', commandId: first, atMs: clock.nowMs() },
      { ...body, command: 'resolve', decision: 'retry', commandId: second, atMs: clock.nowMs() },
    ],
    unreadable: [],
  });
  expect(await readDecision(files, paths, first)).toBeNull();
  await markDecided(files, paths, first, { isAccepted: true, code: null, seq: 7 });
  expect((await readCommands(files, paths)).commands.map((command) => command.commandId)).toEqual([second]);
});

it('packets lie in their command as they were given, also beyond the size of other registers', async () => {
  const fs = new MemoryFs();
  const packets = [{ task_id: 'a', text: 'x'.repeat(5 * 1024 * 1024) }, 'no object'];
  const request = { command: 'intake', packets, again: true, isAllOrNothing: false, by: 'ada' } as const;
  const commandId = await leaveCommand(filesOver(fs), paths, clock, request);
  const files = filesOver(fs.crash('nothing'));
  expect((await readCommands(files, paths)).commands).toEqual([{ ...request, commandId, atMs: clock.nowMs() }]);
  const decision = { isAccepted: true, code: null, seq: null, outcomes: [{ taskId: 'a' }] };
  expect(await markDecided(files, paths, commandId, decision)).toEqual(decision);
  expect(await readDecision(files, paths, commandId)).toEqual(decision);
});

it('the first decision stands', async () => {
  const files = filesOver(new MemoryFs());
  const id = await leaveCommand(files, paths, clock, { ...body, command: 'cancel' });
  const refused = { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: 3 };
  expect(await markDecided(files, paths, id, refused)).toEqual(refused);
  expect(await markDecided(files, paths, id, { isAccepted: true, code: null, seq: 4 })).toEqual(refused);
  expect(await readDecision(files, paths, id)).toEqual(refused);
});

it.each([
  '',
  'null',
  '{"v":1}',
  '{"v":1,"commandId":"cmd_x","command":"launch","runId":"r","reason":"","by":"","atMs":1}',
  '{"v":1,"commandId":"cmd_x","command":"resolve","decision":"maybe","runId":"r","reason":"","by":"","atMs":1}',
  '{"v":1,"commandId":"cmd_x","command":"intake","packets":{},"again":false,"isAllOrNothing":false,"by":"","atMs":1}',
  '{"v":1,"commandId":"cmd_x","command":"intake","packets":[],"again":"no","isAllOrNothing":false,"by":"","atMs":1}',
  '{"v":1,"commandId":"cmd_y","command":"cancel","runId":"r","reason":"","by":"","atMs":1}',
])('a command that cannot be read is reported, and can be decided: %j', async (content) => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.inbox]);
  await linkRegister(files, paths.command('cmd_x'), bytesOf(content));
  expect(await readCommands(files, paths)).toEqual({ commands: [], unreadable: ['cmd_x'] });
  await markDecided(files, paths, 'cmd_x', { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: null });
  expect(await readCommands(files, paths)).toEqual({ commands: [], unreadable: [] });
});

it('an empty or absent inbox holds nothing', async () => {
  expect(await readCommands(filesOver(new MemoryFs()), paths)).toEqual({ commands: [], unreadable: [] });
});

/** What is read where the inbox holds that under the name of a command. */
async function readOf(value: object): ReturnType<typeof readCommands> {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.inbox]);
  const whole = { v: 1, commandId: 'cmd_1', atMs: 5, by: 'ada', ...value };
  await linkRegister(files, paths.command('cmd_1'), bytesOf(JSON.stringify(whole)));
  return readCommands(files, paths);
}

it.each([
  [{ command: 'cancel', runId: 'run_a', reason: 'r' }],
  [{ command: 'resolve', runId: 'run_a', reason: 'r', decision: 'abandon' }],
  [{ command: 'replace', packet: { a: 1 }, reason: 'r' }],
  [{ command: 'replace', packet: null, reason: '' }],
  [{ command: 'intake', packets: [], again: false, isAllOrNothing: true }],
  [{ command: 'intake', packets: [], again: false, isAllOrNothing: true, agentOverride: 'claude' }],
  [{ command: 'replace', packet: {}, reason: 'r', agentOverride: 'claude' }],
])('%j is a command', async (value) => {
  expect(await readOf(value)).toEqual({
    commands: [{ ...value, by: 'ada', commandId: 'cmd_1', atMs: 5 }],
    unreadable: [],
  });
});

it.each([
  [{ command: 'cancel', runId: 'run_a', reason: 'r', v: 2 }],
  [{ command: 'cancel', runId: 'run_a', reason: 'r', commandId: 'cmd_2' }],
  [{ command: 'cancel', runId: 'run_a', reason: 'r', by: 7 }],
  [{ command: 'cancel', runId: 'run_a', reason: 'r', atMs: -1 }],
  [{ command: 'cancel', runId: 7, reason: 'r' }],
  [{ command: 'cancel', runId: 'run_a' }],
  [{ command: 'cancelled', runId: 'run_a', reason: 'r', decision: 'retry' }],
  [{ command: 'resolve', runId: 'run_a', reason: 'r', decision: 'forget' }],
  [{ command: 'replace', reason: 'r' }],
  [{ command: 'replace', packet: {}, reason: 7 }],
  [{ command: 'intake', packets: {}, again: false, isAllOrNothing: true }],
  [{ command: 'intake', packets: [], again: 1, isAllOrNothing: true }],
  [{ command: 'intake', packets: [], again: false }],
  [{ command: 'intake', packets: [], again: false, isAllOrNothing: true, agentOverride: '' }],
  [{ command: 'replace', packet: {}, reason: 'r', agentOverride: '--x' }],
])('%j is none, and is named', async (value) => {
  expect(await readOf(value)).toEqual({ commands: [], unreadable: ['cmd_1'] });
});

it('what is not a command is passed over, and commands come in the order of their time', async () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  const at = (nowMs: number) => ({ ...clock, nowMs: () => nowMs });
  const late = await leaveCommand(files, paths, at(20_000_000_000_000), { ...body, command: 'cancel' });
  const early = await leaveCommand(files, paths, at(9_999), { ...body, command: 'cancel' });
  const before = await leaveCommand(files, paths, at(-5), { ...body, command: 'cancel' });
  await files.writeDurable(`${paths.inbox}/notes.txt`, bytesOf('x'));
  expect((await readCommands(files, paths)).commands.map(({ commandId }) => commandId)).toEqual([early, late]);
  // Before 1970 there is no valid time: it is told, and not taken for another.
  expect((await readCommands(files, paths)).unreadable).toEqual([before]);
  expect(before).toMatch(/^cmd_000000000000000_/);
  expect(early).toMatch(/^cmd_000000000009999_/);
});

it.each([
  ['{', { isAccepted: false, code: null, seq: null }],
  ['{"isAccepted":"yes","code":5,"seq":-1,"outcomes":{}}', { isAccepted: false, code: null, seq: null }],
  ['{"isAccepted":true,"code":"C","seq":0,"outcomes":[1]}', { isAccepted: true, code: 'C', seq: 0, outcomes: [1] }],
])('a decision that reads %s is %j', async (text, decision) => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.inbox]);
  await linkRegister(files, paths.decision('cmd_1'), bytesOf(text));
  expect(await readDecision(files, paths, 'cmd_1')).toEqual(decision);
});

async function settledOf(left: KeyedCommand): Promise<void> {
  if (left.kind !== 'other') await left.settled;
}

it('a key names one command for ever: sent again it is known, and something else under it is refused', async () => {
  const fs = new MemoryFs();
  const inbox = fileInbox(filesOver(fs), paths);
  const cancel = { ...body, command: 'cancel' } as const;
  const key = { key: 'night 7', bodyHash: 'a'.repeat(64) };
  const first = await inbox.leaveKeyed(cancel, key);
  expect(first).toMatchObject({ kind: 'left', command: { ...cancel, commandId: keyedCommandId('night 7') } });
  await settledOf(first);
  const files = filesOver(fs.crash('nothing'));
  const after = fileInbox(files, paths);
  const again = await after.leaveKeyed(cancel, key);
  expect({ ...again, settled: null }).toEqual({ ...first, kind: 'known', settled: null });
  expect(await after.leaveKeyed(cancel, { ...key, bodyHash: 'b'.repeat(64) })).toMatchObject({ kind: 'other' });
  expect((await after.undecided()).commands).toHaveLength(1);
  expect(await readKeyed(files, paths, keyedCommandId('night 7'))).toMatchObject({ bodyHash: key.bodyHash });
  expect(await readKeyed(files, paths, keyedCommandId('another'))).toBeNull();
});

it('commands are taken in the order in which they were left, whatever they are called', async () => {
  const files = filesOver(new MemoryFs());
  const later = { ...files.clock, nowMs: () => clock.nowMs() + 5 };
  const keyed = await fileInbox(files, paths).leaveKeyed({ ...body, command: 'cancel' }, { key: 'k', bodyHash: 'h' });
  const plain = await leaveCommand(files, paths, later, { ...body, command: 'cancel' });
  const { commands } = await readCommands(files, paths);
  expect(keyed.kind).toBe('left');
  expect(commands.map(({ commandId }) => commandId)).toEqual([keyedCommandId('k'), plain]);
});

it('a version that does not know conditions refuses a command that has one', async () => {
  const files = filesOver(new MemoryFs());
  const id = await leaveCommand(files, paths, clock, { ...body, command: 'cancel', ifSeq: 4 });
  expect((await readCommands(files, paths)).commands).toMatchObject([{ commandId: id, ifSeq: 4 }]);
  expect(JSON.parse(new TextDecoder().decode(files.readBytes(paths.command(id), 4_000) ?? bytesOf('')))).toMatchObject({
    v: 2,
  });
});
