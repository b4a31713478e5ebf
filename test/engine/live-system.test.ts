/** Events that are committed while others are being synced: decided in order, durable together, and nothing is told or begun before its time. */
import { beforeEach, describe, expect, it } from 'vitest';
import { orderSystem } from '../../docs/examples/order.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { LiveSystem } from '../../src/engine/live-system.ts';
import { openJournal } from '../../src/engine/system-place.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { systemFiles } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { HeldSyncs, noting, turn } from '../store/journal-kit.ts';

const LIES = { journal: '/orders/events.jsonl', snapshot: '/orders/snapshot.json' };
const PLACED = { type: 'orderPlaced', cents: 5 } as const;

let fs: MemoryFs;
let live: LiveSystem<typeof orderSystem>;
let begun: string[];
let failures: unknown[];

beforeEach(async () => {
  fs = new MemoryFs();
  const files = new Files(fs, systemClock);
  await files.ensureFolders(['/orders']);
  begun = [];
  failures = [];
  const store = systemFiles(files, LIES, () => undefined);
  const place = { store, clock: systemClock, generation: 1, definitionHash: 'd' };
  const start = { systemId: 'o', state: null, sum: '', journalEnd: 0, snapshotSeq: 0 };
  live = new LiveSystem(orderSystem, place, start, await openJournal(place, start), {
    onCommit: () => undefined,
    onFailure: (error) => void failures.push(error),
    onRest: () => undefined,
  });
  live.start(async (effect) => void begun.push(effect.kind));
});

const charged = () => ({ type: 'cardCharged', key: 'o/1.0:chargeCard', receipt: 'r' }) as const;
const linesOnDisk = (): number =>
  new TextDecoder().decode(new Files(fs, systemClock).readBytes(LIES.journal, 1e6) ?? new Uint8Array()).split('\n')
    .length - 1;

describe('while a record is being synced', () => {
  it('nothing of it shows, and no effect of it is begun (L1)', async () => {
    const syncs = new HeldSyncs(fs);
    const committed = live.commit('order', PLACED);
    await turn();
    expect([syncs.count, linesOnDisk(), begun]).toEqual([1, 1, []]);
    expect(() => live.state).toThrow('has no record yet');
    expect(live.isAtWork()).toBe(true);
    await syncs.end();
    expect(await committed).toBeNull();
    expect([live.state.seq, begun]).toEqual([1, ['chargeCard']]);
  });

  it('the next event is decided on the state that it leads to, and shares one sync with those beside it', async () => {
    const syncs = new HeldSyncs(fs);
    const ends = noting([
      live.commit('order', PLACED),
      live.commit('order', charged()),
      live.commit('order', { type: 'parcelShipped', key: 'o/2.0:shipParcel', tracking: 't' }),
    ]);
    await turn();
    expect([syncs.count, linesOnDisk()]).toEqual([1, 1]);
    await syncs.end();
    // What was settled meanwhile is not begun any more.
    expect([ends, begun, syncs.count, linesOnDisk()]).toEqual([['0'], [], 1, 3]);
    await syncs.end();
    expect(ends.slice(0, 2)).toEqual(['0', '1']);
    expect([live.state.seq, live.state.root.value, begun]).toEqual([3, 'shipped', []]);
  });

  it('a refusal that depends on it is reported when it is durable, and not at all if it never is', async () => {
    const syncs = new HeldSyncs(fs);
    const answers: unknown[] = [];
    const placed = live.commit('order', PLACED);
    const late = live
      .commit('order', { type: 'parcelShipped', key: 'k', tracking: 't' })
      .then((refusal) => void answers.push(refusal));
    await turn();
    expect(answers).toEqual([]);
    await syncs.end();
    await Promise.all([placed, late]);
    expect(answers).toMatchObject([{ code: 'PAWL_EVENT_STALE' }]);
  });

  it('and the sync fails, nothing that was committed is reported as recorded, and nothing is begun', async () => {
    const syncs = new HeldSyncs(fs);
    const ends = noting([
      live.commit('order', PLACED),
      live.commit('order', charged()),
      live.commit('order', { type: 'parcelShipped', key: 'k', tracking: 't' }),
    ]);
    await turn();
    await syncs.end(Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'fdatasync' }));
    await turn();
    expect(ends.toSorted()).toEqual([
      '0 PAWL_STORE_SYNC_FAILED',
      '1 PAWL_STORE_SYNC_FAILED',
      '2 PAWL_STORE_SYNC_FAILED',
    ]);
    expect([failures.length, begun]).toEqual([1, []]);
    await expect(live.commit('order', PLACED)).rejects.toMatchObject({ code: 'PAWL_STORE_SYNC_FAILED' });
  });

  it('stopping waits for it', async () => {
    const syncs = new HeldSyncs(fs);
    void live.commit('order', PLACED);
    let hasStopped = false;
    const stopped = live.stop().then(() => {
      hasStopped = true;
    });
    await turn();
    await turn();
    expect(hasStopped).toBe(false);
    fs.onSync = null;
    while (syncs.count > 0) await syncs.end();
    await stopped;
    expect(linesOnDisk()).toBe(1);
  });
});

it('an event behind a failed write is refused with it, though it was decided', async () => {
  let writes = 0;
  fs.onCall = (op, path) => {
    if (op !== 'write' || path !== LIES.journal) return;
    writes += 1;
    if (writes === 2) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
  };
  expect(await live.commit('order', PLACED)).toBeNull();
  const ends = noting([live.commit('order', charged()), live.commit('order', PLACED)]);
  await turn();
  expect(ends.toSorted()).toEqual(['0 PAWL_STORE_FULL', '1 PAWL_STORE_FULL']);
  expect([linesOnDisk(), live.state.seq]).toEqual([1, 1]);
});
