/**
 * The law of the ports Journal and Snapshots (ports/journal), for whatever stands behind them.
 *
 * Owns: what any store of a system's history must show. Does not own: the stores (journal-contract.test), what one of them shows beyond the law
 * (journal-writer.test, snapshot.test).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredSnapshot } from '../../src/model/system-record.ts';
import type { Journal, JournalTail, SealedRecord, SystemStore } from '../../src/ports/journal.ts';
import { codeOf, sealedRecords, timed } from './store-kit.ts';

/** The place where one system is kept, empty at first, as a test of the law needs it. */
export interface StorePlace {
  /** The store, as a process that starts now has it. */
  readonly open: () => SystemStore;
  /** The highest generation so far: at first one that is held. */
  readonly generation: number;
  /** Somebody takes the next generation. */
  readonly raise: () => Promise<void>;
  /** The texts of the records that a reader finds after a power cut now, and where they end; of an absent journal none. */
  readonly survivors: () => Promise<{ readonly lines: readonly string[]; readonly tail: JournalTail }>;
  /** The place after that power cut, for a process that starts then. */
  readonly reboot: () => Promise<void>;
  /** The stored snapshot is not whole any more. */
  readonly spoilSnapshot: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const COUNT = 6;
const { records, lines } = sealedRecords(COUNT);
const NEW: JournalTail = { seq: 0, end: 0 };

function sealed(seq: number): SealedRecord {
  const [record, line] = [records[seq - 1], lines[seq - 1]];
  return record === undefined || line === undefined ? expect.fail(`no record ${seq}`) : { record, line };
}

/** How each of the promises ends, in the order in which they do. */
async function ends(promises: readonly Promise<void>[]): Promise<{ nth: number; code: string | null }[]> {
  const found: { nth: number; code: string | null }[] = [];
  await Promise.all(
    promises.map(async (promise, index) => {
      const code = await codeOf(() => promise);
      found.push({ nth: index + 1, code });
    }),
  );
  return found;
}

/** A place with its journal open, new for each test. */
class JournalBench {
  #place: StorePlace | null = null;
  #journal: Journal | null = null;

  constructor(open: () => Promise<StorePlace>) {
    beforeEach(async () => {
      this.#place = await open();
      this.#journal = timed(await this.#place.open().openJournal(NEW));
    });
    afterEach(async () => {
      await this.journal.close();
      await this.place.end();
    });
  }

  get place(): StorePlace {
    return this.#place ?? expect.fail('no place');
  }

  get journal(): Journal {
    return this.#journal ?? expect.fail('no journal');
  }

  /** The record with this sequence behind the one before it. */
  append(seq: number, generation = this.place.generation): Promise<void> {
    return this.journal.append(seq - 1, generation, sealed(seq));
  }

  /** The texts of the records that a power cut now would leave. */
  async kept(): Promise<readonly string[]> {
    return (await this.place.survivors()).lines;
  }

