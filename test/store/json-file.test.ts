import { describe, expect, it } from 'vitest';
import {
  decodeText,
  isIdentity,
  isOrdinal,
  isSha256,
  jsonBytes,
  parseJson,
  parseJsonObject,
} from '../../src/store/json-file.ts';
import { bytesOf, textOf } from './store-kit.ts';

it('a value is written as canonical JSON and one newline, in UTF-8', () => {
  expect(textOf(jsonBytes({ b: 'é', a: [1, null] }))).toBe('{"a":[1,null],"b":"é"}\n');
});

describe('decodeText', () => {
  it('gives the text of UTF-8, a byte order mark included, and null for other bytes', () => {
    expect(decodeText(bytesOf('é\n'))).toBe('é\n');
    expect(decodeText(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe('\uFEFFa');
    expect(decodeText(new Uint8Array(0))).toBe('');
    for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80]]) expect(decodeText(new Uint8Array(bytes))).toBeNull();
  });
});

describe('parseJson', () => {
  it('gives the value, null too, and undefined for what is not JSON', () => {
    expect(['null', '"a"', '[1]', '{"a":1}'].map(parseJson)).toEqual([null, 'a', [1], { a: 1 }]);
    expect(['', '{', 'undefined', '{"a":1}x'].map(parseJson)).toEqual([undefined, undefined, undefined, undefined]);
  });
});

describe('parseJsonObject', () => {
  it('gives an object, and null for anything else', () => {
    expect(parseJsonObject(bytesOf('{"a":1}\n'))).toEqual({ a: 1 });
    for (const text of ['null', '[]', '"a"', '1', '{', '']) expect(parseJsonObject(bytesOf(text))).toBeNull();
    expect(parseJsonObject(new Uint8Array([0xff]))).toBeNull();
  });
});

describe('isOrdinal', () => {
  it.each([
    [0, 0, true],
    [-1, 0, false],
    [1, 1, true],
    [0, 1, false],
    [Number.MAX_SAFE_INTEGER, 0, true],
    [Number.MAX_SAFE_INTEGER + 1, 0, false],
    [1.5, 0, false],
    [Number.NaN, 0, false],
    [Number.POSITIVE_INFINITY, 0, false],
    ['1', 0, false],
    [1n, 0, false],
    [null, 0, false],
    [[1], 0, false],
  ])('of %o from %i: %s', (value, min, expected) => {
    expect(isOrdinal(value, min)).toBe(expected);
  });

  it('counts from 0 where nothing else is said', () => {
    expect([isOrdinal(0), isOrdinal(-1)]).toEqual([true, false]);
  });
});

describe('isSha256', () => {
  const digest = '0123456789abcdef'.repeat(4);

  it('takes 64 lower-case hex digits and nothing else', () => {
    expect(isSha256(digest)).toBe(true);
    for (const other of [
      digest.slice(1),
      `${digest}0`,
      ` ${digest}`,
      `${digest}\n`,
      digest.toUpperCase(),
      `g${digest.slice(1)}`,
      [digest],
      null,
    ]) {
      expect(isSha256(other)).toBe(false);
    }
  });
});

describe('isIdentity', () => {
  const identity = { pid: 1, startTime: '2', bootId: 'b', pidNamespace: 'n', hostname: 'desk', machineId: 'm' };

  it('takes a process identity', () => {
    expect(isIdentity(identity)).toBe(true);
  });

  it.each(['startTime', 'bootId', 'pidNamespace', 'hostname', 'machineId'])(
    'refuses one whose %s is no text',
    (name) => {
      expect(isIdentity({ ...identity, [name]: 1 })).toBe(false);
      expect(isIdentity({ ...identity, [name]: undefined })).toBe(false);
    },
  );

  it('refuses one without a process id from 1 up, and what is not an object', () => {
    for (const pid of [0, -1, 1.5, '1', undefined]) expect(isIdentity({ ...identity, pid })).toBe(false);
    for (const value of [null, undefined, 'desk', [identity]]) expect(isIdentity(value)).toBe(false);
  });
});
