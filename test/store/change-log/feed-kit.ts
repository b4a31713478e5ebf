/**
 * What the tests of the change feed share.
 *
 * Owns: opening a feed over a file system, changes of a run, all that a reader gets. Does not own: loops over faults and crashes (test/store/store-kit).
 */
import { expect } from 'vitest';
import type { ChangeBatch, ChangeDraft } from '../../../src/model/change.ts';
import type { FsPort } from '../../../src/ports/fs.ts';
import type { MemoryFs } from '../../../src/prove/memory/memory-fs.ts';
import { ChangeLog, type ChangeLogOptions } from '../../../src/store/change-log/change-log.ts';
import type { Retention } from '../../../src/store/change-log/segment-folder.ts';
import { Files } from '../../../src/store/files.ts';
import { inTime } from '../../support/in-time.ts';
import { clock } from '../store-kit.ts';

/** Where the feed is. */
export const FOLDER = '/changes';
/** The instant of a clock that halts. */
export const NOW_MS = clock.nowMs();
/** Keeps everything in one file. */
export const ONE_FILE = { ageMs: Number.POSITIVE_INFINITY, count: 1_000_000, bytes: 1_000_000_000 };

/** Keeps about eight files, each of about so many bytes. */
export function filesOf(bytes: number): Retention {
  return { ...ONE_FILE, bytes: 8 * bytes };
}

/** Options of a feed, and what it has logged. */
export type Options = Partial<ChangeLogOptions> & { readonly logged?: string[] };

/** The feed of a fresh process. */
export function openFeed(fs: FsPort, { logged = [], ...options }: Options = {}): Promise<ChangeLog> {
  return ChangeLog.open({
    files: new Files(fs, clock),
    folder: FOLDER,
    retention: ONE_FILE,
    isFresh: true,
    fence: () => undefined,
    log: (line) => logged.push(line),
    ...options,
  });
}

/** A change that says what it is. */
export function draft(what: string, system: string | null = null, project = 'p'): ChangeDraft {
  return { type: 'run_updated', project, system, atMs: 1, data: { what } };
}

/** The changes of a run's record: `count` of them, each of which says which it is. */
export function batch(seq: number, { system = 'run_a', project = 'p', count = 1, padding = 0 } = {}): ChangeBatch {
  const changes = Array.from({ length: count }, (_, index) =>
    draft(`${system} ${seq}.${index}${'·'.repeat(padding)}`, system, project),
  );
  return { source: { project, system, seq }, changes };
}

/** A change of no run. */
export function note(what: string): ChangeBatch {
  return { source: null, changes: [draft(what)] };
}

/** What a change says that `draft` made. */
export function whatIn({ data }: ChangeDraft): string {
  return String(data.what).replace(/·+$/, '');
}

/** Everything after the cursor, read `limit` at a time, as `seq what`. Fails at a resync. */
export async function allAfter(feed: ChangeLog, cursor = feed.oldest, limit = 2): Promise<readonly string[]> {
  const found: string[] = [];
  for (let after = cursor; ; ) {
    const reading = await feed.read(after, { limit });
    if (reading.kind === 'resync') return expect.fail(`a resync (${reading.reason}) after ${after}`);
    for (const { change, text } of reading.changes) {
      expect(JSON.parse(text)).toEqual(change);
      found.push(`${change.seq} ${whatIn(change)}`);
    }
    if (reading.next === after) return found;
    expect(reading.next).toBeGreaterThan(after);
    after = reading.next;
  }
}

/** Closes the feed, and not for ever. */
export function closed(feed: ChangeLog): Promise<void> {
  return inTime('the close of the feed', feed.close());
}

/** Names in the folder of the feed; what was set aside without the chance in its name. */
export function names(fs: MemoryFs): readonly string[] {
  return fs
    .list(FOLDER)
    .filter((name) => !name.startsWith('.tmp-'))
    .map((name) => name.replace(/(damaged)-.*/, '$1'));
}

/** The bytes of that file of the feed. */
export function contentOf(fs: MemoryFs, name: string): Uint8Array {
  return new Files(fs, clock).readBytes(`${FOLDER}/${name}`, 100_000_000) ?? expect.fail(`no ${name}`);
}
