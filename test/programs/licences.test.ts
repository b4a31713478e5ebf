import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILT, bundlesIn, packagesIn } from '../support/bundles.ts';

/** Shorter than any licence. */
const LICENCE_CHARS_MIN = 400;

/** The packages in a list of licences, each with the text below its name. */
function listedIn(text: string): ReadonlyMap<string, string> {
  const heads = [...text.matchAll(/^## (?<name>(?:@[\w.-]+\/)?[a-z][\w.-]*)(?: -)? \d[\w.-]*(?: \(.*\))?$/gm)];
  return new Map(
    heads.map((head, at) => [head.groups?.name ?? '', text.slice(head.index + head[0].length, heads[at + 1]?.index)]),
  );
}

/** The names whose licence is not there, or has no text. */
function missingFrom(listed: ReadonlyMap<string, string>, names: readonly string[]): readonly string[] {
  return names.filter((name) => (listed.get(name) ?? '').length < LICENCE_CHARS_MIN);
}

describe('the licences of other people’s code', () => {
  it('are all in the package: one for each whose code is in a program', () => {
    const listed = listedIn(readFileSync(join(BUILT, 'THIRD_PARTY_LICENSES.md'), 'utf8'));
    const bundled = [...new Set(bundlesIn(BUILT).flatMap(packagesIn))];
    expect(bundled).toEqual(expect.arrayContaining(['zod', 'xstate', 'commander', 'ws']));
    expect(missingFrom(listed, bundled)).toEqual([]);
  });

  it('are beside the page for what is in the page', () => {
    const listed = listedIn(readFileSync(join(BUILT, 'inspector/page-dist/THIRD_PARTY_LICENSES.md'), 'utf8'));
    expect(missingFrom(listed, ['preact', 'elkjs', '@statelyai/inspect', 'xstate'])).toEqual([]);
  });

  it('would be missed where one is not there', () => {
    expect(
      missingFrom(listedIn(`## a 1.0.0\n\n${'x'.repeat(LICENCE_CHARS_MIN)}\n\n## b 1.0.0\n`), ['a', 'b', 'c']),
    ).toEqual(['b', 'c']);
  });
});
