/** A handoff as its reviewer gets it, written out: one with everything that there can be in it, one with as little as there can be. */
import { describe, expect, it } from 'vitest';
import { handoffBundle } from '../../../src/run/handoff/bundle.ts';
import { BARE, RICH } from '../../support/handoff-input.ts';

describe('a handoff', () => {
  it.each([
    ['handoff', RICH],
    ['handoff-bare', BARE],
  ])('is as it is written out: %s', async (name, input) => {
    const { json, markdown } = handoffBundle(input);
    await expect(markdown).toMatchFileSnapshot(`data/${name}.md`);
    await expect(`${JSON.stringify(JSON.parse(json), null, 2)}\n`).toMatchFileSnapshot(`data/${name}.json.txt`);
  });
});
