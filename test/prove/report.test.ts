import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { type CellResult, CLASSES, type Proof, reproduction, STAGES } from '../../src/prove/proof.ts';
import { doesHold, findingsIn, killSums, standingOf } from '../../src/prove/report/findings.ts';
import { html } from '../../src/prove/report/markup.ts';
import { proofHtml } from '../../src/prove/report/proof-html.ts';
import { proofJson } from '../../src/prove/report/proof-json.ts';
import { proofSchema } from '../../src/prove/report/proof-schema.ts';
import { proofText, TEXT_COLUMNS } from '../../src/prove/report/proof-text.ts';
import { CLASS_NAMES, counted, duration, harmless, numeral, STAGE_NAMES } from '../../src/prove/report/words.ts';
import type { SystemProof } from '../../src/prove/system/system-proof.ts';
import { FAULTY, HOLDING, HOSTILE, ONE_CELL } from './sample-proof.ts';

const PROOFS = [
  ['that holds', HOLDING],
  ['with faults', FAULTY],
  ['of one cell', ONE_CELL],
] as const;
const plain = createColors(false);

/** What a reader of the page sees of `text`. */
const escaped = (text: string): string => html`${text}`.text;

function withCell(proof: Proof, change: (cell: CellResult) => CellResult | null): Proof {
  const [first, ...others] = proof.cells;
  const changed = first === undefined ? null : change(first);
  return { ...proof, cells: changed === null ? others : [changed, ...others] };
}

function withSystems(change: (system: SystemProof) => readonly SystemProof[]): Proof {
  return { ...HOLDING, model: HOLDING.model && { ...HOLDING.model, systems: HOLDING.model.systems.flatMap(change) } };
}

describe('proof.json', () => {
  test('has a schema that says what the type says, in both directions', () => {
    const fromSchema = (value: z.infer<typeof proofSchema>): Proof => value;
    const fromType = (value: Proof): z.infer<typeof proofSchema> => value;
    expect(fromSchema(fromType(HOLDING))).toBe(HOLDING);
  });

  test.for(PROOFS)('is read as it was written, for a proof %s', ([, proof]) => {
    const text = proofJson(proof);
    expect(proofSchema.parse(JSON.parse(text))).toEqual(proof);
    expect(text.endsWith('}\n')).toBe(true);
  });

  test('is not made of a proof that no reader would take', () => {
    expect(() => proofJson({ ...HOLDING, tookMs: Number.NaN })).toThrow();
    expect(() => proofJson({ ...HOLDING, seed: 0.5 })).toThrow();
    expect(() => proofSchema.parse({ ...HOLDING, more: 1 })).toThrow();
    expect(() => proofSchema.parse({ ...HOLDING, only: ['review/none'] })).toThrow();
    expect(() => proofSchema.parse({ ...HOLDING, v: 2 })).toThrow();
  });
});

