import { describe, expect, it } from 'vitest';
import { PawlError } from '../../src/model/error.ts';
import { FaultFs } from '../../src/prove/memory/fault-fs.ts';
import { type FsOp, MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { bytesOf, codeOf, codeOfFault, filesOver, forEachCrash, forEachFault, textOf } from './store-kit.ts';

const BOUND = 10_000;

describe('ensureFolders', () => {
  it('makes missing ancestors and syncs each parent of a new entry once, before anything is made below', async () => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const order: string[] = [];
    memory.onCall = (op, path) => {
      if (op === 'makeFolder' || op === 'sync') order.push(`${op} ${path}`);
    };
    const files = filesOver(fs);
    await files.ensureFolders(['/a/b/c', '/a/b/d', '/a/e']);
    expect(order).toEqual([
      'makeFolder /a',
      'sync /',
      'makeFolder /a/b',
      'makeFolder /a/e',
      'sync /a',
      'makeFolder /a/b/c',
      'makeFolder /a/b/d',
      'sync /a/b',
    ]);
    await files.ensureFolders(['/a/b/c', '/a/b/d', '/a/e', '/a']);
    expect(fs.countOf('sync')).toBe(3);
  });

  it('syncs again, once per process, the parent of a folder that it finds: its maker may have been killed', async () => {
    const memory = new MemoryFs();
    memory.makeFolder('/a');
    const fs = new FaultFs(memory);
    const files = filesOver(fs);
    await files.ensureFolders(['/a']);
    await files.ensureFolders(['/a']);
    expect(fs.countOf('sync')).toBe(1);
    expect(memory.crash('nothing').stat('/a')?.kind).toBe('folder');
  });

  it('has made them durable with all ancestors when it returns, after a crash and a restart too', async () => {
    const ways = await forEachCrash(
      () => undefined,
      (fs) => filesOver(fs).ensureFolders(['/a/b/c', '/a/d']),
      async (survivor) => {
        await filesOver(survivor).ensureFolders(['/a/b/c', '/a/d']);
        const again = survivor.crash('nothing');
        expect(again.stat('/a/b/c')?.kind).toBe('folder');
        expect(again.stat('/a/d')?.kind).toBe('folder');
      },
    );
    expect(ways).toBeGreaterThan(10);
  });

  it('loses none when its process is killed, another finishes, and then the power goes', async () => {
    for (let at = 1; at < 30; at += 1) {
      const memory = new MemoryFs();
      let count = 0;
      memory.onCall = () => {
        count += 1;
        if (count === at) throw Object.assign(new Error('stop'), { code: 'EIO' });
      };
      await codeOf(() => filesOver(memory).ensureFolders(['/a/b/c']));
      memory.onCall = null;
      await filesOver(memory).ensureFolders(['/a/b/c']);
      expect(memory.crash('nothing').stat('/a/b/c')?.kind).toBe('folder');
    }
  });

  it('refuses a file where a folder must be', async () => {
    const fs = new MemoryFs();
    fs.close(fs.open('/a', 'wx+'));
    expect(await codeOf(() => filesOver(fs).ensureFolders(['/a/b']))).toBe('PAWL_STORE_FAILED');
  });
});

describe('readBytes', () => {
  it('gives null for an absent file, the bytes of one within the bound, an error beyond it', async () => {
    const files = filesOver(new MemoryFs());
    expect(files.readBytes('/a', BOUND)).toBeNull();
    await files.writeDurable('/a', bytesOf('12345'));
    expect(textOf(files.readBytes('/a', 5))).toBe('12345');
    expect(await codeOf(() => files.readBytes('/a', 4))).toBe('PAWL_STORE_FAILED');
    expect(await codeOf(() => files.readBytes('/a/b', 5))).toBe('PAWL_STORE_FAILED');
  });
});

const WRITES = {
  writeDurable: { old: 'old', new: 'something new', mayReplace: true },
  writeOnce: { old: null, new: 'something new', mayReplace: false },
} as const;

