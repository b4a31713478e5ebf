/** The line of a record: what a terminal would obey in its values is written out. */
import { expect, test } from 'vitest';
import { hasHidden } from '../../src/base/visible.ts';
import { recordLine } from '../../src/cli/record-line.ts';
import type { JournalRecord } from '../../src/model/record.ts';
import { Heard } from '../support/heard.ts';

test('names of a packet cannot move the cursor or turn the direction of the line', () => {
  const event = { type: 'leaseContended', key: 'k', holder: 'a\u202e\u001b[2J\nb', surfaces: ['s'] } as const;
  const record: JournalRecord = {
    v: 1,
    seq: 7,
    gen: 1,
    atMs: 0,
    prev: '',
    actor: 'run',
    event,
    effects: [],
    post: '',
    sum: '',
  };
  const line = recordLine(new Heard(false), record);
  expect(hasHidden(line)).toBe(false);
  expect(line).toBe('   7 1970-01-01T00:00:00.000Z run leaseContended holder=a\\u{202e}\\u{1b}[2J\\nb');
});
