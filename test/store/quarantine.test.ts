import { expect, it } from 'vitest';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { quarantineRun, readQuarantine, resolveQuarantine } from '../../src/store/quarantine.ts';
import { linkRegister } from '../../src/store/register.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { bytesOf, filesOver } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const why = {
  code: 'PAWL_JOURNAL_DAMAGED',
  detail: 'line 3: its sum is wrong',
  findings: [{ class: 'brokenChain', detail: 'line 3', action: 'quarantined' }],
  surfaces: ['branch:a#b'],
  atMs: 5,
};
const decision = { decision: 'abandon', reason: 'done by hand', by: 'ada', atMs: 6 } as const;

it('a run is set aside once, durably, until an operator resolves it', () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  expect(readQuarantine(files, paths, 'run_a')).toBeNull();
  const record = { ...why, v: 1 };
  expect(quarantineRun(files, paths, 'run_a', why)).toEqual(record);
  expect(quarantineRun(files, paths, 'run_a', { ...why, detail: 'another' })).toEqual(record);
  expect(readQuarantine(filesOver(fs.crash('nothing')), paths, 'run_a')).toEqual({ record, resolved: null });
  const resolved = { ...decision, v: 1 };
  expect(resolveQuarantine(files, paths, 'run_a', decision)).toEqual(resolved);
  expect(resolveQuarantine(files, paths, 'run_a', { ...decision, by: 'bob' })).toEqual(resolved);
  expect(readQuarantine(filesOver(fs.crash('nothing')), paths, 'run_a')).toEqual({ record, resolved });
});

it('an unreadable reason quarantines all the same, an unreadable resolution resolves nothing', () => {
  const files = filesOver(new MemoryFs());
  files.ensureFolders([paths.run('run_a')]);
  linkRegister(files, paths.quarantined('run_a'), bytesOf('garbage'));
  linkRegister(files, paths.quarantineResolved('run_a'), bytesOf('{"v":1,"decision":"retry"}'));
  expect(readQuarantine(files, paths, 'run_a')).toMatchObject({
    record: { code: 'PAWL_REGISTER_CONTRADICTION', surfaces: [] },
    resolved: null,
  });
});

/** What is read where the reason, or the decision on it, holds that. */
function readOf(name: 'quarantined' | 'quarantineResolved', value: object): ReturnType<typeof readQuarantine> {
  const files = filesOver(new MemoryFs());
  files.ensureFolders([paths.run('run_a')]);
  if (name === 'quarantineResolved') quarantineRun(files, paths, 'run_a', why);
  linkRegister(files, paths[name]('run_a'), bytesOf(JSON.stringify(value)));
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
])('a reason with %j in it is one that cannot be read', (wrong) => {
  expect(readOf('quarantined', { ...why, v: 1, ...wrong })).toEqual({
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
  (wrong) => {
    expect(readOf('quarantineResolved', { ...decision, v: 1, ...wrong })?.resolved).toBeNull();
  },
);

it('a decision has the id of its command, where it came by one', () => {
  const whole = { ...decision, v: 1 };
  expect(readOf('quarantineResolved', { ...whole, commandId: 'c', more: 1 })?.resolved).toEqual({
    ...whole,
    commandId: 'c',
  });
  expect(readOf('quarantineResolved', { ...whole, commandId: 5 })?.resolved).toEqual(whole);
});
