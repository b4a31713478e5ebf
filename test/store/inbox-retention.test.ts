/** What was decided long ago is forgotten, whole and durably; what is undecided, young, or not known to be carried out never is. */
import { expect, it } from 'vitest';
import { PawlError } from '../../src/model/error.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { markBatchDone, readBatchOf, writeBatch } from '../../src/store/batches.ts';
import type { Files } from '../../src/store/files.ts';
import { fileInbox, keyedCommandId, readCommands, readDecision, readKeyed } from '../../src/store/inbox.ts';
import { forgetDecided, INBOX_KEPT } from '../../src/store/inbox-retention.ts';
import { RegistryPaths } from '../../src/store/registry-paths.ts';
import { clock, codeOf, filesOver, forEachCrash, forEachFault, haltBefore, isHalting } from './store-kit.ts';

const paths = new RegistryPaths('/r');
const YES = { isAccepted: true, code: null, seq: 7 };
const CANCEL = { command: 'cancel', runId: 'run_a', reason: 'enough', by: 'ada' } as const;
/** By its clock everything on a disk in memory is old. */
const ALL = { ageMs: INBOX_KEPT.ageMs, count: 0, mayGoOn: () => true };
const unfenced = () => undefined;

async function leave(files: Files, key: string, isDecided = true): Promise<string> {
  await fileInbox(files, paths).leaveKeyed(CANCEL, { key, bodyHash: 'h' });
  await files.syncFolder(paths.inbox);
  if (isDecided) await fileInbox(files, paths).decide(keyedCommandId(key), YES);
  return keyedCommandId(key);
}

/** Of these keys, those under which a command is known, each with whether it is decided. */
async function known(files: Files, ...keys: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    keys.map(async (key) => {
      const decision = await readDecision(files, paths, keyedCommandId(key));
      return (await readKeyed(files, paths, keyedCommandId(key))) === null
        ? []
        : [`${key}${decision === null ? '' : ' decided'}`];
    }),
  );
  return found.flat();
}

it('the newest stay whatever their age, the younger ones whatever their number, the undecided always', async () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  for (const key of ['a', 'b', 'c', 'd']) await leave(files, key);
  await leave(files, 'open', false);
  const every = () => known(files, 'a', 'b', 'c', 'd', 'open');
  expect(await forgetDecided(files, paths, unfenced, { ...ALL, count: 4 })).toBe(0);
  const decidedAtMs = fs.stat(paths.decision(keyedCommandId('a')))?.mtimeMs ?? 0;
  const ageMs = clock.nowMs() - decidedAtMs;
  expect(await forgetDecided(files, paths, unfenced, { ...ALL, ageMs: ageMs + 1 })).toBe(0);
  expect(await forgetDecided(files, paths, unfenced, { ...ALL, ageMs })).toBe(1);
  expect(await every()).toEqual(['b decided', 'c decided', 'd decided', 'open']);
  expect(await forgetDecided(files, paths, unfenced, { ...ALL, count: 2 })).toBe(1);
  expect(await every()).toEqual(['c decided', 'd decided', 'open']);
  expect(await forgetDecided(files, paths, unfenced, { ...ALL, mayGoOn: () => false })).toBe(0);
  expect(await forgetDecided(files, paths, unfenced, ALL)).toBe(2);
  expect(await every()).toEqual(['open']);
  expect(files.listNames(paths.inbox)).toHaveLength(1);
});

it('the lifetime of a key is what the docs say, and more is kept than a desk remembers', () => {
  expect(INBOX_KEPT).toEqual({ ageMs: 30 * 24 * 60 * 60 * 1_000, count: 10_000 });
});

it('packets go with their command, unless they are not known to be recorded', async () => {
  const files = filesOver(new MemoryFs());
  const [done, open] = [await leave(files, 'done'), await leave(files, 'open')];
  for (const commandId of [done, open]) await writeBatch(files, paths, [{}], { commandId, outcomes: [] });
  const batch = await readBatchOf(files, paths, done);
  markBatchDone(files, paths, batch?.batchId ?? '');
  expect(await forgetDecided(files, paths, unfenced, ALL)).toBe(1);
  expect(await known(files, 'done', 'open')).toEqual(['open decided']);
  expect(files.listNames(paths.batches)).toHaveLength(1);
  expect(await readBatchOf(files, paths, open)).not.toBeNull();
});

