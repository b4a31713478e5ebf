import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILT, bundleAt, bundlesIn, sourcesOf } from '../support/bundles.ts';

/** Where the source map of a bundle says that `text`, which stands there once, comes from. */
function originOf(place: string, text: string): { readonly path: string; readonly line: string } {
  const bundle = bundleAt(place);
  const parts = bundle.text.split(text);
  expect(parts, text).toHaveLength(2);
  const before = parts[0]?.split('\n') ?? [];
  const map = new SourceMap(JSON.parse(readFileSync(`${bundle.path}.map`, 'utf8')));
  const found = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
  if (!('originalSource' in found)) throw new Error(`${place}: ${text} has no origin`);
  const path = resolve(dirname(bundle.path), found.originalSource);
  return { path, line: readFileSync(path, 'utf8').split('\n')[found.originalLine] ?? '' };
}

describe('the source map of a bundle', () => {
  it('names sources that exist, its own first file among them', () => {
    for (const bundle of bundlesIn(BUILT)) {
      const sources = sourcesOf(bundle).filter((source) => !source.includes('\0'));
      expect(
        sources.filter((source) => !existsSync(source)),
        bundle.place,
      ).toEqual([]);
      expect(sources.length, bundle.place).toBeGreaterThan(0);
    }
    expect(sourcesOf(bundleAt('host/main.js'))).toContain(resolve(BUILT, '../../src/host/main.ts'));
  });

  it.each([
    ['host/main.js', 'usage: main.js TASK_FOLDER REQUEST_HASH', 'src/host/main.ts'],
    ['cli/pawl.js', 'No runs yet.', 'src/cli/commands/status.ts'],
    ['chunks/page-host.js', 'Use another --port N', 'src/inspector/hub/listen.ts'],
    ['chunks/drive.js', 'cannot accept packets. Nothing was recorded.', 'src/app/taking-in.ts'],
  ])('leads from a place in %s to the line that it was made from', (place, text, source) => {
    const { path, line } = originOf(place, text);
    expect(path.endsWith(`/${source}`)).toBe(true);
    expect(line).toContain(text);
  });

  it('is what a stack trace uses where source maps are enabled', () => {
    const script = `
      const { PawlError } = await import(${JSON.stringify(bundleAt('cli/pawl.js').path)});
      try { new PawlError(); } catch (error) { console.log(error.stack); }`;
    const { stdout } = spawnSync(process.execPath, ['--enable-source-maps', '--input-type=module', '--eval', script], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/src\/model\/error\.ts:\d+/);
  });
});
