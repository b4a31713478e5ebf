import { expect, it } from 'vitest';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { quarantineRun, readQuarantine, readSettledQuarantine, resolveQuarantine } from '../../src/store/quarantine.ts';
import { linkRegister } from '../../src/store/register.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { bytesOf, codeOf, filesOver, systemError } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const why = {
  code: 'PAWL_JOURNAL_DAMAGED',
  detail: 'line 3: its sum is wrong',
  findings: [{ class: 'brokenChain', detail: 'line 3', action: 'quarantined' }],
  surfaces: ['branch:a#b'],
  atMs: 5,
};
const decision = { decision: 'abandon', reason: 'done by hand', by: 'ada', atMs: 6 } as const;

it('a run is set aside once, durably, until an operator resolves it', async () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  expect(readQuarantine(files, paths, 'run_a')).toBeNull();
  const record = { ...why, v: 1 };
  expect(await quarantineRun(files, paths, 'run_a', why)).toEqual(record);
  expect(await quarantineRun(files, paths, 'run_a', { ...why, detail: 'another' })).toEqual(record);
  expect(readQuarantine(filesOver(fs.crash('nothing')), paths, 'run_a')).toEqual({ record, resolved: null });
  const resolved = { ...decision, v: 1 };
  expect(await resolveQuarantine(files, paths, 'run_a', decision)).toEqual(resolved);
  expect(await resolveQuarantine(files, paths, 'run_a', { ...decision, by: 'bob' })).toEqual(resolved);
  expect(readQuarantine(filesOver(fs.crash('nothing')), paths, 'run_a')).toEqual({ record, resolved });
});

it('an unreadable reason still quarantines, an unreadable resolution resolves nothing', async () => {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.run('run_a')]);
  await linkRegister(files, paths.quarantined('run_a'), bytesOf('garbage'));
  await linkRegister(files, paths.quarantineResolved('run_a'), bytesOf('{"v":1,"decision":"retry"}'));
  expect(readQuarantine(files, paths, 'run_a')).toMatchObject({
    record: { code: 'PAWL_REGISTER_CONTRADICTION', surfaces: [] },
    resolved: null,
  });
});

/** What is read where the reason, or the decision on it, holds that. */
async function readOf(
  name: 'quarantined' | 'quarantineResolved',
  value: object,
): Promise<ReturnType<typeof readQuarantine>> {
  const files = filesOver(new MemoryFs());
  await files.ensureFolders([paths.run('run_a')]);
  if (name === 'quarantineResolved') await quarantineRun(files, paths, 'run_a', why);
  await linkRegister(files, paths[name]('run_a'), bytesOf(JSON.stringify(value)));
  return readQuarantine(files, paths, 'run_a');
}

it.each([
  [{ v: 2 }],
  [{ code: 7 }],
  [{ detail: null }],
  [{ findings: {} }],
  [{ findings: [{ class: 'c', detail: 'd', action: 'a' }, null] }],
  [{ findings: [{ detail: 'd', action: 'a' }] }],
  [{ findings: [{ class: 'c', action: 'a' }] }],
  [{ findings: [{ class: 'c', detail: 'd' }] }],
  [{ surfaces: ['a', 7] }],
  [{ surfaces: 'a' }],
  [{ atMs: -1 }],
])('a reason with %j in it is one that cannot be read', async (wrong) => {
  expect(await readOf('quarantined', { ...why, v: 1, ...wrong })).toEqual({
    record: {
      v: 1,
      code: 'PAWL_REGISTER_CONTRADICTION',
      detail: 'the file that says why this run is quarantined cannot be read',
      findings: [],
      surfaces: [],
      atMs: 0,
    },
    resolved: null,
  });
});

it.each([[{ v: 2 }], [{ decision: 'accept' }], [{ reason: 1 }], [{ by: null }], [{ atMs: 'now' }]])(
  'a decision with %j in it resolves nothing',
  async (wrong) => {
    expect((await readOf('quarantineResolved', { ...decision, v: 1, ...wrong }))?.resolved).toBeNull();
  },
);

it('a decision has the id of its command, where it came by one', async () => {
  const whole = { ...decision, v: 1 };
  expect((await readOf('quarantineResolved', { ...whole, commandId: 'c', more: 1 }))?.resolved).toEqual({
    ...whole,
    commandId: 'c',
  });
  expect((await readOf('quarantineResolved', { ...whole, commandId: 5 }))?.resolved).toEqual(whole);
});

it('a quarantine that is acted upon is durable, even where its writer was killed before it was', async () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  await files.ensureFolders([paths.run('run_a')]);
  expect(await readSettledQuarantine(files, paths, 'run_a')).toBeNull();
  fs.onCall = (op, path) => {
    if (op === 'open' && path === paths.run('run_a')) throw systemError('EIO');
  };
  expect(await codeOf(() => quarantineRun(files, paths, 'run_a', why))).toBe('PAWL_STORE_FAILED');
  fs.onCall = null;
  const quarantine = { record: { ...why, v: 1 }, resolved: null };
  expect(readQuarantine(files, paths, 'run_a')).toEqual(quarantine);
  expect(readQuarantine(filesOver(fs.crash('nothing')), paths, 'run_a')).toBeNull();
  expect(await readSettledQuarantine(files, paths, 'run_a')).toEqual(quarantine);
  expect(readQuarantine(filesOver(fs.crash('nothing')), paths, 'run_a')).toEqual(quarantine);
});