it('after a crash at any step nothing that was decided is undecided, and whoever continues comes to the same end', async () => {
  const keys = ['a', 'b', 'c'];
  const points = await forEachCrash(
    async (fs) => {
      const files = filesOver(fs);
      for (const key of keys) await leave(files, key);
      const [commandId = ''] = keys.map(keyedCommandId);
      await writeBatch(files, paths, [{}], { commandId, outcomes: [] });
      markBatchDone(files, paths, (await readBatchOf(files, paths, commandId))?.batchId ?? '');
      await files.syncFolder(paths.batches);
      await leave(files, 'open', false);
    },
    (fs) => forgetDecided(filesOver(fs), paths, unfenced, { ...ALL, count: 1 }),
    async (survivor, _acknowledged, _choice, hasEnded) => {
      const files = filesOver(survivor);
      const { commands, unreadable } = await readCommands(files, paths);
      expect([commands.map(({ commandId }) => commandId), unreadable]).toEqual([[keyedCommandId('open')], []]);
      const left = await known(files, ...keys, 'open');
      expect(left.slice(-2)).toEqual(['c decided', 'open']);
      if (hasEnded) expect(left).toEqual(['c decided', 'open']);
      await forgetDecided(files, paths, unfenced, { ...ALL, count: 1 });
      expect(await known(files, ...keys, 'open')).toEqual(['c decided', 'open']);
      expect(files.listNames(paths.inbox)).toHaveLength(3);
    },
  );
  expect(points).toBeGreaterThan(10);
});

it('after a kill at any step, and a power cut at any step of whoever continues, nothing that was decided is undecided', async () => {
  let ends = 0;
  for (let first = 1; ends === 0; first += 1) {
    const fs = new MemoryFs();
    await leave(filesOver(fs), 'a');
    haltBefore(fs, first);
    if (!(await isHalting(() => forgetDecided(filesOver(fs), paths, unfenced, ALL)))) ends += 1;
    for (let second = 1; ; second += 1) {
      const next = fs.fork();
      haltBefore(next, second);
      const hasEnded = !(await isHalting(() => forgetDecided(filesOver(next), paths, unfenced, ALL)));
      for (const choice of ['nothing', { seed: first * 100 + second }, { seed: 7_000 + second }] as const) {
        const { commands } = await readCommands(filesOver(next.crash(choice)), paths);
        expect([first, second, commands]).toEqual([first, second, []]);
      }
      if (hasEnded) break;
    }
  }
});

it('after a crash at any step a key that is free again names a new command, which nobody has decided', async () => {
  await forEachCrash(
    (fs) => leave(filesOver(fs), 'a'),
    (fs) => forgetDecided(filesOver(fs), paths, unfenced, ALL),
    async (survivor) => {
      const files = filesOver(survivor);
      const left = await fileInbox(files, paths).leaveKeyed(CANCEL, { key: 'a', bodyHash: 'h' });
      const decision = await fileInbox(files, paths).decision(keyedCommandId('a'));
      expect([left.kind, decision]).toEqual(left.kind === 'left' ? ['left', null] : ['known', YES]);
    },
  );
});

it('a key that is taken while its command is being forgotten keeps its new command, and what is decided on that', async () => {
  const fs = new MemoryFs();
  await leave(filesOver(fs), 'a');
  const files = filesOver(fs);
  const NO = { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: 9 };
  let isTaken = false;
  fs.onSync = async () => {
    // The command has gone, and its decision waits for that to be durable.
    if (isTaken || fs.stat(paths.command(keyedCommandId('a'))) !== null) return;
    isTaken = true;
    const inbox = fileInbox(files, paths);
    await inbox.leaveKeyed(CANCEL, { key: 'a', bodyHash: 'another' });
    await inbox.decide(keyedCommandId('a'), NO);
  };
  await forgetDecided(files, paths, unfenced, ALL);
  expect((await readKeyed(files, paths, keyedCommandId('a')))?.bodyHash).toBe('another');
  expect(await readDecision(files, paths, keyedCommandId('a'))).toEqual(NO);
});

it('whatever call fails, it is told, and no command is without its decision', async () => {
  const faults = await forEachFault(
    { ops: ['unlink', 'sync', 'open', 'stat', 'list'], fault: { code: 'EIO' } },
    (fs) => leave(filesOver(fs), 'a'),
    async (fs, memory) => {
      const code = await codeOf(() => forgetDecided(filesOver(fs), paths, unfenced, ALL));
      if (fs.hasFired) expect(code).not.toBeNull();
      expect((await readCommands(filesOver(memory), paths)).commands).toEqual([]);
    },
  );
  expect(faults).toBeGreaterThan(3);
});

it('who does not own the registry any more forgets nothing', async () => {
  const files = filesOver(new MemoryFs());
  await leave(files, 'a');
  const lost = new PawlError({ code: 'PAWL_REGISTRY_LOCKED', message: 'lost', subject: '/r', hint: '' });
  const fence = (): never => {
    throw lost;
  };
  expect(await codeOf(() => forgetDecided(files, paths, fence, ALL))).toBe('PAWL_REGISTRY_LOCKED');
  expect(await known(files, 'a')).toEqual(['a decided']);
});
