import { expect, it } from 'vitest';
import { filtersIn } from '../../src/scm/attribute-filters.ts';

it.each([
  ['*.psd filter=lfs diff=lfs merge=lfs -text', [{ filter: 'lfs', pattern: '*.psd', line: 1 }]],
  ['# *.psd filter=lfs\n\n  *.bin\ttext filter=crypt', [{ filter: 'crypt', pattern: '*.bin', line: 3 }]],
  ['"with blank/*" filter=lfs', [{ filter: 'lfs', pattern: '"with blank/*"', line: 1 }]],
  ['[attr]large filter=lfs -text\n*.psd large', [{ filter: 'lfs', pattern: '[attr]large', line: 1 }]],
  ['*.a filter=one filter=two', [{ filter: 'two', pattern: '*.a', line: 1 }]],
  ['*.a -filter\n*.b !filter\n*.c filter\n*.d filter=\n*.e filter=lfs -filter\nfilter=lfs text', []],
  ['*.txt text=auto\r\n*.psd filter=lfs\r\n', [{ filter: 'lfs', pattern: '*.psd', line: 2 }]],
  ['', []],
])('%j asks for %j', (text, uses) => {
  expect(filtersIn(text)).toEqual(uses);
});
