import { expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { readArtifact, writeArtifact } from '../../src/store/artifacts.ts';
import { bytesOf, codeOf, filesOver, forEachCrash } from './store-kit.ts';

const RUN = '/runs/run_a';

it('an artifact is named by stage, name, hash and extension, is durable, and reads back', () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  const hash = sha256('text é');
  const ref = writeArtifact(files, RUN, 'handoff', 'handoff.md', 'text é');
  expect(ref).toEqual({ path: `artifacts/handoff/handoff-${hash.slice(0, 12)}.md`, sha256: hash });
  expect(writeArtifact(files, RUN, 'gates', 'verification', '{}').path).toMatch(
    /^artifacts\/gates\/verification-[0-9a-f]{12}\.json$/,
  );
  expect(writeArtifact(files, RUN, 'handoff', 'handoff.md', 'text é')).toEqual(ref);
  expect(readArtifact(filesOver(fs.crash('nothing')), RUN, ref)).toBe('text é');
});

it('changed bytes, a missing file, and a path that leads elsewhere are damage', () => {
  const files = filesOver(new MemoryFs());
  const ref = writeArtifact(files, RUN, 'gates', 'review', 'text');
  files.writeDurable(`${RUN}/${ref.path}`, bytesOf('texT'));
  expect(codeOf(() => readArtifact(files, RUN, ref))).toBe('PAWL_ARTIFACT_DAMAGED');
  expect(codeOf(() => writeArtifact(files, RUN, 'gates', 'review', 'text'))).toBe('PAWL_ARTIFACT_DAMAGED');
  files.fs.unlink(`${RUN}/${ref.path}`);
  expect(codeOf(() => readArtifact(files, RUN, ref))).toBe('PAWL_ARTIFACT_DAMAGED');
  for (const path of ['../../x', 'artifacts/../../x', 'artifacts/a', '/etc/passwd', 'artifacts/a/b/c']) {
    expect(codeOf(() => readArtifact(files, RUN, { ...ref, path }))).toBe('PAWL_ARTIFACT_DAMAGED');
  }
  expect(codeOf(() => writeArtifact(files, RUN, '..', 'x', 'text'))).toBe('PAWL_USAGE');
});

it('after a crash at any call it is there whole or not there, and can be written again', () => {
  const ref = writeArtifact(filesOver(new MemoryFs()), RUN, 'gates', 'review', 'some text');
  const ways = forEachCrash(
    () => undefined,
    (fs) => writeArtifact(filesOver(fs), RUN, 'gates', 'review', 'some text'),
    (survivor, _acknowledged, _choice, hasEnded) => {
      const thrown = codeOf(() => readArtifact(filesOver(survivor), RUN, ref));
      expect(hasEnded ? [null] : [null, 'PAWL_ARTIFACT_DAMAGED']).toContain(thrown);
      writeArtifact(filesOver(survivor), RUN, 'gates', 'review', 'some text');
      expect(readArtifact(filesOver(survivor.crash('nothing')), RUN, ref)).toBe('some text');
    },
  );
  expect(ways).toBeGreaterThan(20);
});
