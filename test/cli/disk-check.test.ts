/** The floors of free space, at their edges. */
import { expect, it } from 'vitest';
import { diskCheck } from '../../src/cli/doctor/disk-check.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

it.each([
  [GIB, 'ok', '1.0 GiB free', null],
  [GIB - 1, 'warning', '1023 MiB free', 'Free some space: less than 1.0 GiB is left at /state.'],
  [100 * MIB, 'warning', '100 MiB free', 'Free some space: less than 1.0 GiB is left at /state.'],
  [100 * MIB - 1, 'failed', '99 MiB free', 'Free some space: less than 100 MiB is left at /state.'],
])('with %d bytes left where the least is left the check is %s', (bytes, status, found, hint) => {
  const rooms = [
    { folder: '/tmp', bytes: 9 * GIB },
    { folder: '/state', bytes },
  ];
  expect(diskCheck(rooms)).toEqual({ name: 'disk', status, found, hint });
});
