/** The surfaces of a packet, and which of them two runs cannot hold at once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { readPackets } from '../../src/packets/packets.ts';
import {
  covers,
  doOverlap,
  isInsideRepository,
  literalSegment,
  locally,
  overlapping,
  pathSurface,
  shownSurface,
  surfacesOf,
} from '../../src/packets/surfaces.ts';
import { goodPacket } from './good-packet.ts';

function surfacesFor(conflictSurface: readonly string[], change: Record<string, unknown> = {}): readonly string[] {
  const packet = { ...goodPacket(), conflict_surface: conflictSurface, ...change };
  const reading = readPackets(JSON.stringify([packet]), sha256).readings[0];
  return reading === undefined ? [] : surfacesOf(reading.packet, 'run_1');
}

describe('surfacesOf', () => {
  it('names workspace, branch, issue and each declared path', () => {
    expect(surfacesFor(['src/widgets', './docs/', 'a//b/./c/../d'])).toEqual([
      'workspace:run_1',
      'branch:acme/widgets#work/task-1',
      'scm:github/acme/widgets#12',
      'path:acme/widgets/src/widgets',
      'path:acme/widgets/docs',
      'path:acme/widgets/a/b/d',
    ]);
  });

  it.each(['.', './', '**', '**/*', '*', './**', 'a/..', '**/*.ts'])('%j means everything', (path) => {
    expect(surfacesFor([path]).at(-1)).toBe('path:acme/widgets/**');
  });

  it.each(['src/**', 'src/*', 'src/*.ts', 'src/**/x.ts', 'src/{a,b}', 'src/[ab]/c', 'src/a?'])(
    '%j counts as src',
    (path) => {
      expect(surfacesFor([path]).at(-1)).toBe('path:acme/widgets/src');
    },
  );

  it('holds no surface twice and invents none for a packet without a repository', () => {
    expect(surfacesFor(['src', './src', 'src/']).filter((it) => it.startsWith('path:'))).toEqual([
      'path:acme/widgets/src',
    ]);
    expect(surfacesFor(['src'], { scm_target: {} })).toEqual(['workspace:run_1']);
  });
});

describe('doOverlap', () => {
  it.each([
    ['path:o/r/src', 'path:o/r/src'],
    ['path:o/r/src', 'path:o/r/src/a/b'],
    ['path:o/r/.', 'path:o/r/src'],
    ['path:o/r/**', 'path:o/r/src'],
    ['path:o/r', 'path:o/r/src'],
    ['path:o/r/src/**', 'path:o/r/src'],
    ['path:o/r/src/*', 'path:o/r/src/a'],
    ['path:o/r/src/', 'path:o/r/src/a'],
    ['branch:o/r#a', 'branch:o/r#a'],
    ['branch:o/r#a', 'branch:o/r#a/b'],
    ['path:o/r/Src/A.js', 'path:o/r/src/a.js'],
    ['path:O/R/src', 'path:o/r/src/a'],
    ['path:o/r/caf\u00e9', 'path:o/r/cafe\u0301/menu'],
    ['path:o/r/a/\\[id]', 'path:o/r/a/\\[id]/b'],
  ])('%s overlaps %s', (a, b) => {
    expect(doOverlap(a, b)).toBe(true);
    expect(doOverlap(b, a)).toBe(true);
  });

  it.each([
    ['path:o/r/src', 'path:o/r/source'],
    ['path:o/r/src/a', 'path:o/r/src/b'],
    ['path:o/r/src', 'path:o/q/src'],
    ['path:o/r/**', 'path:o/q/src'],
    ['branch:o/r#a', 'branch:o/r#ab'],
    ['branch:o/r#a/b', 'branch:o/r#a/c'],
    ['path:o/r/a/\\[id]', 'path:o/r/a/b'],
    ['path:o/r/a/\\*', 'path:o/r/a/x'],
    ['branch:o/r#a', 'branch:o/r#A'],
    ['scm:github/o/r#1', 'scm:github/o/r#12'],
    ['workspace:run_1', 'workspace:run_12'],
    ['workspace:o/r/src', 'path:o/r/src'],
  ])('%s does not overlap %s', (a, b) => {
    expect(doOverlap(a, b)).toBe(false);
    expect(doOverlap(b, a)).toBe(false);
  });

  const segment = fc.constantFrom('a', 'b', 'ab', '.', '**', '*', 'c');
  const path = fc.array(segment, { maxLength: 5 }).map((segments) => `path:o/r/${segments.join('/')}`);

  it('is symmetric, and every surface overlaps itself', () => {
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(doOverlap(a, b)).toBe(doOverlap(b, a));
        expect(doOverlap(a, a)).toBe(true);
      }),
    );
  });

  it('holds for whatever lies below, and never for a sibling whose name only begins alike', () => {
    const plain = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(plain, plain, (above, below) => {
        const folder = `path:o/r/${above.join('/')}`;
        expect(doOverlap(folder, `${folder}/${below.join('/')}`)).toBe(true);
        expect(doOverlap(folder, `${folder}x/${below.join('/')}`)).toBe(false);
      }),
    );
  });
});

describe('covers', () => {
  it.each([
    ['path:o/r/src', 'path:o/r/src/a', true],
    ['path:o/r/**', 'path:o/r/src', true],
    ['path:o/r/src/*', 'path:o/r/src/a', true],
    ['path:o/r/src/a', 'path:o/r/src', false],
    ['path:o/r/src', 'path:o/r/source', false],
    ['path:o/r/src', 'path:o/r/SRC/a', false],
    ['branch:o/r#a', 'path:o/r/a', false],
    ['branch:o/r#a', 'branch:o/r#b', false],
  ])('%s and %s: %j', (above, below, is) => {
    expect(covers(above, below)).toBe(is);
  });
});

