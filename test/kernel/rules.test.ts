/** A journal that was begun under rules 1 and cut after any of its records continues, and ends, under rules 2: nothing owed is lost, nothing performed twice. */
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { sha256 } from '../../src/base/sha256.ts';
import { DurableSystem, type Performers } from '../../src/engine/durable-system.ts';
import { rehydrateSystem, sizeAfterRepair } from '../../src/engine/rehydrate-system.ts';
import { fold, raised } from '../../src/kernel/fold.ts';
import { definitionHash } from '../../src/kernel/image.ts';
import { defineSystem, type StateOf, type System } from '../../src/kernel/system.ts';
import { RULES_RAISED, rulesOf, type SystemRecord } from '../../src/model/system-record.ts';
import type { SystemStore } from '../../src/ports/journal.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { systemFiles } from '../../src/store/file-store.ts';
import { Files } from '../../src/store/files.ts';
import { readJournal } from '../../src/store/journal.ts';
import { PARTS_TWO, parcelOne, parcelTwo, upcastParcel } from './parcel.ts';
import { BEGIN, hasEnded, performersOfTwo as TWO } from './parcel-world.ts';

const ID = 'parcel-1';
const JOURNAL = '/parcels/events.jsonl';
const SNAPSHOT = '/parcels/snapshot.json';
interface Place {
  readonly files: Files;
  /** Every key that was performed, in order. */
  readonly performed: string[];
}

async function freshPlace(): Promise<Place> {
  const files = new Files(new MemoryFs(), systemClock);
  await files.ensureFolders(['/parcels']);
  return { files, performed: [] };
}

const ONE = (performed: string[], drops: number): Performers<typeof parcelOne> => {
  let left = drops;
  return {
    pack: async ({ effect }) => {
      performed.push(effect.key);
      left -= 1;
      return { type: left >= 0 ? 'parcelDropped' : 'parcelPacked' };
    },
    meet: async () => expect.fail('rules 1 meet nobody'),
    deliver: async ({ effect }) => {
      performed.push(effect.key);
      return { type: 'courierArrived' };
    },
  };
};

const storeOf = ({ files }: Place): SystemStore =>
  systemFiles(files, { journal: JOURNAL, snapshot: SNAPSHOT }, () => undefined);

/** Drives what the place holds until it has ended. */
async function drive<S extends System>(system: S, at: Place, perform: Performers<S>, begin: typeof BEGIN | null) {
  const place = {
    store: storeOf(at),
    clock: systemClock,
    generation: 1,
    definitionHash: definitionHash(system, sha256),
  };
  const found = await rehydrateSystem(system, ID, place.store);
  if (found.kind !== 'live' && found.kind !== 'absent') throw new Error(JSON.stringify(found));
  const start =
    found.kind === 'absent'
      ? { state: null, sum: '', journalEnd: 0, snapshotSeq: 0 }
      : {
          state: found.state,
          sum: found.last.sum,
          journalEnd: sizeAfterRepair(found.reading),
          snapshotSeq: found.snapshot?.seq ?? 0,
        };
  const live = await DurableSystem.open(system, place, { systemId: ID, ...start }, perform);
  await live.start(begin as Parameters<DurableSystem<S>['start']>[0]);
  const state = await live.until((each) => hasEnded(each as StateOf<System>), 5_000);
  await live.close();
  return state as StateOf<System>;
}

const recordsIn = ({ files }: Place): readonly SystemRecord[] => {
  const reading = readJournal(files, JOURNAL);
  return reading.kind === 'absent' ? [] : reading.records;
};

/** A place that holds the first `count` lines of a journal, and no snapshot. */
async function cutAfter(from: Place, count: number): Promise<Place> {
  const place = await freshPlace();
  const text = Buffer.from(from.files.readBytes(JOURNAL, 1e6) ?? new Uint8Array()).toString();
  await place.files.writeDurable(JOURNAL, Buffer.from(`${text.split('\n').slice(0, count).join('\n')}\n`));
  return place;
}

async function journalOfOne(): Promise<Place> {
  const place = await freshPlace();
  await drive(parcelOne, place, ONE(place.performed, 2), BEGIN);
  return place;
}

