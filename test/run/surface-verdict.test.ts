/** What a run may lease beyond its lease: never what another holds, and under a strict config only what a person has accepted. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import { blockerSchema } from '../../src/model/event.ts';
import { surfaceBlocker, surfaceVerdict } from '../../src/run/surface-verdict.ts';

const surface = fc.constantFrom<string>('path:o/r/a', 'path:o/r/b', 'path:o/r/b/c', 'path:o/r/d');
const surfaces = fc.uniqueArray(surface, { maxLength: 4 });
const question = fc
  .record({ beyond: surfaces, held: fc.array(surfaces, { maxLength: 2 }), isStrict: fc.boolean(), accepted: surfaces })
  .map(({ beyond, held, ...rest }) => ({
    ...rest,
    beyond,
    held: held
      .map((each, n) => ({ holder: `run_${n}`, surfaces: each.filter((one) => beyond.includes(one)) }))
      .filter((each) => each.surfaces.length > 0),
  }));

describe('the verdict', () => {
  it('leases or refuses every surface, and leases none that another run holds or that awaits a person', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { added, refused, holder } = surfaceVerdict(asked);
        expect([...added, ...refused].sort()).toEqual([...asked.beyond].sort());
        const held = asked.held.flatMap((each) => each.surfaces);
        expect(added.filter((each) => held.includes(each))).toEqual([]);
        if (!asked.isStrict) expect(refused.every((each) => held.includes(each))).toBe(true);
        else expect(added.every((each) => asked.accepted.some((one) => each.startsWith(one)))).toBe(true);
        expect(holder).toBe(asked.held[0]?.holder ?? null);
      }),
    );
  });
});

describe('the blocker', () => {
  const many = Array.from({ length: 60 }, (_, n) => `path:o/r/${'deep/'.repeat(150)}${n}`);

  it('names paths and every holder, and fits into a record however many they are', () => {
    const held = [
      { holder: 'run_x', surfaces: ['path:o/r/src/\\[id].js'] },
      { holder: 'run_y', surfaces: many },
    ];
    const asked = { beyond: ['path:o/r/src/\\[id].js', ...many], held, isStrict: false, accepted: [] };
    const blocker = surfaceBlocker(asked, surfaceVerdict(asked), { repo: 'o/r', commit: 'c'.repeat(40) });
    expect(blockerSchema.safeParse(blocker).success).toBe(true);
    expect(shownBlocker(blocker).message).toMatch(
      /^The work changes src\/\[id\]\.js, .* and 56 more, outside the packet's conflict surface; run_x holds src\/\[id\]\.js; run_y holds /s,
    );
    expect(shownBlocker(blocker).hint).toContain('Retry once run_x has ended');
  });

  it('says that a person can accept if no run holds the paths', () => {
    const asked = { beyond: ['path:o/r/a\u202eb\u0007'], held: [], isStrict: true, accepted: [] };
    const { message, hint } = shownBlocker(
      surfaceBlocker(asked, surfaceVerdict(asked), { repo: 'o/r', commit: 'c'.repeat(40) }),
    );
    expect(message).toContain('The work changes a\\u{202e}b\\u{7}, outside the');
    expect(message).toContain('"surface" is "strict"');
    expect(hint).toContain('Accept it');
  });
});

describe('the words', () => {
  const commit = 'c'.repeat(40);
  const place = { repo: 'o/r', commit };
  const refused = ['path:o/r/a', 'path:o/r/b'];

  it('with a holder say what it holds, that its end is waited for, and name both as evidence', () => {
    const held = [{ holder: 'run_x', surfaces: ['path:o/r/a'] }];
    expect(
      shownBlocker(
        surfaceBlocker(
          { beyond: refused, held, isStrict: false, accepted: [] },
          { added: [], refused, holder: 'run_x' },
          place,
        ),
      ),
    ).toEqual({
      code: 'PAWL_SURFACE_CONFLICT',
      message: "The work changes a, b, outside the packet's conflict surface; run_x holds a.",
      hint: 'The work is kept as commit cccccccccccc. Retry once run_x has ended: the run then continues with this work. Or abandon the run.',
      evidence: ['run_x', commit, ...refused],
    });
  });

  it('without a holder say what accepting and retrying mean', () => {
    expect(
      shownBlocker(
        surfaceBlocker(
          { beyond: refused, held: [], isStrict: true, accepted: [] },
          { added: [], refused, holder: null },
          place,
        ),
      ),
    ).toEqual({
      code: 'PAWL_SURFACE_CONFLICT',
      message:
        'The work changes a, b, outside the packet\'s conflict surface, and "surface" is "strict" in the config.',
      hint: 'The work is kept as commit cccccccccccc. Accept it to lease these paths and continue; retry to have the work done again, with this commit kept under a rescue ref; or abandon the run.',
      evidence: [commit, ...refused],
    });
  });

  it('cut a path at 200 characters, the whole at 4,000, and the evidence at 20 surfaces', () => {
    const long = Array.from({ length: 30 }, (_, n) => `path:o/r/${'x'.repeat(300)}${n}`);
    const held = Array.from({ length: 30 }, (_, n) => ({ holder: `run_${n}`, surfaces: long }));
    const asked = { beyond: long, held, isStrict: false, accepted: [] };
    const { message, evidence } = shownBlocker(surfaceBlocker(asked, surfaceVerdict(asked), place));
    expect(message).toHaveLength(4_000);
    expect(message.startsWith(`The work changes ${'x'.repeat(200)}, x`)).toBe(true);
    expect(evidence).toEqual(['run_0', commit, ...long.slice(0, 20)]);
  });

  it('hold nothing back that was accepted from above', () => {
    const asked = { beyond: ['path:o/r/a/b'], held: [], isStrict: true, accepted: ['path:o/r/z', 'path:o/r/a'] };
    expect(surfaceVerdict(asked)).toEqual({ added: ['path:o/r/a/b'], refused: [], holder: null });
    expect(surfaceVerdict({ ...asked, accepted: ['path:o/r/z'] }).refused).toEqual(['path:o/r/a/b']);
  });
});
