/**
 * The laws of the ports Registers, Artifacts, Inbox and Ownership, for whatever stands behind them.
 *
 * Owns: what any store of a registry must show. Does not own: the stores (registry-contract.test), what one of them shows beyond the laws.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Artifacts } from '../../src/ports/artifacts.ts';
import type { Inbox } from '../../src/ports/inbox.ts';
import type { Ownership } from '../../src/ports/ownership.ts';
import type { Registers } from '../../src/ports/registers.ts';
import { bytesOf, codeOf } from './store-kit.ts';

/** A registry, empty at first, as a test of the laws needs it. */
export interface RegistryPlace {
  /** Absolute path of a folder that can hold registers. */
  readonly folder: string;
  readonly open: () => { readonly registers: Registers; readonly artifacts: Artifacts; readonly inbox: Inbox };
  /** Takes the registry: refused while an owner that lives holds it. */
  readonly take: () => Promise<Ownership>;
  /** Whoever owns it dies, and may be followed. */
  readonly dies: () => void;
  /** The place after a power cut, for a process that starts then. */
  readonly reboot: () => void;
  /** Other bytes stand at that path. */
  readonly spoil: (path: string) => Promise<void>;
  readonly end: () => void;
}

/** A place that is new for each test. */
class Bench {
  #place: RegistryPlace | null = null;

  constructor(open: () => Promise<RegistryPlace>) {
    beforeEach(async () => {
      this.#place = await open();
    });
    afterEach(() => this.place.end());
  }

  get place(): RegistryPlace {
    return this.#place ?? expect.fail('there is no place');
  }
  at(name: string): string {
    return `${this.place.folder}/${name}`;
  }
}

const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : new TextDecoder().decode(bytes));

/** A register has one value for ever. */
export function registersContract(name: string, open: () => Promise<RegistryPlace>): void {
  describe(`the registers of ${name}`, () => {
    const bench = new Bench(open);

    it('hold what was there first, for whoever comes second as well, and after a power cut', async () => {
      const { registers } = bench.place.open();
      expect(await registers.read(bench.at('claim'))).toBeNull();
      expect(await registers.link(bench.at('claim'), bytesOf('mine'))).toEqual({
        isWinner: true,
        bytes: bytesOf('mine'),
      });
      const second = await registers.link(bench.at('claim'), bytesOf('yours'));
      expect([second.isWinner, textOf(second.bytes)]).toEqual([false, 'mine']);
      bench.place.reboot();
      const after = bench.place.open().registers;
      expect(textOf(await after.read(bench.at('claim')))).toBe('mine');
      expect(textOf(await after.readSettled(bench.at('claim')))).toBe('mine');
      expect(await after.has(bench.at('claim'))).toBe(true);
      expect(await after.has(bench.at('outcome'))).toBe(false);
    });

    it('have one winner of any number that come at once', async () => {
      const { registers } = bench.place.open();
      const values = Array.from({ length: 8 }, (_, n) => `contestant ${n}`);
      const results = await Promise.all(values.map((value) => registers.link(bench.at('claim'), bytesOf(value))));
      const standing = textOf(await registers.read(bench.at('claim')));
      expect(results.filter(({ isWinner }) => isWinner)).toHaveLength(1);
      expect(results.map(({ bytes }) => textOf(bytes))).toEqual(values.map(() => standing));
      expect(values[results.findIndex(({ isWinner }) => isWinner)]).toBe(standing);
    });

    it('are listed by their names alone, and their folders are there after a power cut', async () => {
      const { registers } = bench.place.open();
      await registers.makeFolders([bench.at('tasks/one'), bench.at('tasks/two')]);
      await registers.link(bench.at('tasks/two/claim'), bytesOf('x'));
      bench.place.reboot();
      const after = bench.place.open().registers;
      expect(await after.names(bench.at('tasks'))).toEqual(['one', 'two']);
      expect(await after.names(bench.at('tasks/two'))).toEqual(['claim']);
      expect(await after.names(bench.at('nowhere'))).toEqual([]);
      expect(await after.changedAtMs(bench.at('tasks/two/claim'))).toBeGreaterThan(0);
      expect(await after.changedAtMs(bench.at('tasks/two/outcome'))).toBeNull();
    });
  });
}

