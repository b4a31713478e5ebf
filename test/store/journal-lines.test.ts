import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { sha256 } from '../../src/base/sha256.ts';
import type { JournalEvent } from '../../src/model/event.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { FIRST_PREV } from '../../src/model/system-record.ts';
import {
  beginsWithRecord,
  chainFault,
  type RecordFields,
  readLine,
  sealRecord,
} from '../../src/store/journal-lines.ts';
import { bytesOf, sealedRecords } from './store-kit.ts';

const { records, lines } = sealedRecords(2);
const first = records[0] ?? expect.fail();
const second = records[1] ?? expect.fail();
const { sum: _sum, ...fields } = first;

const bad = (detail: string) => ({ kind: 'bad', detail });
const read = (text: string) => readLine(bytesOf(text));

/** The line of a value that need not be a record, with the right sum. */
function sealedAnyhow(change: object, without: string | null = null): string {
  const unsealed = Object.fromEntries(Object.entries({ ...fields, ...change }).filter(([name]) => name !== without));
  return canonicalJson({ ...unsealed, sum: sha256(canonicalJson(unsealed)) });
}

describe('sealRecord', () => {
  it('gives the canonical line of the record, with the sum of the record without it', () => {
    const sum = sha256(canonicalJson(fields));
    expect(sealRecord(fields)).toEqual({ record: { ...fields, sum }, line: `${canonicalJson({ ...fields, sum })}\n` });
  });

  it.each([0, 1, 2])('writes %i effects as a list', (count) => {
    const effects = Array.from({ length: count }, (_, n) => ({
      ...(fields.effects[0] ?? expect.fail()),
      key: `k${n}`,
    }));
    const { record, line } = sealRecord({ ...fields, effects });
    expect(JSON.parse(line)).toEqual(record);
    expect(read(line.slice(0, -1))).toEqual({ kind: 'record', record });
  });

  it('takes a line of the bound in bytes, and none that is longer by one', () => {
    const ofPadding = (count: number): RecordFields<JournalEvent> => ({
      ...fields,
      event: { type: 'cancelRequested', commandId: 'cmd_1', by: 'é', reason: 'r'.repeat(count) },
    });
    const room = BOUNDS.journalLineBytes - Buffer.byteLength(sealRecord(ofPadding(0)).line) + 1;
    expect(Buffer.byteLength(sealRecord(ofPadding(room)).line)).toBe(BOUNDS.journalLineBytes + 1);
    expect(() => sealRecord(ofPadding(room + 1))).toThrow(
      new Error(`bug: record 1 (cancelRequested) is longer than ${BOUNDS.journalLineBytes} bytes`),
    );
  });
});

