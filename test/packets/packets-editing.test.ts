/** A packet and an approval are put into the text of a packets file, and every other byte of it stays. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { changedText, type JsonSpan, jsonSpans } from '../../src/packets/json-spans.ts';
import { readPackets } from '../../src/packets/packets.ts';
import { firstPacket, withApproval, withPacket } from '../../src/packets/packets-editing.ts';
import { seeded } from '../properties/seed.ts';

const APPROVAL = { by: 'Ann "A" <ann@x>', at: '2026-03-01T10:00:00Z' };

const approvedIn = (text: string, place = 0) => readPackets(text, sha256).readings[place]?.packet;

/** The lines of `after` that `before` has not, in order. */
function newLines(before: string, after: string): string[] {
  const old = before.split('\n');
  return after.split('\n').filter((line) => !old.includes(line));
}

describe('an approval', () => {
  test.each([
    ['no approval', '{"packets":[{"task_id":"A","x":[1, 2]}]}'],
    ['no task id', '[{ "x": 1 }]'],
    ['no member at all', '[{}]'],
    ['null for an approval', '[{"approval":null}]'],
    ['a plain false', '[{"approved":false}]'],
    ['a plain false beside one', '[{"approved":false,"approval":{"status":"approved"}}]'],
    ['a plain false inside', '[{"approval":{"approved":false,"status":"draft"}}]'],
    ['an empty one', '[{"approval":{}}]'],
    ['names in camelCase', '[{"approval":{"status":"","approvedBy":"bob","approvedAt":"never"}}]'],
    ['both spellings', '[{"approval":{"approved_by":"bob","approvedBy":"eve"}}]'],
  ])('counts for a packet with %s, on one line as before', (_title, before) => {
    const after = withApproval(before, 0, APPROVAL);
    expect(approvedIn(after)).toMatchObject({ isApproved: true, approvedBy: APPROVAL.by, approvedAt: APPROVAL.at });
    expect(after).not.toContain('\n');
  });

  test('is the only line that changes, whatever the layout', () => {
    const before = `\uFEFF{\r\n\t"note": "kept  as it is",\r\n\t"packets": [\r\n\t\t{\r\n\t\t\t"task_id": "A",\r\n\t\t\t"scope": {"goal": "g\\u00e4"  }\r\n\t\t},\r\n\t\t{ "task_id": "B", "n": 1.0e2 }\r\n\t]\r\n}\r\n`;
    const after = withApproval(before, 0, APPROVAL);
    expect(newLines(before, after)).toEqual([
      `\t\t\t"approval": { "status": "approved", "approved_by": ${JSON.stringify(APPROVAL.by)}, "approved_at": "${APPROVAL.at}" },\r`,
    ]);
    expect(approvedIn(after)?.isApproved).toBe(true);
    expect(approvedIn(after, 1)?.isApproved).toBe(false);
    expect(withApproval(before, 1, APPROVAL)).toContain('{ "task_id": "B", "approval": { "status"');
  });

  test('takes its place among the lines of one that is there', () => {
    const before = `[\n  {\n    "approval": {\n      "status": "proposed"\n    }\n  }\n]\n`;
    expect(withApproval(before, 0, { by: 'ann', at: 'T' })).toBe(
      `[\n  {\n    "approval": {\n      "status": "approved",\n      "approved_by": "ann",\n      "approved_at": "T"\n    }\n  }\n]\n`,
    );
  });
});

describe('a packet more', () => {
  const packet = { task_id: 'N', scope: { goal: 'g' } };
  const shown = JSON.stringify(packet, null, 2).split('\n');

  test('begins a file', () => {
    expect(readPackets(firstPacket(packet), sha256).readings).toHaveLength(1);
  });

  test.each([
    ['an empty list', '{"packets": []}\n', `{"packets": [\n  ${shown.join('\n  ')}\n]}\n`],
    ['a bare list', '[\n  {"task_id": "A"}\n]\n', `[\n  {"task_id": "A"},\n  ${shown.join('\n  ')}\n]\n`],
    ['one line', '[{"task_id":"A"}]', `[{"task_id":"A"}, ${JSON.stringify(packet)}]`],
    [
      'braces that hug',
      '{\n  "packets": [{\n    "task_id": "A"\n  }]\n}\n',
      `{\n  "packets": [{\n    "task_id": "A"\n  }, ${shown.join('\n  ')}]\n}\n`,
    ],
  ])('stands at the end of %s', (_title, before, after) => {
    expect(withPacket(before, packet)).toBe(after);
    expect(readPackets(after, sha256).readings.at(-1)?.given).toEqual(packet);
  });
});

describe('the places of values', () => {
  test('are those of the text: every value of a drawn document can be replaced by itself', () => {
    const check = (document: unknown, indent: string | undefined): void => {
      const text = JSON.stringify(document, null, indent);
      const visit = (span: JsonSpan, meant: unknown): void => {
        expect(JSON.parse(text.slice(span.start, span.end))).toEqual(meant);
        if (span.kind === 'array') for (const [at, item] of span.items.entries()) visit(item, (meant as unknown[])[at]);
        if (span.kind === 'object')
          for (const { name, value } of span.members) visit(value, (meant as Record<string, unknown>)[name]);
      };
      const root = jsonSpans(text);
      visit(root, JSON.parse(text));
      expect(changedText(text, [{ ...root, text: text.slice(root.start, root.end) }])).toBe(text);
    };
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(undefined, '  ', '\t'), check), seeded(300));
  });

  test('of what is no JSON are not to be had', () => {
    for (const text of ['', '{', '[1', '"a', '{"a" 1}', '1 2']) expect(() => jsonSpans(text)).toThrow();
  });
});