/** An artifact is what its hash says, or it is refused. */
export function artifactsContract(name: string, open: () => Promise<RegistryPlace>): void {
  describe(`the artifacts of ${name}`, () => {
    const bench = new Bench(open);

    it('are read back as they were written, after a power cut as well, and found by their names', async () => {
      const { folder } = bench.place;
      const ref = await bench.place.open().artifacts.write(folder, 'review', 'evidence', '{"a":1}');
      expect(ref.sha256).toMatch(/^[0-9a-f]{64}$/);
      bench.place.reboot();
      const { artifacts } = bench.place.open();
      expect(await artifacts.read(folder, ref)).toBe('{"a":1}');
      expect(await artifacts.find(folder, 'review', 'evidence')).toEqual(ref);
      expect(await artifacts.find(folder, 'review', 'other')).toBeNull();
      expect(await artifacts.write(folder, 'review', 'evidence', '{"a":1}')).toEqual(ref);
    });

    it('whose bytes are others, or that are gone, are refused', async () => {
      const { folder } = bench.place;
      const { artifacts } = bench.place.open();
      const ref = await artifacts.write(folder, 'review', 'evidence', '{"a":1}');
      const gone = { ...ref, path: ref.path.replace('evidence', 'nothing') };
      expect(await codeOf(() => artifacts.read(folder, gone))).toBe('PAWL_ARTIFACT_DAMAGED');
      await bench.place.spoil(`${folder}/${ref.path}`);
      expect(await codeOf(() => artifacts.read(folder, ref))).toBe('PAWL_ARTIFACT_DAMAGED');
      expect(await codeOf(() => artifacts.find(folder, 'review', 'evidence'))).toBe('PAWL_ARTIFACT_DAMAGED');
    });
  });
}

/** A command is decided once. */
export function inboxContract(name: string, open: () => Promise<RegistryPlace>): void {
  describe(`the inbox of ${name}`, () => {
    const bench = new Bench(open);
    const cancel = { command: 'cancel', runId: 'run_a', reason: 'seen', by: 'ada' } as const;
    const yes = { isAccepted: true, code: null, seq: 7 };

    it('holds what was left until it is decided, after a power cut as well', async () => {
      const id = await bench.place.open().inbox.leave(cancel);
      bench.place.reboot();
      const { inbox } = bench.place.open();
      const { commands, unreadable } = await inbox.undecided();
      expect([commands.map(({ commandId }) => commandId), unreadable]).toEqual([[id], []]);
      expect(commands[0]).toMatchObject(cancel);
      expect(await inbox.decision(id)).toBeNull();
      expect(await inbox.decide(id, yes)).toEqual(yes);
      bench.place.reboot();
      const after = bench.place.open().inbox;
      expect(await after.undecided()).toEqual({ commands: [], unreadable: [] });
      expect(await after.decision(id)).toEqual(yes);
    });

    it('takes many decisions at once, durably, and keeps the first one of each', async () => {
      const { inbox } = bench.place.open();
      const [first = '', second = ''] = [await inbox.leave(cancel), await inbox.leave(cancel)];
      await inbox.decide(first, yes);
      const no = { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: 8 };
      await inbox.decideAll(new Map([first, second].map((id) => [id, no])));
      await inbox.decideAll(new Map());
      bench.place.reboot();
      const after = bench.place.open().inbox;
      expect([await after.decision(first), await after.decision(second)]).toEqual([yes, no]);
      expect((await after.undecided()).commands).toEqual([]);
    });

    it('keeps the first decision, whatever comes later or at once', async () => {
      const { inbox } = bench.place.open();
      const id = await inbox.leave(cancel);
      const no = { isAccepted: false, code: 'PAWL_COMMAND_REFUSED', seq: null };
      const decisions = await Promise.all([inbox.decide(id, yes), inbox.decide(id, no)]);
      expect(decisions[0]).toEqual(decisions[1]);
      expect(await inbox.decision(id)).toEqual(decisions[0]);
    });
  });
}

/** A registry has one owner. */
export function ownershipContract(name: string, open: () => Promise<RegistryPlace>): void {
  describe(`the ownership of ${name}`, () => {
    const bench = new Bench(open);

    it('is refused while its owner lives, and goes on under the next generation once it is released or dead', async () => {
      const first = await bench.place.take();
      expect(await codeOf(() => bench.place.take())).toBe('PAWL_REGISTRY_LOCKED');
      await first.release();
      await first.release();
      const second = await bench.place.take();
      expect(second.generation).toBe(first.generation + 1);
      bench.place.dies();
      const third = await bench.place.take();
      expect(third.generation).toBe(second.generation + 1);
    });
  });
}