describe('readLine', () => {
  it('gives back a record', () => {
    expect(lines.map((line) => read(line.slice(0, -1)))).toEqual(records.map((record) => ({ kind: 'record', record })));
  });

  it('says why a line is none', () => {
    expect(readLine(new Uint8Array([0x7b, 0xff]))).toEqual(bad('it is not UTF-8'));
    expect(read('{')).toEqual(bad('it is not JSON'));
    for (const text of ['[]', 'null', '1', '"a"']) expect(read(text)).toEqual(bad('it is not an object'));
    for (const text of ['{"b":1,"a":1}', '{ }', '{"a":"\\ud800"}']) {
      expect(read(text)).toEqual(bad('it is not canonical JSON'));
    }
    expect(read('{}')).toEqual(bad('its version undefined is unknown'));
    expect(read(sealedAnyhow({ v: 3 }))).toEqual(bad('its version 3 is unknown'));
    expect(read(sealedAnyhow({ v: 2 }))).toEqual(bad('it does not have the shape of a record'));
    expect(read(sealedAnyhow({ v: 1, rules: 3 }))).toEqual(bad('it does not have the shape of a record'));
    expect(read(sealedAnyhow({ v: 2, rules: 3 }))).toMatchObject({ kind: 'record', record: { rules: 3 } });
    expect(read(canonicalJson({ v: 'x'.repeat(50) }))).toEqual(bad(`its version "${'x'.repeat(39)} is unknown`));
    expect(read('{"v":1}')).toEqual(bad('it does not have the shape of a record'));
    expect(read(canonicalJson({ ...first, sum: 'b'.repeat(64) }))).toEqual(bad('its sum is wrong'));
    expect(read(canonicalJson({ ...first, actor: 'other' }))).toEqual(bad('its sum is wrong'));
  });

  const effect = { kind: 'k', key: 'x', actor: 'run' };

  it.each([
    ['seq', 0],
    ['seq', '1'],
    ['gen', -1],
    ['gen', 1.5],
    ['atMs', '1'],
    ['atMs', null],
    ['actor', 1],
    ['event', null],
    ['event', 'cancelled'],
    ['event', {}],
    ['event', { type: 1 }],
    ['effects', {}],
    ['effects', null],
    ['effects', ['x']],
    ['effects', [null]],
    ['effects', [effect, { ...effect, kind: 1 }]],
    ['effects', [{ ...effect, key: 1 }, effect]],
    ['effects', [{ ...effect, actor: 1 }]],
    ['post', 'x'],
    ['post', null],
    ['prev', 'A'.repeat(64)],
    ['prev', 0],
    ['more', 1],
  ])('refuses a record by its shape although its sum is right: %s as %j', (name, value) => {
    expect(read(sealedAnyhow({ [name]: value }))).toEqual(bad('it does not have the shape of a record'));
  });

  it.each(['seq', 'gen', 'atMs', 'actor', 'event', 'effects', 'post', 'prev'])(
    'refuses a record without %s',
    (name) => {
      expect(read(sealedAnyhow({}, name))).toEqual(bad('it does not have the shape of a record'));
    },
  );

  it.each([null, 1, 'x', 'A'.repeat(64)])('refuses a record whose sum is none: %j', (sum) => {
    expect(read(canonicalJson({ ...first, sum }))).toEqual(bad('it does not have the shape of a record'));
  });

  it('takes the least that a record can be', () => {
    const least = sealRecord({ ...fields, seq: 1, gen: 0, atMs: -0.5, actor: '', effects: [], event: fields.event });
    expect(read(least.line.slice(0, -1))).toEqual({ kind: 'record', record: least.record });
  });
});

describe('beginsWithRecord', () => {
  const whole = lines[0]?.slice(0, -1) ?? expect.fail();
  const end = `,"sum":"${'0'.repeat(64)}","v":1}`;

  it('finds a whole record at the beginning, whatever follows it', () => {
    for (const rest of ['', ' ', 'x', '\0{"', lines[1] ?? ''])
      expect(beginsWithRecord(bytesOf(whole + rest))).toBe(true);
    expect(beginsWithRecord(Buffer.concat([bytesOf(whole), new Uint8Array([0xff])]))).toBe(true);
  });

  it('finds none in a part of one, in one with a byte before it, in one that was changed, and in nothing', () => {
    const changed = whole.replace('"actor":"run"', '"actor":"ruN"');
    for (const text of [whole.slice(0, -1), ` ${whole}`, changed, end, '']) {
      expect(beginsWithRecord(bytesOf(text))).toBe(false);
    }
  });

  it('tries the first 16 places that look like the end of a record, and no more', () => {
    const inner = { sum: '0'.repeat(64), v: 1, a: 0 };
    const holding = (count: number): Uint8Array => {
      const event = { ...fields.event, parts: Array.from({ length: count }, () => inner) };
      return bytesOf(sealRecord({ ...fields, event }).line);
    };
    expect([beginsWithRecord(holding(15)), beginsWithRecord(holding(16))]).toEqual([true, false]);
  });
});

describe('chainFault', () => {
  const faultAfter = (previous: JournalRecord | null, change: Partial<JournalRecord>): string | null =>
    chainFault(previous, { ...(previous === null ? first : second), ...change });

  it('finds none in a chain, of one generation or a rising one', () => {
    expect(chainFault(null, first)).toBeNull();
    expect(chainFault(first, second)).toBeNull();
    expect(faultAfter(first, { gen: first.gen + 1 })).toBeNull();
    expect(faultAfter(null, { gen: 0 })).toBeNull();
  });

  it('says what does not follow', () => {
    expect(faultAfter(null, { seq: 2 })).toBe('its seq is 2 and should be 1');
    expect(faultAfter(first, { seq: 1 })).toBe('its seq is 1 and should be 2');
    expect(faultAfter(first, { seq: 3 })).toBe('its seq is 3 and should be 2');
    const unlinked = 'its prev is not the sum of the record before it';
    expect(faultAfter(null, { prev: first.sum })).toBe(unlinked);
    expect(faultAfter(first, { prev: FIRST_PREV })).toBe(unlinked);
    expect(faultAfter(first, { gen: 0 })).toBe("its generation 0 is below its predecessor's 1");
  });
});
