/** A folder of durable systems in the hands of a program: what it refuses, whom it keeps waiting, how it ends. */
import { describe, expect, it } from 'vitest';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Performers } from '../../src/engine/durable-system.ts';
import { SystemRegistry } from '../../src/engine/system-registry.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { parcelTwo } from './parcel.ts';
import { BEGIN, hasEnded, performersOfTwo as TWO } from './parcel-world.ts';

describe('a registry', () => {
  it('opens a system again whose opening was refused once, and one at a time', async () => {
    const fs = new MemoryFs();
    const files = new Files(fs, systemClock);
    const registry = await SystemRegistry.open({ files, clock: systemClock, processes: systemProcesses() }, '/shop');
    const performed: string[] = [];
    const perform = TWO(performed);
    await expect(registry.open(parcelTwo, 'p-1', { perform })).rejects.toMatchObject({ code: 'PAWL_SYSTEM_UNKNOWN' });
    const broken = { ...BEGIN, byMs: Number.NaN };
    await expect(registry.open(parcelTwo, 'p-1', { perform, begin: broken })).rejects.toThrow();
    const parcel = await registry.open(parcelTwo, 'p-1', { perform, begin: BEGIN });
    await expect(registry.open(parcelTwo, 'p-1', { perform })).rejects.toThrow('is open already');
    await parcel.until(hasEnded, 5_000);
    expect(registry.ids(parcelTwo)).toEqual(['p-1']);
    await registry.close();
    await expect(parcel.send(BEGIN)).rejects.toMatchObject({ code: 'PAWL_SYSTEM_CLOSED' });
  });

  it('refuses an event that its schema does not take, with the words of the schema, and nothing has changed', async () => {
    const files = new Files(new MemoryFs(), systemClock);
    const registry = await SystemRegistry.open({ files, clock: systemClock, processes: systemProcesses() }, '/shop');
    const perform: Performers<typeof parcelTwo> = { ...TWO([]), packBox: async () => null };
    const parcel = await registry.open(parcelTwo, 'p-1', { perform, begin: BEGIN });
    const before = parcel.state;
    const malformed = { type: 'boxPacked', key: 'k', items: 'three' } as never;
    const unknown = { type: 'boxLost', key: 'k' } as never;
    for (const event of [malformed, unknown])
      expect(await parcel.send(event)).toMatchObject({
        code: 'PAWL_EVENT_REFUSED',
        reason: expect.stringMatching(/^box\w+ is no event of parcel: /),
      });
    expect([parcel.state === before, parcel.fault]).toEqual([true, null]);
    await registry.close();
  });

  it('keeps the error of a condition for whoever waits by it, and the system goes on', async () => {
    const files = new Files(new MemoryFs(), systemClock);
    const registry = await SystemRegistry.open({ files, clock: systemClock, processes: systemProcesses() }, '/shop');
    let answer: (items: number) => void = () => undefined;
    const packBox = () =>
      new Promise<{ type: 'boxPacked'; items: number }>((done) => {
        answer = (items) => done({ type: 'boxPacked', items });
      });
    const parcel = await registry.open(parcelTwo, 'p-1', { perform: { ...TWO([]), packBox }, begin: BEGIN });
    let looks = 0;
    const wait = parcel.until(() => {
      looks += 1;
      if (looks > 1) throw new Error('a look that fails');
      return false;
    }, 5_000);
    const told = expect(wait).rejects.toThrow('a look that fails');
    answer(1);
    await told;
    expect((await parcel.until(hasEnded, 5_000)).root.value).toBe('delivered');
    await registry.close();
  });

  it('that cannot store what it should at its end says why, and is closed and released by the next try', async () => {
    // Every call that the end makes fails in turn: a snapshot of the system, or the mark that the lock is free.
    let failures = 0;
    for (let at = 1; ; at += 1) {
      const fs = new FaultFs(new MemoryFs());
      const ports = { files: new Files(fs, systemClock), clock: systemClock, processes: systemProcesses() };
      const registry = await SystemRegistry.open(ports, '/shop');
      const perform: Performers<typeof parcelTwo> = { ...TWO([]), packBox: async () => null };
      await registry.open(parcelTwo, 'p-1', { perform, begin: BEGIN });
      fs.plan = { ops: ['open', 'write', 'link', 'rename'], at, fault: { code: 'ENOSPC' } };
      const end = await registry.close().then(
        () => null,
        (error: unknown) => error,
      );
      if (!fs.hasFired) break;
      failures += Number(end !== null);
      fs.plan = null;
      await registry.close();
      const next = await SystemRegistry.open(ports, '/shop');
      expect((await next.open(parcelTwo, 'p-1', { perform })).state.seq, `call ${at}`).toBe(1);
      await next.close();
    }
    expect(failures).toBeGreaterThan(4);
  });

  it('rejects a wait whose condition is not met in time, and any number may wait', async () => {
    const files = new Files(new MemoryFs(), systemClock);
    const registry = await SystemRegistry.open({ files, clock: systemClock, processes: systemProcesses() }, '/shop');
    const perform: Performers<typeof parcelTwo> = { ...TWO([]), packBox: async () => null };
    const parcel = await registry.open(parcelTwo, 'p-1', { perform, begin: BEGIN });
    const waits = [parcel.until(hasEnded, 20), parcel.until(hasEnded, 30)];
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'PAWL_WAIT_TIMED_OUT' });
    const closed = parcel.until(hasEnded, 5_000);
    const told = expect(closed).rejects.toMatchObject({ code: 'PAWL_SYSTEM_CLOSED' });
    await registry.close();
    await told;
  });
});
