/** What Files says when the system refuses, and what it leaves then. */
import { describe, expect, it } from 'vitest';
import type { FileStat } from '../../src/ports/fs.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { type FsOp, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { writeAtOnce } from '../../src/prove/memory/other-process.ts';
import { areSameBytes, Files } from '../../src/store/files.ts';
import { bytesOf, clock, codeOf, filesOver, systemError, toldBy } from './store-kit.ts';

/** A file system in which `/file` holds `old`, and whose next `op` fails. */
function failing(op: FsOp, code = 'EIO'): { memory: MemoryFs; files: Files } {
  const memory = new MemoryFs();
  writeAtOnce(memory, '/file', bytesOf('old'));
  const files = new Files(new FaultFs(memory, { ops: [op], at: 1, fault: { code } }), { ...clock, nonce: () => 'n' });
  return { memory, files };
}

/** Every call but those that only look, in order. */
async function changesOf(memory: MemoryFs, body: () => Promise<void>): Promise<string[]> {
  const changes: string[] = [];
  memory.onCall = (op, path) => {
    if (op !== 'stat' && op !== 'open' && op !== 'close') changes.push(`${op} ${path}`);
  };
  await body();
  memory.onCall = null;
  return changes;
}

const bug = new TypeError('a bug');

describe('a refusal of the system is reported with the action and the path', () => {
  it.each([
    ['stat', (files: Files) => files.exists('/file'), 'could not look at /file: EIO'],
    ['list', (files: Files) => files.listNames('/'), 'could not list /: EIO'],
    ['open', (files: Files) => files.readBytes('/file', 9), 'could not open /file: EIO'],
    ['size', (files: Files) => files.readBytes('/file', 9), 'could not read /file: EIO'],
    ['read', (files: Files) => files.readBytes('/file', 9), 'could not read /file: EIO'],
    ['close', (files: Files) => files.readBytes('/file', 9), 'could not close /file: EIO'],
    ['sync', (files: Files) => files.syncFolder('/'), 'could not make / durable: EIO'],
    ['open', (files: Files) => files.syncFolder('/'), 'could not open /: EIO'],
    ['open', (files: Files) => files.replace('/file', bytesOf('x')), 'could not create /.tmp-n: EIO'],
    ['write', (files: Files) => files.replace('/file', bytesOf('x')), 'could not write /.tmp-n: EIO'],
    ['sync', (files: Files) => files.replace('/file', bytesOf('x')), 'could not make /.tmp-n durable: EIO'],
    ['size', (files: Files) => files.replace('/file', bytesOf('x')), 'could not measure /.tmp-n: EIO'],
    ['close', (files: Files) => files.replace('/file', bytesOf('x')), 'could not close /.tmp-n: EIO'],
    ['rename', (files: Files) => files.replace('/file', bytesOf('x')), 'could not replace /file: EIO'],
    ['size', (files: Files) => files.writeOnce('/file', bytesOf('old')), 'could not read /file: EIO'],
    ['read', (files: Files) => files.writeOnce('/file', bytesOf('old')), 'could not read /file: EIO'],
    ['stat', (files: Files) => files.ensureFolders(['/a']), 'could not look at /a: EIO'],
    ['makeFolder', (files: Files) => files.ensureFolders(['/a']), 'could not make folder /a: EIO'],
    ['sync', (files: Files) => files.ensureFolders(['/a']), 'could not make / durable: EIO'],
  ] as const)('%s, %s', async (op, body, message) => {
    const { memory, files } = failing(op);
    expect((await toldBy(() => body(files))).message).toBe(message);
    expect(memory.openCount).toBe(0);
    expect(memory.list('/').filter((name) => name.startsWith('.tmp-'))).toEqual([]);
    expect(filesOver(memory).readBytes('/file', 9)).toEqual(bytesOf('old'));
  });
});