describe('a journal of rules 1', () => {
  it('ends under rules 2, wherever it was cut, by a record of its own, with what was owed under the same keys', async () => {
    const whole = await journalOfOne();
    const records = recordsIn(whole);
    expect(records.map(({ event }) => event.type)).toEqual([
      'parcelOrdered',
      'parcelDropped',
      'parcelDropped',
      'parcelPacked',
      'courierArrived',
    ]);
    for (let count = 1; count < records.length; count += 1) {
      const place = await cutAfter(whole, count);
      const before = fold(parcelTwo, ID, recordsIn(place), { hash: sha256 });
      if (before.kind !== 'whole' || before.state === null) throw new Error('not whole');
      const owed = before.state.owed.map(({ key }) => key);
      const after = raised(parcelTwo, before.state);
      expect(after.owed.map((effect) => effect.key)).toEqual(owed);
      const end = await drive(parcelTwo, place, TWO(place.performed), null);
      expect([count, end.root.value, end.rules]).toEqual([count, 'delivered', 2]);
      const continued = recordsIn(place);
      expect(continued[count]?.event).toEqual({ type: RULES_RAISED, from: 1, to: 2 });
      expect(continued.map(rulesOf)).toEqual([...Array(count).fill(1), ...Array(continued.length - count).fill(2)]);
      // What was owed at the cut was performed once, under the key that rules 1 had given it.
      const keys = place.performed;
      expect(new Set(keys).size).toBe(keys.length);
      const settled = records.slice(0, count).flatMap(({ event }) => event.key ?? []);
      expect(keys.filter((each) => settled.includes(each))).toEqual([]);
      const shortWork = owed.filter((each) => !each.endsWith(':deadline'));
      expect(keys.slice(0, shortWork.length)).toEqual(shortWork);
      // And it folds from its first record to the same end, under the machines of both rules.
      const again = fold(parcelTwo, ID, continued, { hash: sha256 });
      expect(again.kind === 'whole' && again.state?.root.value).toBe('delivered');
    }
  });

  it('cut at its end is left as it is', async () => {
    const place = await journalOfOne();
    const found = fold(parcelTwo, ID, recordsIn(place), { hash: sha256 });
    expect(found.kind === 'whole' && found.state?.rules).toBe(1);
    expect(found.kind === 'whole' && found.state?.root.value).toBe('delivered');
  });

  it('is refused by its number where they are not known, and nothing is written', async () => {
    const place = await journalOfOne();
    const bytes = place.files.readBytes(JOURNAL, 1e6);
    const alone = defineSystem(PARTS_TWO);
    const found = await rehydrateSystem(alone, ID, storeOf(place));
    expect(found).toMatchObject({ kind: 'unsupported', rules: 1 });
    expect(place.files.readBytes(JOURNAL, 1e6)).toEqual(bytes);
  });

  it('that says it was written under rules 2 has diverged: no record of its own says so', async () => {
    const records = recordsIn(await journalOfOne());
    const lying = records.map((record, at) => (at === 2 ? { ...record, rules: 2 } : record));
    expect(fold(parcelTwo, ID, lying, { hash: null })).toMatchObject({ kind: 'diverged', seq: 3 });
  });
});

describe('a migration', () => {
  const stateOfOne = async () => {
    const records = recordsIn(await journalOfOne()).slice(0, 2);
    const found = fold(parcelOne, ID, records, { hash: sha256 });
    if (found.kind !== 'whole' || found.state === null) throw new Error('not whole');
    return found.state;
  };
  const withUpcast = (upcast: typeof upcastParcel) =>
    defineSystem({ ...PARTS_TWO, previous: { system: parcelOne, upcast } });

  it('that loses what is owed is refused', async () => {
    const losing = withUpcast((state) => ({ ...upcastParcel(state), outbox: [] }));
    const state = await stateOfOne();
    expect(() => raised(losing, state)).toThrow('changes what is owed');
  });

  it('that asks for an effect without a performer under the new rules is refused', async () => {
    const keeping = withUpcast((state) => ({ ...upcastParcel(state), outbox: state.outbox }));
    const state = await stateOfOne();
    expect(() => raised(keeping, state)).toThrow('without an effect');
  });

  type Upcast = typeof upcastParcel;
  const changed = (state: ReturnType<Upcast>, change: object): ReturnType<Upcast> => {
    const parcel = Object(state.actors.parcel);
    return { ...state, actors: { ...state.actors, parcel: { ...parcel, ...change } } };
  };
  const UNFIT: readonly (readonly [string, Upcast, string])[] = [
    [
      'a state that the new machine does not have',
      (state) => changed(upcastParcel(state), { value: 'packing' }),
      'do not restore parcel',
    ],
    [
      'a context that is not what its schema says',
      (state) => changed(upcastParcel(state), { context: { items: 'none' } }),
      'makes a context of parcel: ',
    ],
    ['an actor less', (state) => ({ ...upcastParcel(state), actors: {} }), 'loses parcel'],
    [
      'an actor more',
      (state) => {
        const { actors, ...rest } = upcastParcel(state);
        return { ...rest, actors: { ...actors, ghost: actors.parcel ?? null } };
      },
      'adds ghost',
    ],
    [
      'params that the effect does not take',
      (state) => {
        const { outbox, ...rest } = upcastParcel(state);
        return { ...rest, outbox: outbox.map((effect) => ({ ...effect, size: 'huge' })) };
      },
      'gives packBox params that it does not take: size: ',
    ],
    [
      'an effect of another actor',
      (state) => {
        const { outbox, ...rest } = upcastParcel(state);
        return { ...rest, outbox: outbox.map((effect) => ({ ...effect, actor: 'courier-1' })) };
      },
      'without an effect of parcel',
    ],
  ];

  it.each(UNFIT)(
    'that makes %s is refused before anything is written, and a right one goes on',
    async (_what, upcast, words) => {
      const unfit = withUpcast(upcast);
      const state = await stateOfOne();
      expect(() => raised(unfit, state)).toThrow(words);
      const place = await cutAfter(await journalOfOne(), 2);
      const bytes = place.files.readBytes(JOURNAL, 1e6);
      await expect(drive(unfit, place, TWO([]), null)).rejects.toThrow(words);
      expect(place.files.readBytes(JOURNAL, 1e6)).toEqual(bytes);
      expect((await drive(parcelTwo, place, TWO([]), null)).root.value).toBe('delivered');
    },
  );
});

describe('a record that raises rules', () => {
  const raisedBy = async (change: object) => {
    const whole = await journalOfOne();
    const place = await cutAfter(whole, 2);
    await drive(parcelTwo, place, TWO([]), null);
    const records = recordsIn(place).map((record) =>
      record.event.type === RULES_RAISED ? { ...record, event: { ...record.event, ...change } } : record,
    );
    return fold(parcelTwo, ID, records, { hash: sha256 });
  };

  it.each([{ from: 2 }, { to: 1 }, { to: 3 }, { from: 2, to: 2 }])('and says %o has diverged', async (change) => {
    expect(await raisedBy({})).toMatchObject({ kind: 'whole' });
    expect(await raisedBy(change)).toMatchObject({ kind: 'diverged', seq: 3 });
  });
});