describe.each(Object.entries(WRITES))('%s', (name, { old, new: fresh }) => {
  const method = name === 'writeOnce' ? 'writeOnce' : 'writeDurable';
  const prepare = async (fs: MemoryFs): Promise<void> => {
    if (old !== null) await filesOver(fs).writeDurable('/file', bytesOf(old));
  };
  const write = (fs: MemoryFs | FaultFs): Promise<void> => filesOver(fs)[method]('/file', bytesOf(fresh));
  const read = (fs: MemoryFs): string | null => textOf(filesOver(fs).readBytes('/file', BOUND));

  it('leaves old or new after a crash at any call, never half; new once it returned', async () => {
    const ways = await forEachCrash(prepare, write, (survivor, _acknowledged, _choice, hasEnded) => {
      expect(hasEnded ? [fresh] : [old, fresh]).toContain(read(survivor));
    });
    expect(ways).toBeGreaterThan(8);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EIO', 'EACCES', 'EROFS'])(
    'tells %s at any call by its code and leaves old or new, and nothing else',
    async (code) => {
      const ways = await forEachFault({ fault: { code } }, prepare, async (fs, memory) => {
        const thrown = await codeOf(() => write(fs));
        expect(thrown).toBe(fs.firedOp === null ? null : codeOfFault(fs.firedOp, code));
        expect([old, fresh]).toContain(read(memory));
        expect(memory.list('/').filter((entry) => entry !== 'file')).toEqual([]);
      });
      expect(ways).toBeGreaterThan(8);
    },
  );

  it('loops over short writes and refuses a write that takes nothing', async () => {
    await forEachFault({ ops: ['write'], fault: 'short', isLasting: true }, prepare, async (fs, memory) => {
      await write(fs);
      expect(read(memory)).toBe(fresh);
    });
    await forEachFault({ ops: ['write'], fault: 'none' }, prepare, async (fs, memory) => {
      expect(await codeOf(() => write(fs))).toBe(fs.hasFired ? 'PAWL_STORE_FAILED' : null);
      expect(read(memory)).toBe(fs.hasFired ? old : fresh);
    });
  });
});

describe('writeOnce', () => {
  it('keeps the same bytes, only syncing the folder, and refuses other ones', async () => {
    const memory = new MemoryFs();
    await filesOver(memory).writeOnce('/file', bytesOf('content'));
    const fs = new FaultFs(memory);
    const files = filesOver(fs);
    await files.writeOnce('/file', bytesOf('content'));
    expect([fs.countOf('write', 'rename', 'link'), fs.countOf('sync')]).toEqual([0, 1]);
    for (const other of ['contenu', 'conten', 'content!', '']) {
      expect(await codeOf(() => files.writeOnce('/file', bytesOf(other)))).toBe('PAWL_ARTIFACT_DAMAGED');
    }
    expect(textOf(files.readBytes('/file', BOUND))).toBe('content');
  });
});

it('names path, cause and what to do in every error, and lets our own bugs through', async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory, { ops: ['open'], at: 1, fault: { code: 'ENOSPC' } });
  try {
    await filesOver(fs).writeDurable('/a', bytesOf('x'));
    expect.unreachable();
  } catch (error) {
    if (!(error instanceof PawlError)) throw error;
    expect(error.subject).toMatch(/^\/\.tmp-/);
    expect(error.cause).toMatchObject({ code: 'ENOSPC' });
    expect(error.hint).not.toBe('');
  }
  memory.onCall = () => {
    throw new TypeError('a bug');
  };
  expect(() => filesOver(memory).exists('/a')).toThrow(TypeError);
});

it('lists names without temporary ones, none for an absent folder', async () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  await files.writeDurable('/b', bytesOf(''));
  await files.writeTemporary('/', bytesOf(''));
  expect(files.listNames('/')).toEqual(['b']);
  expect(files.listNames('/none')).toEqual([]);
});

it('writeDurable costs two syncs', async () => {
  const fs = new FaultFs(new MemoryFs());
  await filesOver(fs).writeDurable('/a', bytesOf('x'));
  const syncs: readonly FsOp[] = ['sync', 'dataSync'];
  expect(fs.countOf(...syncs)).toBe(2);
});