  /** The journal is the one that was opened again. */
  async reopen(tail: JournalTail): Promise<void> {
    this.#journal = timed(await this.place.open().openJournal(tail));
  }
}

/** Every store behind the port Journal shows this. */
export function journalContract(name: string, open: () => Promise<StorePlace>): void {
  describe(`the journal of ${name}`, () => {
    const bench = new JournalBench(open);
    durable(bench);
    fencedByPlace(bench);
    fencedByGeneration(bench);
    openedAndClosed(bench);
  });
}

/** What is acknowledged is durable, in the order of the calls. */
function durable(bench: JournalBench): void {
  it('is empty, and durable so, when it is new', async () => {
    expect(await bench.place.survivors()).toEqual({ lines: [], tail: NEW });
  });

  it('holds a record, durably, when its append has resolved, and every one before it', async () => {
    for (let seq = 1; seq <= COUNT; seq += 1) {
      await bench.append(seq);
      expect(await bench.kept()).toEqual(lines.slice(0, seq));
    }
  });

  it('holds records that were appended at once in the order of the calls, and acknowledges them in it, none too early', async () => {
    const early: unknown[] = [];
    const order: number[] = [];
    const appends = records.map(async ({ seq }) => {
      await bench.append(seq);
      order.push(seq);
      const found = await bench.kept();
      if (found.length < seq) early.push({ seq, found: found.length });
    });
    await Promise.all(appends);
    expect([order, early]).toEqual([records.map(({ seq }) => seq), []]);
    expect(await bench.kept()).toEqual(lines);
  });
}

/** A record stands behind the one that it was to follow, or nowhere. */
function fencedByPlace(bench: JournalBench): void {
  it.each([1, 3, 6])(
    'refuses a record %i behind one record by its place, holds nothing of it, and goes on',
    async (seq) => {
      await bench.append(1);
      expect(await codeOf(() => bench.append(seq))).toBe('PAWL_JOURNAL_FENCED');
      expect(await bench.kept()).toEqual(lines.slice(0, 1));
      await bench.append(2);
      expect(await bench.kept()).toEqual(lines.slice(0, 2));
    },
  );

  it('counts what waits: of two records for one place the first has it, and the second is refused', async () => {
    const found = await ends([bench.append(1), bench.append(1), bench.append(2)]);
    expect(found.toSorted((a, b) => a.nth - b.nth)).toEqual([
      { nth: 1, code: null },
      { nth: 2, code: 'PAWL_JOURNAL_FENCED' },
      { nth: 3, code: null },
    ]);
    expect(await bench.kept()).toEqual(lines.slice(0, 2));
  });
}

/** Only the highest generation appends. */
function fencedByGeneration(bench: JournalBench): void {
  it('refuses a generation that is not the highest any more, with what waits behind it, and holds nothing of that', async () => {
    await bench.append(1);
    const former = bench.place.generation;
    await bench.place.raise();
    expect(bench.place.generation).toBeGreaterThan(former);
    const found = await ends([bench.append(2, former), bench.append(3, former)]);
    expect(found.map(({ code }) => code)).toEqual(['PAWL_REGISTRY_LOCKED', 'PAWL_REGISTRY_LOCKED']);
    expect(await codeOf(() => bench.append(2, former))).toBe('PAWL_REGISTRY_LOCKED');
    expect(await bench.kept()).toEqual(lines.slice(0, 1));
  });

  it('takes the highest generation, also after a lower one was refused', async () => {
    const former = bench.place.generation;
    await bench.append(1, former);
    await bench.place.raise();
    expect(await codeOf(() => bench.append(2, former))).toBe('PAWL_REGISTRY_LOCKED');
    await bench.append(2);
    await bench.append(3);
    expect(await bench.kept()).toEqual(lines.slice(0, 3));
  });
}

/** A journal is open from where it ends until it is closed. */
function openedAndClosed(bench: JournalBench): void {
  it('goes on, when it is opened again where it ends, also after a power cut', async () => {
    await Promise.all([bench.append(1), bench.append(2)]);
    await bench.journal.close();
    await bench.place.reboot();
    const { tail } = await bench.place.survivors();
    expect(tail.seq).toBe(2);
    await bench.reopen(tail);
    expect(await codeOf(() => bench.append(2))).toBe('PAWL_JOURNAL_FENCED');
    await bench.append(3);
    expect(await bench.kept()).toEqual(lines.slice(0, 3));
  });

  it('is not opened where it does not end', async () => {
    await bench.append(1);
    const { tail } = await bench.place.survivors();
    await bench.append(2);
    await bench.journal.close();
    for (const wrong of [NEW, tail, { seq: 3, end: tail.end * 3 }])
      expect(await codeOf(() => bench.place.open().openJournal(wrong))).toBe('PAWL_JOURNAL_DAMAGED');
    expect(await bench.kept()).toEqual(lines.slice(0, 2));
  });

  it('is closed when nothing is under way any more, for whoever closes it, and takes nothing from then on', async () => {
    const order: string[] = [];
    const done = (what: string) => () => void order.push(what);
    await Promise.all([
      bench.append(1).then(done('append')),
      bench.append(2).then(done('append')),
      bench.journal.close().then(done('close')),
      bench.journal.close().then(done('close')),
      expect(bench.append(3)).rejects.toThrow(),
    ]);
    expect(order).toEqual(['append', 'append', 'close', 'close']);
    expect(await bench.kept()).toEqual(lines.slice(0, 2));
    await expect(bench.append(3)).rejects.toThrow();
    await bench.journal.close();
    expect(await bench.kept()).toEqual(lines.slice(0, 2));
  });
}

function snapshot(seq: number): StoredSnapshot {
  return {
    v: 2,
    systemId: 'run_a',
    rules: 3,
    definitionHash: 'd'.repeat(64),
    seq,
    sum: 'a'.repeat(64),
    actors: { run: { status: 'active', value: 'é' } },
    outbox: [{ key: 'run_a/1.0:admitRun' }],
    deadlines: [],
  };
}

/** Every store behind the port Snapshots shows this. */
export function snapshotsContract(name: string, open: () => Promise<StorePlace>): void {
  describe(`the stored snapshot of ${name}`, () => {
    let place: StorePlace;
    beforeEach(async () => {
      place = await open();
    });
    afterEach(() => place.end());

    /** What a process reads that starts after a power cut now. */
    const survivor = async (): Promise<StoredSnapshot | null> => {
      await place.reboot();
      return place.open().snapshots.read();
    };

    it('is none at first', async () => {
      expect(await place.open().snapshots.read()).toBeNull();
      expect(await survivor()).toBeNull();
    });

    it('is the one that was written last, for every process, and after a power cut a whole one that was written', async () => {
      const { snapshots } = place.open();
      for (const seq of [1, 7, 3]) {
        await snapshots.write(snapshot(seq));
        expect(await snapshots.read()).toEqual(snapshot(seq));
        expect(await place.open().snapshots.read()).toEqual(snapshot(seq));
      }
      expect([null, snapshot(1), snapshot(7), snapshot(3)]).toContainEqual(await survivor());
    });

    it('is what it was after a write that was refused', async () => {
      const { snapshots } = place.open();
      await snapshots.write(snapshot(1));
      await expect(snapshots.write({ ...snapshot(2), sum: 'x' })).rejects.toThrow('bug');
      expect(await snapshots.read()).toEqual(snapshot(1));
    });

    it('that is not whole is told, never taken for none, until another one is written', async () => {
      const { snapshots } = place.open();
      await snapshots.write(snapshot(1));
      await place.spoilSnapshot();
      expect(await codeOf(() => snapshots.read())).toBe('PAWL_SNAPSHOT_DAMAGED');
      expect(await codeOf(() => place.open().snapshots.read())).toBe('PAWL_SNAPSHOT_DAMAGED');
      await snapshots.write(snapshot(2));
      expect(await snapshots.read()).toEqual(snapshot(2));
    });

    it('is none of the journal: writing the one leaves the other as it is', async () => {
      const store = place.open();
      const journal = timed(await store.openJournal(NEW));
      await Promise.all([journal.append(0, place.generation, sealed(1)), store.snapshots.write(snapshot(1))]);
      await journal.close();
      expect((await place.survivors()).lines).toEqual(lines.slice(0, 1));
      expect(await store.snapshots.read()).toEqual(snapshot(1));
    });
  });
}
