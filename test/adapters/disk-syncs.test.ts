import { expect, test } from 'vitest';
import { DiskSyncs, SHORT_IN_A_ROW, SHORT_MS, type SyncCall } from '../../src/adapters/disk-syncs.ts';

/** A disk whose syncs end when they are told to, but for those that are done at once. */
class Disk {
  readonly calls: string[] = [];
  syncMs = SHORT_MS / 2;
  error: Error | null = null;
  #nowMs = 0;
  #underWay: (() => void)[] = [];

  readonly syncs = new DiskSyncs({
    inPool: (call, fd, done) => {
      this.calls.push(`pool ${call} ${fd}`);
      this.#underWay.push(() => done(this.error));
    },
    atOnce: (call, fd) => {
      this.calls.push(`at once ${call} ${fd}`);
      this.#nowMs += this.syncMs;
      if (this.error !== null) throw this.error;
    },
    nowMs: () => this.#nowMs,
  });

  /** What is under way in the pool ends. */
  end(): void {
    this.#nowMs += this.syncMs;
    const ended = this.#underWay;
    this.#underWay = [];
    for (const end of ended) end();
  }

  /** One sync, alone, to its end. */
  async alone(call: SyncCall = 'fsync', fd = 1): Promise<void> {
    const done = this.syncs.sync(call, fd);
    setImmediate(() => this.end());
    await done;
  }

  /** So that the next one is done at once. */
  async becomeFast(): Promise<void> {
    for (let n = 0; n < SHORT_IN_A_ROW; n += 1) await this.alone();
    this.calls.length = 0;
  }
}

const began = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a sync goes through the pool until the disk is known to be fast, and is done at once from then on', async () => {
  const disk = new Disk();
  for (let n = 0; n < SHORT_IN_A_ROW; n += 1) await disk.alone('fsync', 7);
  await disk.alone('fdatasync', 8);
  expect(disk.calls).toEqual([...Array<string>(SHORT_IN_A_ROW).fill('pool fsync 7'), 'at once fdatasync 8']);
});

test('syncs that are asked for together overlap in the pool, however fast the disk', async () => {
  const disk = new Disk();
  await disk.becomeFast();
  // The second system goes on in the same turn of the event loop, some promises later.
  const first = disk.syncs.sync('fdatasync', 1);
  const second = Promise.resolve()
    .then(() => undefined)
    .then(() => disk.syncs.sync('fdatasync', 2));
  await began();
  expect(disk.calls).toEqual(['pool fdatasync 1', 'pool fdatasync 2']);
  disk.end();
  await Promise.all([first, second]);
});

test('a sync that is asked for while another is under way in the pool overlaps with it', async () => {
  const disk = new Disk();
  await disk.becomeFast();
  const both = [disk.syncs.sync('fsync', 1), disk.syncs.sync('fsync', 2)];
  await began();
  const third = disk.syncs.sync('fsync', 3);
  await began();
  expect(disk.calls).toEqual(['pool fsync 1', 'pool fsync 2', 'pool fsync 3']);
  disk.end();
  await Promise.all([...both, third]);
});

test('one slow sync is the last one that is done at once', async () => {
  const disk = new Disk();
  await disk.becomeFast();
  disk.syncMs = SHORT_MS * 2;
  await disk.alone();
  disk.syncMs = SHORT_MS / 2;
  await disk.alone();
  expect(disk.calls).toEqual(['at once fsync 1', 'pool fsync 1']);
});

test('the error of a sync reaches whoever asked for it, either way', async () => {
  const disk = new Disk();
  disk.error = new Error('EIO');
  await expect(disk.alone()).rejects.toBe(disk.error);
  disk.error = null;
  await disk.becomeFast();
  disk.error = new Error('ENOSPC');
  await expect(disk.alone()).rejects.toBe(disk.error);
  expect(disk.calls).toEqual(['at once fsync 1']);
});
