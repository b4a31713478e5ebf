/** A folder of durable systems in the hands of a program: what it refuses, whom it keeps waiting, how it ends. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createMachine, setup } from 'xstate';
import { z } from 'zod';
import { systemProcesses } from '../../src/adapters/processes/system.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import type { Performers } from '../../src/engine/durable-system.ts';
import { SystemRegistry } from '../../src/engine/system-registry.ts';
import { effect } from '../../src/kernel/actions.ts';
import { defineSystem, type System } from '../../src/kernel/system.ts';
import type { FsPort } from '../../src/ports/fs.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { Files } from '../../src/store/files.ts';
import { PARTS_TWO, parcelTwo } from './parcel.ts';
import { BEGIN, hasEnded, performersOfTwo as TWO } from './parcel-world.ts';

/** A parent that ends as soon as it has a child, which goes on; under rules 2 as under rules 1. */
function survivedBy(rules: 1 | 2): System {
  const events = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('begun') })]);
  const words = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('spoken') })]);
  const parent = setup({ actions: { openChild: effect<object>() } }).createMachine({
    id: 'parent',
    initial: 'alive',
    states: {
      alive: {
        on: {
          begun: {
            target: 'gone',
            actions: { type: 'openChild', params: { actor: 'child-1', kind: 'child', input: {} } },
          },
        },
      },
      gone: { type: 'final' },
    },
  });
  const child = createMachine({
    id: 'child',
    initial: 'quiet',
    states: { quiet: { on: { spoken: 'loud' } }, loud: {} },
  });
  const context = z.object({});
  return defineSystem({
    kind: 'family',
    rules,
    root: { name: 'parent', machine: parent, events, context },
    children: { child: { machine: child, events: words, context } },
    effects: {},
    open: { type: 'begun', input: () => ({}) },
    ...(rules === 1 ? {} : { previous: { system: survivedBy(1), upcast: (state) => state } }),
  });
}

/** What a registry works with: a disk in memory, and the real clock and processes. */
function portsOn(fs: FsPort = new MemoryFs()) {
  return { files: new Files(fs, systemClock), clock: systemClock, processes: systemProcesses() };
}

/** Nobody packs: the parcel stays where it is. */
const UNPACKED: Performers<typeof parcelTwo> = { ...TWO([]), packBox: async () => null };

/** A registry with one parcel under way. */
async function shopWith(perform: Performers<typeof parcelTwo>, { ports = portsOn(), begin = BEGIN as Begin } = {}) {
  const registry = await SystemRegistry.open(ports, '/shop');
  return { registry, parcel: await registry.open(parcelTwo, 'p-1', { perform, begin }) };
}
type Begin = Omit<typeof BEGIN, 'byMs'> & { readonly byMs: number };

