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
