/** A patch is read bounded, counted, and with nothing in it that a terminal would obey. */
import { describe, expect, test } from 'vitest';
import { BOUNDS } from '../../src/model/limits.ts';
import { PatchReader, type PatchReading } from '../../src/scm/patch-reading.ts';

const ONE = `diff --git a/src/a.js b/src/a.js
index 1..2 100644
--- a/src/a.js
+++ b/src/a.js
@@ -1,2 +1,3 @@ function a() {
 same
-old
+new
+more
`;

/** The patch in chunks of `size` bytes. */
function read(patch: string, linesMax = 100, size = 7): PatchReading {
  const reader = new PatchReader(linesMax);
  const bytes = Buffer.from(patch);
  for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size));
  return reader.end();
}

const texts = (reading: PatchReading): string[] => reading.lines.map(({ text }) => text);

describe('a patch', () => {
  test('is counted by file, and its lines are distinguished', () => {
    const reading = read(ONE);
    expect(reading.files).toEqual([{ path: 'src/a.js', added: 2, deleted: 1, isBinary: false }]);
    expect(reading).toMatchObject({ fileCount: 1, added: 2, deleted: 1, linesLeftOut: 0 });
    expect(reading.lines.map(({ kind }) => kind)).toEqual([
      ...['header', 'header', 'header', 'header', 'hunk', 'context', 'deleted', 'added', 'added'],
    ]);
  });

  test.each([
    ['added', '--- /dev/null\n+++ b/x y\t\n@@ -0,0 +1 @@\n+a\n', 'x y', 1, 0],
    ['deleted', '--- a/x y\t\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n', 'x y', 0, 1],
    ['only made executable', 'old mode 100644\nnew mode 100755\n', 'x y', 0, 0],
    ['empty', 'new file mode 100644\nindex 0..e\n', 'x y', 0, 0],
    ['renamed', 'similarity index 100%\nrename from x y\nrename to z\n', 'z', 0, 0],
  ])('names a file that is %s', (_title, rest, path, added, deleted) => {
    expect(read(`diff --git a/x y b/x y\n${rest}`).files).toEqual([{ path, added, deleted, isBinary: false }]);
  });

  test('a content line that looks like a header is content', () => {
    const reading = read(
      'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n---- a/y\n+++ b/z\n diff --git a/q b/q\n',
    );
    expect(reading.files).toEqual([{ path: 'x', added: 1, deleted: 1, isBinary: false }]);
  });

  test('control and bidi characters are written out, in content and in names', () => {
    const reading = read(
      'diff --git a/e\u202e b/e\u202e\n--- a/e\u202e\n+++ b/e\u202e\n@@ -0,0 +1 @@\n+\u001b[2Jx\r\u2066\n',
    );
    expect(texts(reading).at(-1)).toBe('+\\u{1b}[2Jx\\r\\u{2066}');
    expect(reading.files[0]?.path).toBe('e\\u{202e}');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(texts(reading).join('')).not.toMatch(/[\u0000-\u001f\u202e\u2066]/);
  });

  test('binary content, known by its bytes, is not shown and not counted as lines', () => {
    const reading = read('diff --git a/i b/i\n--- a/i\n+++ b/i\n@@ -1 +1 @@\n-x\n+\u0000\u0001\n');
    expect(reading.files).toEqual([{ path: 'i', added: 0, deleted: 0, isBinary: true }]);
    expect(texts(reading).slice(-2)).toEqual(['+++ b/i', 'binary content, not shown']);
  });
});

describe('a long patch', () => {
  test('is shown to its bound, and what is left out is counted', () => {
    const reading = read(ONE.repeat(3), 12, 1_000);
    expect(reading.lines).toHaveLength(12);
    expect(reading).toMatchObject({ fileCount: 3, added: 6, deleted: 3, linesLeftOut: 3 * 9 - 12 });
    expect(read(ONE, 0)).toMatchObject({ lines: [], linesLeftOut: 9, added: 2 });
  });

  test('of one endless line keeps its beginning', () => {
    const reading = read(`${ONE}+${'y'.repeat(100_000)}`, 100, 4_096);
    const last = texts(reading).at(-1) ?? '';
    expect(last.length).toBeLessThan(BOUNDS.patchLineChars + 40);
    expect(last).toMatch(/… and 9900\d more characters$/);
    expect(reading.added).toBe(3);
  });

  test('of very many files names the first, and counts all', () => {
    const reading = read(ONE.repeat(BOUNDS.filesListed + 5), 10, 65_536);
    expect(reading.files).toHaveLength(BOUNDS.filesListed);
    expect(reading.fileCount).toBe(BOUNDS.filesListed + 5);
  });
});
