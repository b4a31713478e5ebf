import { describe, expect, it } from 'vitest';
import {
  attempt,
  attemptSync,
  NO_LINK_CODES,
  storeFailure,
  storeRefusal,
  syncFailure,
  systemFailure,
} from '../../src/store/store-errors.ts';
import { systemError, type Told, toldBy } from './store-kit.ts';

const told = async (error: unknown): Promise<Told> =>
  await toldBy(() => {
    throw error;
  });

const FULL = {
  code: 'PAWL_STORE_FULL',
  kind: 'needsHuman',
  hint: 'Free some space (or raise the quota), then start again.',
};
const FORBIDDEN = {
  code: 'PAWL_STORE_PERMISSION',
  kind: 'needsHuman',
  hint: 'Give the user running pawl read and write access to it, then start again.',
};
const FAILED = { code: 'PAWL_STORE_FAILED', kind: 'terminal', hint: 'Check the disk and the path, then start again.' };
const SYNC_FAILED = {
  code: 'PAWL_STORE_SYNC_FAILED',
  kind: 'terminal',
  hint: 'Check the disk (free space, kernel log), then start again: the next start trusts only what it reads back.',
};

describe('a failed action', () => {
  it.each([
    ['ENOSPC', FULL],
    ['EDQUOT', FULL],
    ['EACCES', FORBIDDEN],
    ['EPERM', FORBIDDEN],
    ['EROFS', FORBIDDEN],
    ['EIO', FAILED],
    ['ENOENT', FAILED],
  ])('is reported with the action, the path, %s, and what to do about it', async (code, expected) => {
    const cause = systemError(code);
    const whole = { ...expected, message: `could not open /a: ${code}`, subject: '/a', actions: [], cause };
    expect(await told(storeFailure('open', '/a', cause))).toEqual(whole);
    expect(
      await toldBy(() =>
        attempt('open', '/a', () => {
          throw cause;
        }),
      ),
    ).toEqual(whole);
  });

  it('that was already reported, or that is a bug, is unchanged', () => {
    const refusal = Object.assign(storeRefusal('/a', 'm', 'h'), { code: 'PAWL_STORE_FULL' });
    for (const error of [refusal, new TypeError('a bug'), 'a text', undefined]) {
      expect(storeFailure('open', '/b', error)).toBe(error);
      expect(syncFailure('/b', error)).toBe(error);
    }
  });

  it('that does not fail gives its result', () => {
    expect(attempt('open', '/a', () => 7)).toBe(7);
  });
});

describe('a failed sync', () => {
  it.each(['EIO', 'ENOSPC', 'EACCES'])(
    'is the end of what the process believes, whatever the cause: %s',
    async (code) => {
      const cause = systemError(code);
      const whole = {
        ...SYNC_FAILED,
        message: `could not make /a durable: ${code}`,
        subject: '/a',
        actions: [],
        cause,
      };
      expect(await told(syncFailure('/a', cause))).toEqual(whole);
      expect(
        await toldBy(() =>
          attemptSync('/a', () => {
            throw cause;
          }),
        ),
      ).toEqual(whole);
    },
  );

  it('is none where the call returns', async () => {
    let calls = 0;
    await attemptSync('/a', async () => {
      calls += 1;
    });
    expect(calls).toBe(1);
  });
});

describe('an error that reached the top', () => {
  it('of a system call is reported with that call and its path', async () => {
    const cause = systemError('EACCES', { syscall: 'scandir', path: '/a' });
    expect(await told(systemFailure(cause))).toEqual({
      ...FORBIDDEN,
      message: 'could not scandir /a: EACCES',
      subject: '/a',
      actions: [],
      cause,
    });
  });

  it.each([{}, { path: '' }, { path: 7 }])('without a path is of a file: %j', async (more) => {
    const error = systemFailure(systemError('EIO', { syscall: 'read', ...more }));
    expect(await told(error)).toMatchObject({ message: 'could not read a file: EIO', subject: 'a file' });
  });

  it('that no system call has failed with stays what it is', () => {
    for (const error of [
      systemError('EIO'),
      new TypeError('a bug'),
      { syscall: 'read', code: 'EIO' },
      'a text',
      null,
    ]) {
      expect(systemFailure(error)).toBe(error);
    }
  });
});

it('what the system has not reported is refused in the words that are given', async () => {
  const cause = systemError('EIO');
  const given = { message: 'm', subject: '/a', hint: 'h', actions: [] };
  const whole = { code: 'PAWL_STORE_FAILED', kind: 'terminal', ...given };
  expect(await told(storeRefusal('/a', 'm', 'h'))).toEqual({ ...whole, cause: undefined });
  expect(await told(storeRefusal('/a', 'm', 'h', cause))).toEqual({ ...whole, cause });
});

it('the codes that mean "no hard links" are those of link(2)', () => {
  expect(NO_LINK_CODES).toEqual(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV']);
});
