/** What a change touches beyond its lease: all of it is covered by what is returned, which is bounded, and nothing is returned without need. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, literalSegment, pathSurface } from '../../src/packets/surfaces.ts';
import { OutsidePaths } from '../../src/run/outside-paths.ts';

function outside(leased: readonly string[], paths: readonly string[], max = 64): readonly string[] {
  const found = new OutsidePaths('o/r', leased, max);
  for (const path of paths) found.add(path);
  return found.surfaces();
}

describe('the paths of a change', () => {
  it.each([
    ['below a leased folder are inside', ['path:o/r/src'], ['src/a', 'src/b/c'], []],
    ['are inside of everything', ['path:o/r/**'], ['a', 'b/c'], []],
    ['are inside of the folder of a pattern', ['path:o/r/src/*.js'], ['src/a.css'], []],
    ['are outside of a sibling', ['path:o/r/src'], ['srcs/a'], ['path:o/r/srcs/a']],
    ['are outside of another spelling', ['path:o/r/src'], ['SRC/a'], ['path:o/r/SRC/a']],
    ['are outside of another repository', ['path:o/q/src'], ['src/a'], ['path:o/r/src/a']],
    [
      'are outside of a branch and an issue',
      ['branch:o/r#a', 'scm:github/o/r#1', 'workspace:x'],
      ['a'],
      ['path:o/r/a'],
    ],
    ['are named once, with what lies below them', [], ['a/b', 'a', 'a'], ['path:o/r/a']],
    ['are no patterns', [], ['a/*', '[b]'], ['path:o/r/\\[b]', 'path:o/r/a/\\*']],
  ])('%s', (_name, leased, paths, expected) => {
    expect(outside(leased, paths)).toEqual(expected);
  });

  it('give way to their folders, the deepest first, where they are too many', () => {
    expect(outside([], ['a/b/1', 'a/b/2', 'c/1', 'd'], 3)).toEqual(['path:o/r/a/b', 'path:o/r/c/1', 'path:o/r/d']);
    expect(outside([], ['a/1', 'b/1', 'c'], 2)).toEqual(['path:o/r/**']);
    expect(outside([], ['a/1', 'b/1'], 0)).toEqual(['path:o/r/**']);
  });

  it('give way to a folder where their name is too long for a record', () => {
    const deep = Array.from({ length: 20 }, (_, n) => `${n}${'x'.repeat(99)}`);
    expect(outside([], [deep.join('/')])).toEqual([`path:o/r/${deep.slice(0, 9).join('/')}`]);
    expect(outside([], ['y'.repeat(1_001)])).toEqual(['path:o/r/**']);
  });

  const segment = fc.constantFrom('a', 'b', 'c', '[d]', 'E');
  const path = fc.array(segment, { minLength: 1, maxLength: 5 });

  it('are all covered by what is leased and what is returned, and that is never more than it may be', () => {
    fc.assert(
      fc.property(
        fc.array(path, { maxLength: 3 }),
        fc.array(path, { maxLength: 30 }),
        fc.integer({ min: 1, max: 6 }),
        (held, paths, max) => {
          const leased = held.map((each) => pathSurface('o/r', each.map(literalSegment)));
          const found = outside(
            leased,
            paths.map((each) => each.join('/')),
            max,
          );
          expect(found.length).toBeLessThanOrEqual(max);
          for (const each of paths) {
            const surface = pathSurface('o/r', each.map(literalSegment));
            expect([...leased, ...found].some((above) => covers(above, surface))).toBe(true);
          }
        },
      ),
    );
  });
});
