/** A case that the types rule out and that comes all the same is a bug, told with the value. */
import { expect, it } from 'vitest';
import { unreachable } from '../../src/base/unreachable.ts';

it('throws, and says what came', () => {
  expect(() => unreachable({ kind: 'new' } as never)).toThrow('bug: a case that cannot exist: {"kind":"new"}');
});
