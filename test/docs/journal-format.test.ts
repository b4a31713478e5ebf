/** What docs/journal-format.md shows is what Pawl writes. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/base/canonical-json.ts';
import { runEventSchema } from '../../src/model/event.ts';
import { TASK_FILES } from '../../src/model/request.ts';
import { readLine } from '../../src/store/journal-lines.ts';

const page = readFileSync(new URL('../../docs/journal-format.md', import.meta.url), 'utf8');
const example: unknown = JSON.parse(/^```json\n([\s\S]*?)^```/m.exec(page)?.[1] ?? '');

function tableUnder(heading: string): readonly string[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const cells = Array.from(section.matchAll(/^\| (`[^|]*`) \|/gm), (match) => match[1] ?? '');
  return cells.flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), (match) => match[1] ?? ''));
}

describe('docs/journal-format.md', () => {
  test('shows a record that a reader accepts, sum and all', () => {
    const reading = readLine(Buffer.from(canonicalJson(example)));
    expect(reading).toMatchObject({ kind: 'record', record: { actor: 'run', seq: 13 } });
    expect(runEventSchema.safeParse(reading.kind === 'record' ? reading.record.event : null).success).toBe(true);
  });

  test('explains every field of a record and no other', () => {
    expect(tableUnder('The journal').toSorted()).toEqual(Object.keys(Object(example)).toSorted());
  });

  test('names every file of a task folder', () => {
    const named = tableUnder("A task's folder").map((name) => name.split('/')[0]);
    for (const file of Object.values(TASK_FILES)) expect(named).toContain(file);
  });
});