describe('a registry', () => {
  it('carries over to new rules a system whose root has ended while a child goes on', async () => {
    const ports = portsOn();
    const taken = null;
    const refused = expect.objectContaining({ code: 'PAWL_EVENT_REFUSED' });
    // What the child makes of a word: it takes one, once.
    for (const [rules, answer] of [
      [1, undefined],
      [2, taken],
      [2, refused],
    ] as const) {
      const registry = await SystemRegistry.open(ports, '/families');
      const begin = { type: 'begun' };
      const family = await registry.open(survivedBy(rules), 'f-1', { perform: {}, begin });
      expect(family.state.rules).toBe(rules);
      if (answer !== undefined) expect(await family.send({ type: 'spoken' }, 'child-1')).toEqual(answer);
      await registry.close();
    }
  });

  it('opens a system again whose opening was refused once, and one at a time', async () => {
    const registry = await SystemRegistry.open(portsOn(), '/shop');
    const perform = TWO([]);
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
    const { registry, parcel } = await shopWith(UNPACKED);
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

  it('says what to look for where a definition was changed without raising its rules', async () => {
    const { registry, parcel } = await shopWith(UNPACKED);
    const { key = '' } = parcel.state.owed.find(({ kind }) => kind === 'packBox') ?? {};
    expect(await parcel.send({ type: 'courierLeft', key }, 'courier-1')).toEqual({
      code: 'PAWL_EVENT_STALE',
      reason: `courierLeft settles ${key}, which parcel owes, not courier-1`,
    });
    await parcel.close();
    const { defaults: _, ...root } = PARTS_TWO.root;
    await expect(
      registry.open(defineSystem({ ...PARTS_TWO, root }), 'p-1', { perform: UNPACKED }),
    ).rejects.toMatchObject({
      code: 'PAWL_JOURNAL_DIVERGED',
      hint: expect.stringContaining('name a default for a new member of a context, or raise `rules`'),
    });
    await registry.close();
  });

  it('keeps the error of a condition for whoever waits by it, and the system goes on', async () => {
    let answer: (items: number) => void = () => undefined;
    const packBox = () =>
      new Promise<{ type: 'boxPacked'; items: number }>((done) => {
        answer = (items) => done({ type: 'boxPacked', items });
      });
    const { registry, parcel } = await shopWith({ ...TWO([]), packBox });
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

  it('opens a system again that was closed, and not before', async () => {
    const { registry, parcel } = await shopWith(UNPACKED);
    const closing = parcel.close();
    await expect(registry.open(parcelTwo, 'p-1', { perform: UNPACKED })).rejects.toThrow('is open already');
    await closing;
    const again = await registry.open(parcelTwo, 'p-1', { perform: TWO([]) });
    expect((await again.until(hasEnded, 5_000)).root.value).toBe('delivered');
    await registry.close();
  });

  it('leaves to the next process what a performer answers with null, however much happens meanwhile', async () => {
    const ports = portsOn();
    let met = 0;
    const meet = async () => {
      met += 1;
      return null;
    };
    const { registry, parcel } = await shopWith({ ...TWO([]), meet }, { ports });
    await parcel.until(({ children }) => Object.keys(children).length > 0, 5_000);
    await turn();
    expect(met).toBe(1);
    // Something else is recorded while the courier is still to be met.
    expect(await parcel.send({ type: 'noted', text: 'it rains' } as never, 'driver')).toBeNull();
    await turn();
    expect(met).toBe(1);
    await registry.close();
    const next = await SystemRegistry.open(ports, '/shop');
    const continued = await next.open(parcelTwo, 'p-1', { perform: TWO([]) });
    expect((await continued.until(hasEnded, 5_000)).root.value).toBe('delivered');
    await next.close();
  });

  it('is not halted by a performer that rejects because its signal has aborted, and is by any other rejection', async () => {
    for (const [name, isFault] of [
      ['AbortError', false],
      ['Error', true],
    ] as const) {
      const packBox: Performers<typeof parcelTwo>['packBox'] = ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(Object.assign(new Error('stopped'), { name })), { once: true });
        });
      const begin = { ...BEGIN, byMs: Date.now() + 20 };
      const { registry, parcel } = await shopWith({ ...TWO([]), packBox }, { begin });
      expect((await parcel.until(hasEnded, 5_000)).root.value).toBe('givenUp');
      await registry.close();
      expect([name, parcel.fault !== null]).toEqual([name, isFault]);
    }
  });

  it('that cannot store what it should at its end says why, and is closed and released by the next try', async () => {
    // Every call that the end makes fails in turn: a snapshot of the system, or the mark that the lock is free.
    let failures = 0;
    for (let at = 1; ; at += 1) {
      const fs = new FaultFs(new MemoryFs());
      const ports = portsOn(fs);
      const { registry } = await shopWith(UNPACKED, { ports });
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
      expect((await next.open(parcelTwo, 'p-1', { perform: UNPACKED })).state.seq, `call ${at}`).toBe(1);
      await next.close();
    }
    expect(failures).toBeGreaterThan(4);
  });

  it('rejects a wait whose condition is not met in time, and any number may wait', async () => {
    const { registry, parcel } = await shopWith(UNPACKED);
    const waits = [parcel.until(hasEnded, 20), parcel.until(hasEnded, 30)];
    for (const wait of waits) await expect(wait).rejects.toMatchObject({ code: 'PAWL_WAIT_TIMED_OUT' });
    const closed = parcel.until(hasEnded, 5_000);
    const told = expect(closed).rejects.toMatchObject({ code: 'PAWL_SYSTEM_CLOSED' });
    await registry.close();
    await told;
  });
});