describe('a refusal of our own says what is wrong and what to do', () => {
  const refusal = (subject: string, message: string, hint: string) => ({
    code: 'PAWL_STORE_FAILED',
    kind: 'terminal',
    message,
    subject,
    hint,
    actions: [],
    cause: undefined,
  });
  const { files } = failing('touch');

  it('of a file beyond the bound', async () => {
    expect(await toldBy(() => files.readBytes('/file', 2))).toEqual(
      refusal('/file', '/file holds 3 bytes, more than 2', 'Look at the file: Pawl did not write that.'),
    );
  });

  it('of other bytes than the name tells', async () => {
    expect(await toldBy(() => files.writeOnce('/file', bytesOf('new')))).toEqual({
      ...refusal(
        '/file',
        '/file: content does not match the hash in its name',
        'Keep the file aside and look at who changed it.',
      ),
      code: 'PAWL_ARTIFACT_DAMAGED',
    });
  });

  it.each(['file', 'other'] as const)('of what is no folder, and no link to one: %s', async (kind) => {
    const memory = new MemoryFs();
    memory.stat = (): FileStat => ({ kind, size: 0, mtimeMs: 0 });
    expect(await toldBy(() => filesOver(memory).ensureFolders(['/a']))).toEqual(
      refusal('/a', `/a is a ${kind} where a folder must be`, 'Move it away, then start again.'),
    );
  });

  it('of a disk that takes nothing, with how much is left to write', async () => {
    const memory = new MemoryFs();
    const taken = [2, 1, 0];
    memory.write = () => taken.shift() ?? expect.fail();
    expect(await toldBy(() => filesOver(memory).writeAll(7, '/a', bytesOf('12345'), 0))).toEqual(
      refusal('/a', 'could not write /a: the system wrote none of 2 bytes', 'Check the disk.'),
    );
  });

  it.each([2, 4])('of a size of 3 that should be %i', async (expected) => {
    expect(await toldBy(() => files.using('/file', 'r', (fd) => files.checkSize(fd, '/file', expected)))).toEqual(
      refusal(
        '/file',
        `/file is 3 bytes long after writing, not ${expected}`,
        'Check the disk, and that no other process writes there.',
      ),
    );
    expect(files.using('/file', 'r', (fd) => files.checkSize(fd, '/file', 3))).toBeUndefined();
  });
});

describe('writeAll', () => {
  it.each([
    [0, [0, 2, 4]],
    [10, [10, 12, 14]],
    [null, [null, null, null]],
  ])('continues where the last write ended, from %o', (from, expected) => {
    const memory = new MemoryFs();
    const [positions, parts]: [(number | null)[], string[]] = [[], []];
    memory.write = (_fd, bytes, position) => {
      positions.push(position);
      parts.push(new TextDecoder().decode(bytes));
      return Math.min(2, bytes.length);
    };
    filesOver(memory).writeAll(7, '/a', bytesOf('12345'), from);
    expect([positions, parts]).toEqual([expected, ['12345', '345', '5']]);
  });

  it('of nothing writes nothing', () => {
    const memory = new MemoryFs();
    memory.write = () => expect.fail();
    filesOver(memory).writeAll(7, '/a', bytesOf(''), 0);
  });
});

describe('using', () => {
  it('gives what the body returns, and closes the file', () => {
    const { memory, files } = failing('touch');
    expect(files.using('/file', 'r', () => 7)).toBe(7);
    expect(memory.openCount).toBe(0);
  });

  it.each([
    ['r', 'read'],
    ['rNoFollow', 'read'],
    ['r+', 'change'],
    ['a+', 'change'],
  ] as const)('in the mode %s tells a system error of the body as one to %s', async (mode, action) => {
    const { memory, files } = failing('touch');
    const body = (): never => {
      throw systemError('EIO');
    };
    expect((await toldBy(() => files.using('/file', mode, body))).message).toBe(`could not ${action} /file: EIO`);
    expect(memory.openCount).toBe(0);
  });

  it('reports the first failure if closing fails too, unless that is a bug', async () => {
    const body = (): never => {
      throw systemError('ENOSPC');
    };
    expect(await codeOf(() => failing('close').files.using('/file', 'r', body))).toBe('PAWL_STORE_FULL');
    const { memory, files } = failing('touch');
    memory.onCall = (op) => {
      if (op === 'close') throw bug;
    };
    expect(() => files.using('/file', 'r', body)).toThrow(bug);
  });

  it('if it exists: absent is null, and anything else in the way is reported', async () => {
    const { files } = failing('touch');
    expect(files.usingIfThere('/gone', () => 7)).toBeNull();
    expect(files.usingIfThere('/file', () => 7)).toBe(7);
    expect((await toldBy(() => files.usingIfThere('/file/a', () => 7))).message).toBe(
      'could not open /file/a: ENOTDIR',
    );
    const body = (): never => {
      throw bug;
    };
    expect(() => files.usingIfThere('/file', body)).toThrow(bug);
  });
});

