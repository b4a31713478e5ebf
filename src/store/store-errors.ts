/**
 * What a failed file operation means, in the words and codes of Pawl.
 *
 * Owns: the mapping from system errors to PawlError. Does not own: what the caller does about it.
 *
 * Invariant: an error without a system code is our bug and passes through unchanged.
 */
import { blocker } from '../model/blocker.ts';
import { type ErrorDetails, PawlError, systemCode } from '../model/error.ts';

/** Codes with which a file system says that it has no hard links. */
export const NO_LINK_CODES: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV'];

const FULL: readonly string[] = ['ENOSPC', 'EDQUOT'];
const FORBIDDEN: readonly string[] = ['EACCES', 'EPERM', 'EROFS'];

/** The length of the text that a blocker repeats. */
const NAME_CHARS = 1_000;

type Meaning = Pick<ErrorDetails, 'code' | 'hint' | 'kind'>;

/** The result of `call`; a system error becomes a PawlError that names the action and the path. */
export function attempt<T>(action: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw storeFailure(action, path, error);
  }
}

/** Like `attempt`, for fsync and fdatasync: any system error means that nothing in memory may be trusted any more. */
export async function attemptSync(path: string, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    throw syncFailure(path, error);
  }
}

/** The error to throw for a failed `action` on `path`. */
export function storeFailure(action: string, path: string, error: unknown): unknown {
  const systemError = systemCode(error);
  if (error instanceof PawlError || systemError === undefined) return error;
  const means = meaning(systemError);
  const facts = { action: action.slice(0, NAME_CHARS), path: path.slice(0, NAME_CHARS), systemCode: systemError };
  return new PawlError({
    ...means,
    message: `could not ${action} ${path}: ${systemError}`,
    subject: path,
    cause: error,
    ...(means.code === 'PAWL_STORE_FAILED' ? { blocker: blocker(means.code, facts, [facts.path]) } : {}),
  });
}

/** What to throw for an error that reached the top: a refusal by the system gets its code, anything else is unchanged. */
export function systemFailure(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : '';
  return storeFailure(String(error.syscall), path === '' ? 'a file' : path, error);
}

/** What to throw for a failed sync of `path`: the process that sees it stops, and the next one reads the disk. */
export function syncFailure(path: string, error: unknown): unknown {
  const systemError = systemCode(error);
  if (error instanceof PawlError || systemError === undefined) return error;
  return new PawlError({
    code: 'PAWL_STORE_SYNC_FAILED',
    message: `could not make ${path} durable: ${systemError}`,
    subject: path,
    hint: 'Check the disk (free space, kernel log), then start again: the next start trusts only what it reads back.',
    kind: 'terminal',
    cause: error,
  });
}

/** What to throw for a failure that the system has not reported as an error. */
export function storeRefusal(path: string, message: string, hint: string, cause?: unknown): PawlError {
  return new PawlError({ code: 'PAWL_STORE_FAILED', message, subject: path, hint, cause });
}

function meaning(systemError: string): Meaning {
  if (FULL.includes(systemError)) {
    return {
      code: 'PAWL_STORE_FULL',
      hint: 'Free some space (or raise the quota), then start again.',
      kind: 'needsHuman',
    };
  }
  if (FORBIDDEN.includes(systemError)) {
    return {
      code: 'PAWL_STORE_PERMISSION',
      hint: 'Give the user running pawl read and write access to it, then start again.',
      kind: 'needsHuman',
    };
  }
  return { code: 'PAWL_STORE_FAILED', hint: 'Check the disk and the path, then start again.', kind: 'terminal' };
}