describe('the surface of a path that exists', () => {
  const segment = fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...'ab*?{[]}\\. ') });
  const name = segment.filter((each) => each !== '.' && each !== '..');

  it('means that path and what lies below it, whatever its names are, and shows as the path', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), name, (path, other) => {
        const surface = pathSurface('o/r', path.map(literalSegment));
        expect(shownSurface(surface, 'o/r')).toBe(path.join('/'));
        const sibling = pathSurface('o/r', [...path.slice(0, -1), other].map(literalSegment));
        expect(covers(surface, sibling)).toBe(other === path.at(-1));
        expect(covers(pathSurface('o/r', path.slice(0, -1).map(literalSegment)), surface)).toBe(true);
      }),
    );
  });
});

/** What of the first run's surfaces the second is in the way of. */
const overlaps = (ours: readonly string[], theirs: readonly string[]) => overlapping(locally(ours), locally(theirs));

describe('an overlap of two runs', () => {
  it('names the surfaces of the first list', () => {
    expect(overlaps(['path:r/a', 'path:r/b/c', 'branch:r#x'], ['path:r/b', 'branch:r#x'])).toEqual([
      'path:r/b/c',
      'branch:r#x',
    ]);
    expect(overlaps(['path:r/a'], [])).toEqual([]);
  });

  it.each([
    ['acme/widgets', 'acme/widgets.git'],
    ['acme/widgets', 'github.com/acme/widgets'],
    ['acme/widgets', 'me/a-fork'],
    ['group/sub/widgets', 'widgets'],
  ])('does not depend on the word for the repository: %s and %s', (one, other) => {
    const surfaces = (repo: string, path: string): string[] => [`branch:${repo}#${path}`, `path:${repo}/${path}`];
    expect(overlaps(surfaces(one, 'src/a'), surfaces(other, 'src'))).toEqual(surfaces(one, 'src/a'));
    expect(overlaps(surfaces(one, 'src/a'), surfaces(other, 'src/b'))).toEqual([]);
    const asked = locally([`path:${one}/src`], surfaces(one, 'x'));
    expect(overlapping(asked, locally(surfaces(other, '**')))).toEqual([`path:${one}/src`]);
  });

  it('distinguishes issues of one repository from those of another, however it is spelled', () => {
    const issue = (repo: string): string[] => [`branch:${repo}#${repo}`, `scm:github/${repo}#12`];
    expect(overlaps(issue('acme/widgets'), issue('GitHub.com/Acme/widgets.git'))).toEqual([
      'scm:github/acme/widgets#12',
    ]);
    expect(overlaps(issue('acme/widgets'), issue('me/widgets'))).toEqual([]);
  });
});

describe('isInsideRepository', () => {
  it('never lets a path climb above its beginning', () => {
    const segment = fc.constantFrom('a', '..', '.', '', '*');
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const path = segments.join('/');
        let depth = 0;
        let lowest = path.startsWith('/') ? -1 : 0;
        for (const part of segments) {
          if (part === '..') depth -= 1;
          else if (part !== '.' && part !== '') depth += 1;
          lowest = Math.min(lowest, depth);
        }
        if (lowest < 0) expect(isInsideRepository(path)).toBe(false);
        else if (!path.includes('*')) expect(isInsideRepository(path)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('two surfaces', () => {
  it('of one kind that are the same overlap, of different kinds never', () => {
    expect(doOverlap('scm:github/o/r#1', 'scm:github/o/r#1')).toBe(true);
    expect(doOverlap('scm:github/o/r#1', 'scm:github/o/r#2')).toBe(false);
    expect(doOverlap('branch:o/r#a', 'path:o/r#a')).toBe(false);
    expect(doOverlap('path:o/r#a', 'branch:o/r#a')).toBe(false);
    expect(doOverlap('workspace:run_1', 'path:o/r/a')).toBe(false);
  });

  it('cover each other exactly as they are spelled, also where they are no paths', () => {
    expect(covers('scm:x', 'scm:x')).toBe(true);
    expect(covers('scm:x', 'scm:y')).toBe(false);
    expect(covers('path:o/r/a', 'path:o/r/a')).toBe(true);
    expect(covers('path:o/r/a/b', 'path:o/r/a')).toBe(false);
    expect(covers('path:o/r/**', 'path:o/r/a/b')).toBe(true);
  });

  it('that differ in a letter of which there are two small forms do not overlap by accident', () => {
    expect(doOverlap('path:o/r/ſ', 'path:o/r/s')).toBe(false);
    expect(doOverlap('path:o/r/Ä', 'path:o/r/a\u0308')).toBe(true);
  });
});

describe('a packet that lacks something of its target', () => {
  it('has no surface of what it lacks', () => {
    const target = { repo: 'acme/widgets', provider: 'github' };
    expect(surfacesFor(['src'], { scm_target: target })).toEqual(['workspace:run_1', 'path:acme/widgets/src']);
    expect(surfacesFor(['src'], { scm_target: { issue_number: 5, intended_branch: 'work/x' } })).toEqual([
      'workspace:run_1',
    ]);
  });

  it('may declare a path with a colon that is not a drive', () => {
    expect(isInsideRepository('docs/a:b')).toBe(true);
    expect(isInsideRepository('c:/x')).toBe(false);
  });
});