describe('the result of a proof', () => {
  test('holds when it says so and nothing in it says otherwise', () => {
    expect(findingsIn(HOLDING)).toEqual([]);
    expect(doesHold(HOLDING)).toBe(true);
    expect(doesHold(ONE_CELL)).toBe(true);
    expect(doesHold({ ...HOLDING, holds: false })).toBe(false);
  });

  const broken: Readonly<Record<string, Proof>> = {
    'a cell without a kill': withCell(HOLDING, (cell) => ({ ...cell, kills: [] })),
    'a missing cell': withCell(HOLDING, () => null),
    'a fault of a kill': withCell(HOLDING, (cell) => ({
      ...cell,
      kills: cell.kills.map((kill) => ({ ...kill, faults: ['lost'] })),
    })),
    'a moment that never came': withCell(HOLDING, (cell) => ({
      ...cell,
      kills: cell.kills.map((kill) => ({ ...kill, hit: null })),
    })),
    'a run that did not end': withCell(HOLDING, (cell) => ({
      ...cell,
      kills: cell.kills.map((kill) => ({ ...kill, end: null })),
    })),
    'a violation outside': { ...HOLDING, outside: { ...HOLDING.outside, violations: ['it'] } },
    'a fault of the model': { ...HOLDING, model: HOLDING.model && { ...HOLDING.model, faults: ['it'] } },
    'a law of every system that is broken': withSystems((system) => [
      { ...system, broken: [{ sentence: 'it', path: ['a', 'b'], count: 2 }] },
    ]),
    'a state that is never reached': withSystems((system) => [{ ...system, statesNeverReached: ['it'] }]),
    'an effect that is never asked for': withSystems((system) => [{ ...system, effectsNeverAsked: ['it'] }]),
    'a model in which no system was proven': withSystems(() => []),
    'a fault of the matrix': { ...HOLDING, matrix: HOLDING.matrix && { ...HOLDING.matrix, faults: ['it'] } },
    'a fault of an injection': {
      ...HOLDING,
      injections: HOLDING.injections && { ...HOLDING.injections, faults: ['it'] },
    },
    'the one cell that was asked for, missing': { ...ONE_CELL, cells: [] },
  };
  test.for(Object.entries(broken))('does not hold with %s, although it says so', ([, proof]) => {
    expect(proof.holds).toBe(true);
    expect(doesHold(proof)).toBe(false);
    expect(proofText(proof, plain)).toContain('The proof does not hold.');
    expect(proofHtml(proof)).toContain('<h1 class="bad">The proof does not hold.</h1>');
  });

  test('distinguishes cells that were not requested from those that are missing', () => {
    expect(standingOf(ONE_CELL, 'fixLoop', 'intentBeforeSpawn')).toBe('notAsked');
    expect(standingOf(HOLDING, 'handoffReady', 'intentBeforeSpawn')).toBe('impossible');
    expect(standingOf({ ...HOLDING, cells: [] }, 'fixLoop', 'intentBeforeSpawn')).toBe('fails');
  });

  test('sums up its kills', () => {
    const kills = HOLDING.cells.flatMap((cell) => cell.kills);
    expect(killSums(HOLDING)).toMatchObject({
      kills: kills.length,
      cells: 27,
      impossible: 3,
      witnessed: 6 * kills.length,
    });
  });
});

