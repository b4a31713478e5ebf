import { expect, test } from 'vitest';
import { codeFiles } from './source-tree.ts';
import { handMadeSpans, idleSpanExceptions } from './spans.ts';

test('every span of the shipped source is made by spanMs', () => {
  expect(handMadeSpans(codeFiles())).toEqual([]);
});

test('every exception does subtract instants', () => {
  expect(idleSpanExceptions(codeFiles())).toEqual([]);
});

test.each([
  'const ms = nowMs - atMs;',
  'if (task.endedAtMs - task.startedAtMs > 1) end();',
  'const tookMs = clock.monotonicMs() - this.#startMs;',
  'const agoMs = Date.now() - told.atMs;',
  'duration(axis.toMs - axis.fromMs)',
  'const skipMs = clock.nowMs() - nowMs;',
  'b.atMs - a.fromMs',
])('%j is seen in src and machines, and nowhere else', (text) => {
  for (const path of ['src/run/a.ts', 'machines/a.ts']) expect(handMadeSpans([{ path, text }])).toHaveLength(1);
  for (const path of ['test/run/a.ts', 'src/base/elapsed.ts']) expect(handMadeSpans([{ path, text }])).toEqual([]);
});

test.each([
  'const leftMs = dueMs - clock.nowMs();',
  'list.sort((a, b) => a.atMs - b.atMs)',
  'const limitMs = deadlineMs - graceMs;',
  'spanMs(startedAtMs, nowMs) - graceMs',
  '// it is nowMs - atMs',
])('%j is no span made by hand', (text) => {
  expect(handMadeSpans([{ path: 'src/run/a.ts', text }])).toEqual([]);
});
