import { describe, expect, test } from 'vitest';
import { isSpoken, versionMismatch } from '../../src/client/versions.ts';
import { API_VERSIONS } from '../../src/daemon/api/document.ts';

describe('a client', () => {
  test.each([
    [API_VERSIONS, true],
    [{ min: 1, max: 3 }, true],
    [{ min: 0, max: 1 }, true],
    [{ min: 0, max: 0 }, false],
    [{ min: 2, max: 3 }, false],
  ])('and a daemon that speaks %j: together %s', (api, isTogether) => expect(isSpoken(api)).toBe(isTogether));

  test('tells an older daemon to start again, and a newer one that it is too old itself', () => {
    const older = versionMismatch({ version: '0.0.9', api: { min: 0, max: 0 } }, '0.1.0');
    expect([older.code, older.message]).toEqual([
      'PAWL_DAEMON_VERSION',
      'The daemon is pawl 0.0.9, which speaks version 0 of the API; this is pawl 0.1.0, which speaks version 1.',
    ]);
    expect(older.hint).toContain('`pawl stop`, then `pawl start`');
    const newer = versionMismatch({ version: '2.0.0', api: { min: 2, max: 3 } }, '0.1.0');
    expect(newer.message).toContain('speaks versions 2 to 3');
    expect(newer.hint).toContain('Install the version of the daemon');
  });
});
