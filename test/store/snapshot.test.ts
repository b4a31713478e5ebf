import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import type { StoredSnapshot } from '../../src/model/system-record.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { SnapshotStore } from '../../src/store/snapshot.ts';
import { readSnapshot } from '../../src/store/snapshot-reading.ts';
import { bytesOf, codeOf, codeOfFault, filesOver, forEachCrash, forEachFault, textOf } from './store-kit.ts';

const PATH = '/snapshot.json';

function snapshot(seq: number): StoredSnapshot {
  return {
    v: 1,
    runId: 'run_a',
    machine: { id: 'run', version: 1, definitionHash: 'd'.repeat(64) },
    seq,
    sum: 'a'.repeat(64),
    actors: { run: { status: 'active', value: 'é' } },
    outbox: [{ key: 'run_a/1.0:admitRun' }],
    deadlines: [],
  };
}

const write = (fs: MemoryFs | FaultFs, seq: number): Promise<void> =>
  new SnapshotStore(filesOver(fs), PATH).write(snapshot(seq));
/** As `write`, so that a power cut cannot take it back. */
const writeDurably = async (fs: MemoryFs, seq: number): Promise<void> => {
  await write(fs, seq);
  await filesOver(fs).syncFolder('/');
};
const text = `${canonicalJson(snapshot(1))}\n`;

describe('SnapshotStore', () => {
  it('reads back what it wrote, null before, at one sync a write', async () => {
    const fs = new FaultFs(new MemoryFs());
    const store = new SnapshotStore(filesOver(fs), PATH);
    expect(await store.read()).toBeNull();
    await store.write(snapshot(1));
    await store.write(snapshot(2));
    expect(await store.read()).toEqual(snapshot(2));
    expect(readSnapshot(filesOver(fs), PATH)).toEqual(snapshot(2));
    expect(fs.countOf('sync', 'dataSync')).toBe(2);
    fs.unlink(PATH);
    expect(await store.read()).toBeNull();
  });

  it('writes canonical JSON and a newline', async () => {
    const fs = new MemoryFs();
    await write(fs, 1);
    expect(textOf(filesOver(fs).readBytes(PATH, 10_000))).toBe(text);
  });

  it('holds the old or the new one, whole, after a crash at any call and once it returned', async () => {
    const ways = await forEachCrash(
      (fs) => writeDurably(fs, 1),
      (fs) => write(fs, 2),
      (survivor) => {
        expect([1, 2]).toContain(readSnapshot(filesOver(survivor), PATH)?.seq);
      },
    );
    expect(ways).toBeGreaterThan(5);
  });

  it.each(['ENOSPC', 'EIO', 'EACCES'])(
    'tells %s at any call by its code, and holds the old or the new one',
    async (code) => {
      const ways = await forEachFault(
        { fault: { code } },
        (fs) => write(fs, 1),
        async (fs, memory) => {
          const thrown = await codeOf(() => write(fs, 2));
          expect(thrown).toBe(fs.firedOp === null ? null : codeOfFault(fs.firedOp, code));
          expect([1, 2]).toContain(readSnapshot(filesOver(memory), PATH)?.seq);
          expect(memory.list('/')).toEqual(['snapshot.json']);
        },
      );
      expect(ways).toBeGreaterThan(5);
    },
  );

  it('after a failed write it reads what is on disk, not what it failed to write', async () => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const store = new SnapshotStore(filesOver(fs), PATH);
    await store.write(snapshot(1));
    fs.plan = { ops: ['rename'], at: 1, fault: { code: 'EIO' } };
    expect(await codeOf(() => store.write(snapshot(2)))).toBe('PAWL_STORE_FAILED');
    expect((await store.read())?.seq).toBe(1);
  });

  it.each([
    ['an empty file', ''],
    ['null', 'null\n'],
    ['zero', '0\n'],
    ['false', 'false\n'],
    ['an empty text', '""\n'],
    ['an empty list', '[]\n'],
    ['an empty object', '{}\n'],
    ['NUL bytes', '\0'.repeat(text.length)],
    ['NUL bytes at its end', `${text.slice(0, -9)}${'\0'.repeat(9)}`],
    ['something after it', `${text}x`],
    ['itself twice', text + text],
    ['a missing newline', text.slice(0, -1)],
    ['white space', text.replace(':1', ': 1')],
    ['another version', text.replace('"v":1}', '"v":2}')],
    ['an unknown field', text.replace('"v":1}', '"v":1,"w":1}')],
    ['no sum', text.replace(/"sum":"a*",/, '')],
    ['a wrong sum', text.replace('"sum":"a', '"sum":"A')],
    ['a negative seq', text.replace('"seq":1', '"seq":-1')],
    ['an outbox that is a list of texts', text.replace(/"outbox":\[[^\]]*\]/, '"outbox":["x"]')],
    ['a machine without a version', text.replace('"version":1', '"versioned":1')],
    ['actors that are null', text.replace(/"actors":\{.*?\}\}/, '"actors":null')],
  ])('%s is damage, never "no snapshot" and never a default', async (_what, content) => {
    expect(content).not.toBe(text);
    const fs = new MemoryFs();
    const files = filesOver(fs);
    await files.writeDurable(PATH, bytesOf(content));
    expect(await codeOf(() => new SnapshotStore(files, PATH).read())).toBe('PAWL_SNAPSHOT_DAMAGED');
    expect(await codeOf(() => readSnapshot(files, PATH))).toBe('PAWL_SNAPSHOT_DAMAGED');
    expect(textOf(files.readBytes(PATH, 10_000))).toBe(content);
  });

  it('every truncation is damage', async () => {
    const bytes = bytesOf(text);
    for (let size = 0; size < bytes.length; size += 1) {
      const files = filesOver(new MemoryFs());
      await files.writeDurable(PATH, bytes.slice(0, size));
      expect(await codeOf(() => readSnapshot(files, PATH))).toBe('PAWL_SNAPSHOT_DAMAGED');
    }
  });

  it('refuses to write what it could not read', async () => {
    const store = new SnapshotStore(filesOver(new MemoryFs()), PATH);
    await expect(store.write({ ...snapshot(1), sum: 'x' })).rejects.toThrow('bug');
  });
});
