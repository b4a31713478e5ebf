import { describe, expect, test } from 'vitest';
import { isColoured } from '../../src/cli/output.ts';

const TERMINAL = { isTTY: true };
const PIPE = {};

describe('colours', () => {
  test.each([
    ['a terminal', TERMINAL, {}, true],
    ['a terminal under NO_COLOR', TERMINAL, { NO_COLOR: '1' }, false],
    ['a dumb terminal', TERMINAL, { TERM: 'dumb' }, false],
    ['a pipe', PIPE, {}, false],
    ['a pipe on a build server', PIPE, { CI: 'true' }, false],
    ['a pipe under FORCE_COLOR', PIPE, { FORCE_COLOR: '1' }, true],
    ['a terminal under FORCE_COLOR=0', TERMINAL, { FORCE_COLOR: '0' }, false],
    ['a pipe under both', PIPE, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('%s: %j under %j is %s', (_name, stream, env, wanted) => {
    expect(isColoured(stream, env)).toBe(wanted);
  });
});
