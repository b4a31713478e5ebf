/** Which keys are in use is known without a look at the disk, and never denied of what is there. */
import { expect, it } from 'vitest';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { fileStore } from '../../src/store/file-store.ts';
import { fileInbox, keyedCommandId } from '../../src/store/inbox.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { filesOver } from './store-kit.ts';

const PATHS = new RegistryPaths('/registry');
const CANCEL = { runId: 'r', reason: '', by: 'ada', command: 'cancel' } as const;
const key = (name: string) => ({ key: name, bodyHash: 'h' });

it('of what lay there at the start, and of what this process leaves, remembers and forgets', async () => {
  const files = filesOver(new MemoryFs());
  const before = keyedCommandId('before');
  await fileInbox(files, PATHS).leaveKeyed(CANCEL, key('before'));
  const { inbox } = fileStore(files, PATHS, () => undefined);
  const has = (...names: readonly string[]) => names.map((name) => inbox.mayHave(keyedCommandId(name)));
  expect(has('before', 'left', 'recorded')).toEqual([true, false, false]);
  await inbox.leaveKeyed(CANCEL, key('left'));
  const commandId = keyedCommandId('recorded');
  const decision = { isAccepted: true, code: null, seq: 1 };
  inbox.remember({ command: { ...CANCEL, commandId, atMs: 1 }, key: key('recorded'), decision });
  expect(has('before', 'left', 'recorded')).toEqual([true, true, true]);
  await inbox.file();
  await inbox.decide(before, decision);
  expect(await inbox.forget(1, { ageMs: 0, count: 0, mayGoOn: () => true })).toBe(2);
  expect(has('before', 'left', 'recorded')).toEqual([false, true, false]);
});