describe('a temporary file', () => {
  it('that cannot be removed is left to lie, and one that is gone is no failure', () => {
    const { memory, files } = failing('unlink', 'EACCES');
    files.removeTemporary('/file');
    expect(memory.list('/')).toEqual(['file']);
    files.removeTemporary('/file');
    files.removeTemporary('/file');
    expect(memory.list('/')).toEqual([]);
  });

  it('whose removal meets a bug of ours lets it pass', () => {
    const { memory, files } = failing('touch');
    memory.onCall = () => {
      throw bug;
    };
    expect(() => files.removeTemporary('/file')).toThrow(bug);
  });

  it('is named by a nonce, in its folder, and holds the bytes durably', async () => {
    const { memory, files } = failing('touch');
    expect(await files.writeTemporary('/', bytesOf('x'))).toBe('/.tmp-n');
    await files.syncFolder('/');
    expect(filesOver(memory.crash('nothing')).readBytes('/.tmp-n', 9)).toEqual(bytesOf('x'));
  });
});

describe('ensureFolders', () => {
  const other = (memory: MemoryFs): Files => new Files(memory, clock, ['/a']);

  it('owes nothing to folders that Pawl has not made', async () => {
    const memory = new MemoryFs();
    memory.makeFolder('/a');
    expect(await changesOf(memory, () => other(memory).ensureFolders(['/a']))).toEqual([]);
    expect(await changesOf(memory, () => other(memory).ensureFolders(['/a/b']))).toEqual([
      'makeFolder /a/b',
      'sync /a',
    ]);
  });

  it('syncs a parent once for all that it finds or makes there, and none of the root', async () => {
    const memory = new MemoryFs();
    for (const path of ['/a', '/a/b', '/a/c']) memory.makeFolder(path);
    const changes = (paths: string[]) => changesOf(memory, () => filesOver(memory).ensureFolders(paths));
    expect(await changes(['/a/b', '/a/c'])).toEqual(['sync /a']);
    expect(await changes(['/a/b', '/a/d'])).toEqual(['sync /', 'makeFolder /a/d', 'sync /a']);
    expect(await changes(['/'])).toEqual([]);
    expect(await changes(['/', '/e'])).toEqual(['makeFolder /e', 'sync /']);
    expect(await changes([])).toEqual([]);
  });

  it('takes a link for the folder that it leads to', async () => {
    const memory = new MemoryFs();
    memory.makeFolder('/a');
    const stat = memory.stat.bind(memory);
    memory.stat = (path) => (path === '/a' ? { kind: 'link', size: 0, mtimeMs: 0 } : stat(path));
    expect(await changesOf(memory, () => filesOver(memory).ensureFolders(['/a/b']))).toEqual([
      'sync /',
      'makeFolder /a/b',
      'sync /a',
    ]);
  });

  it('takes a folder that another process made in between for its own', async () => {
    const memory = new MemoryFs();
    memory.onCall = (op, path) => {
      if (op !== 'makeFolder') return;
      memory.onCall = null;
      memory.makeFolder(path);
    };
    await filesOver(memory).ensureFolders(['/a']);
    expect(memory.crash('nothing').stat('/a')?.kind).toBe('folder');
  });

  it('does without the sync of a parent that it may not open, where the folder was there', async () => {
    const refusing = (code: string): (() => Promise<void>) => {
      const memory = new MemoryFs();
      memory.makeFolder('/a');
      const fs = new FaultFs(memory, { ops: ['open'], at: 1, fault: { code } });
      return () => filesOver(fs).ensureFolders(['/a']);
    };
    await refusing('EACCES')();
    expect(await codeOf(refusing('EIO'))).toBe('PAWL_STORE_FAILED');
    const memory = new MemoryFs();
    memory.makeFolder('/a');
    memory.onCall = (op) => {
      if (op === 'open') throw bug;
    };
    await expect(filesOver(memory).ensureFolders(['/a'])).rejects.toBe(bug);
  });
});

it('names that cannot be listed are none only where the folder is absent', async () => {
  expect(failing('list', 'ENOENT').files.listNames('/')).toEqual([]);
  expect(await codeOf(() => failing('list', 'ENOTDIR').files.listNames('/'))).toBe('PAWL_STORE_FAILED');
});

it('bytes are the same by what they hold', () => {
  expect(areSameBytes(bytesOf('ab'), Buffer.from('ab'))).toBe(true);
  for (const other of ['aa', 'a', 'abc', '']) expect(areSameBytes(bytesOf('ab'), bytesOf(other))).toBe(false);
});