describe('proof.html', () => {
  const TAGS = /<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g;
  const VOID = new Set(['meta', 'br']);

  test.for(PROOFS)('needs nothing else and forbids itself to load anything, for a proof %s', ([, proof]) => {
    const page = proofHtml(proof);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|@import|url\(|https?:|\bon\w+="/i);
    for (const [, target] of page.matchAll(/\bhref="([^"]*)"/g)) expect(target).toMatch(/^#/);
  });

  test.for(PROOFS)('is well formed, and every link in it leads somewhere, for a proof %s', ([, proof]) => {
    const page = proofHtml(proof);
    const open: string[] = [];
    for (const [, close, name = ''] of page.matchAll(TAGS)) {
      if (VOID.has(name)) continue;
      if (close === '') open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
    const ids = [...page.matchAll(/\bid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of page.matchAll(/\bhref="#([^"]*)"/g)) expect(ids).toContain(target);
  });

  test.for(PROOFS)('shows every kill with its faults, every reason, and every command, for a proof %s', ([, proof]) => {
    const page = proofHtml(proof);
    for (const cell of proof.cells) {
      if (cell.impossible !== null) expect(page).toContain(escaped(cell.impossible));
      else expect(page).toContain(reproduction(proof, cell));
      for (const { name, hit, end, faults } of cell.kills) {
        for (const text of [name, ...(hit === null ? [] : [hit]), ...(end === null ? [] : [end]), ...faults]) {
          expect(page).toContain(escaped(text));
        }
        for (const fault of faults) expect(page).toContain(`<li>${escaped(fault)}</li>`);
      }
    }
    for (const text of Object.values(proof.outside).flat()) expect(page).toContain(escaped(text));
    for (const [name, count] of Object.entries(proof.matrix?.byCall ?? {})) {
      expect(page).toContain(name);
      expect(page).toContain(numeral(count));
    }
  });

  test('shows hostile text and never obeys it, wherever it comes from', () => {
    const page = proofHtml({
      ...FAULTY,
      startedAt: HOSTILE,
      circumstances: {
        ...FAULTY.circumstances,
        pawl: HOSTILE,
        system: HOSTILE,
        configuration: HOSTILE,
        roles: { [HOSTILE]: HOSTILE },
        limits: { [HOSTILE]: { [HOSTILE]: HOSTILE } },
      },
      cells: FAULTY.cells.map((cell) => ({
        ...cell,
        impossible: cell.impossible === null ? null : HOSTILE,
        kills: cell.kills.map((kill) => ({
          ...kill,
          name: HOSTILE,
          moment: `${HOSTILE}!`,
          hit: HOSTILE,
          end: HOSTILE,
        })),
      })),
      model: {
        systems: (FAULTY.model?.systems ?? []).map((system) => ({
          ...system,
          kind: HOSTILE,
          statesNeverReached: [HOSTILE],
          effectsNeverAsked: [HOSTILE],
          broken: [{ sentence: HOSTILE, path: [HOSTILE], count: 1 }],
        })),
        worlds: [{ name: HOSTILE, states: 1, steps: 1 }],
        faults: [HOSTILE],
        tookMs: 1,
      },
      matrix: FAULTY.matrix && { ...FAULTY.matrix, byCall: { [HOSTILE]: 1 }, faults: [HOSTILE] },
      injections: { injected: { [HOSTILE]: 1 }, faults: [HOSTILE], tookMs: 1 },
      outside: { guards: [HOSTILE], wrote: [HOSTILE], violations: [HOSTILE] },
    });
    for (const sign of ['<script', '</script', '\u001b', '\u202e']) expect(page).not.toContain(sign);
    expect(page).not.toContain("' onclick");
    expect(page.split('&lt;script&gt;').length).toBeGreaterThan(200);
  });

  test('lays a cell out the same for eyes and for readers of the screen', () => {
    const page = proofHtml(FAULTY);
    for (const stage of STAGES) expect(page).toContain(`role="columnheader">${STAGE_NAMES[stage]}</th>`);
    for (const kind of CLASSES) expect(page).toContain(`role="rowheader">${CLASS_NAMES[kind]}</th>`);
    expect(page).toContain('<html lang="en">');
    expect(page.match(/<details open>/g)).toHaveLength(2);
  });
});

describe('the report in the terminal', () => {
  test.for(PROOFS)('fits into its columns, with colours and without, for a proof %s', ([, proof]) => {
    const bare = proofText(proof, plain);
    for (const line of bare.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(TEXT_COLUMNS);
    const codes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    expect(proofText(proof, createColors(true)).replaceAll(codes, '')).toBe(bare);
    for (const sign of ['\u001b', '\u202e']) expect(bare).not.toContain(sign);
  });

  test('keeps within its columns whatever the words', () => {
    const long = `${'x'.repeat(300)} ${HOSTILE.repeat(20)}`;
    const text = proofText(
      {
        ...withCell(FAULTY, (cell) => ({
          ...cell,
          kills: cell.kills.map((kill) => ({ ...kill, faults: [long, long] })),
        })),
        outside: { guards: [long], wrote: [long], violations: Array.from({ length: 40 }, (_, n) => `${n} ${long}`) },
      },
      plain,
    );
    for (const line of text.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(TEXT_COLUMNS);
    expect(text.split('\n').length).toBeLessThan(150);
  });

  test('says why fewer starts are witnessed than recorded, and nothing where none is missing', () => {
    expect(proofText(HOLDING, plain)).toMatch(/workers +[\d,]+ starts recorded, [\d,]+ witnessed\n/);
    const early = withCell(HOLDING, (cell) => ({
      ...cell,
      kills: cell.kills.map((kill) => ({ ...kill, starts: { recorded: 2, witnessed: 1 } })),
    }));
    const killed = killSums(early).recorded - killSums(early).witnessed;
    expect(killed).toBeGreaterThan(0);
    expect(proofText(early, plain)).toContain(` witnessed: ${killed} killed before the worker's first line\n`);
  });

  test('ends with the verdict, and names what does each broken cell again', () => {
    expect(proofText(HOLDING, plain)).toMatch(/\nThe proof holds\.\n/);
    const text = proofText(FAULTY, plain);
    expect(text).toContain('pawl prove --cell internalReview/resultBeforeEvent --level full --seed 7');
    expect(text).toContain('duplicate: review-e1-a1 was started 2 times');
    expect(text).toMatch(/\nThe proof does not hold\.\n7 faults found\. /);
  });
});

describe('words', () => {
  test('of counts and times are read as they are said', () => {
    expect([counted(1, 'kill'), counted(1_234, 'kill'), counted(2, 'story', 'stories')]).toEqual([
      '1 kill',
      '1,234 kills',
      '2 stories',
    ]);
    expect([0.4, 999, 1_000, 59_940, 61_000, 3_599_900].map(duration)).toEqual([
      '0 ms',
      '999 ms',
      '1.0 s',
      '59.9 s',
      '1 min 1 s',
      '60 min 0 s',
    ]);
  });

  test('from outside obey nobody', () => {
    expect(harmless('a\u001b[2Jb\u0007\nc\td\u202ee')).toBe('a\ufffd[2Jb\ufffd ↵ c d\ufffde');
  });
});
