import { expect, it } from 'vitest';
import { sha256 } from '../../src/base/sha256.ts';
import { BOUNDS } from '../../src/model/limits.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { readArtifact, writeArtifact } from '../../src/store/artifacts.ts';
import { bytesOf, codeOf, filesOver, forEachCrash, toldBy } from './store-kit.ts';

const RUN = '/runs/run_a';

it('an artifact is named by stage, name, hash and extension, is durable, and reads back', async () => {
  const fs = new MemoryFs();
  const files = filesOver(fs);
  const hash = sha256('text é');
  const ref = await writeArtifact(files, RUN, 'handoff', 'handoff.md', 'text é');
  expect(ref).toEqual({ path: `artifacts/handoff/handoff-${hash.slice(0, 12)}.md`, sha256: hash });
  expect((await writeArtifact(files, RUN, 'gates', 'verification', '{}')).path).toMatch(
    /^artifacts\/gates\/verification-[0-9a-f]{12}\.json$/,
  );
  expect(await writeArtifact(files, RUN, 'handoff', 'handoff.md', 'text é')).toEqual(ref);
  expect(readArtifact(filesOver(fs.crash('nothing')), RUN, ref)).toBe('text é');
});

it('changed bytes, a missing file, and a path that leads elsewhere are damage', async () => {
  const files = filesOver(new MemoryFs());
  const ref = await writeArtifact(files, RUN, 'gates', 'review', 'text');
  await files.writeDurable(`${RUN}/${ref.path}`, bytesOf('texT'));
  expect(await codeOf(() => readArtifact(files, RUN, ref))).toBe('PAWL_ARTIFACT_DAMAGED');
  expect(await codeOf(() => writeArtifact(files, RUN, 'gates', 'review', 'text'))).toBe('PAWL_ARTIFACT_DAMAGED');
  files.fs.unlink(`${RUN}/${ref.path}`);
  expect(await codeOf(() => readArtifact(files, RUN, ref))).toBe('PAWL_ARTIFACT_DAMAGED');
  for (const path of ['../../x', 'artifacts/../../x', 'artifacts/a', '/etc/passwd', 'artifacts/a/b/c']) {
    expect(await codeOf(() => readArtifact(files, RUN, { ...ref, path }))).toBe('PAWL_ARTIFACT_DAMAGED');
  }
  expect(await codeOf(() => writeArtifact(files, RUN, '..', 'x', 'text'))).toBe('PAWL_USAGE');
});

it('after a crash at any call it is there whole or not there, and can be written again', async () => {
  const ref = await writeArtifact(filesOver(new MemoryFs()), RUN, 'gates', 'review', 'some text');
  const ways = await forEachCrash(
    () => undefined,
    (fs) => writeArtifact(filesOver(fs), RUN, 'gates', 'review', 'some text'),
    async (survivor, _acknowledged, _choice, hasEnded) => {
      const thrown = await codeOf(() => readArtifact(filesOver(survivor), RUN, ref));
      expect(hasEnded ? [null] : [null, 'PAWL_ARTIFACT_DAMAGED']).toContain(thrown);
      await writeArtifact(filesOver(survivor), RUN, 'gates', 'review', 'some text');
      expect(readArtifact(filesOver(survivor.crash('nothing')), RUN, ref)).toBe('some text');
    },
  );
  expect(ways).toBeGreaterThan(20);
});

it('what is wrong is reported, with the path of the file', async () => {
  const files = filesOver(new MemoryFs());
  const ref = await writeArtifact(files, RUN, 'gates', 'review', 'text');
  const told = (wrong: Partial<typeof ref>) => toldBy(() => readArtifact(files, RUN, { ...ref, ...wrong }));
  expect(await told({ sha256: '0'.repeat(64) })).toMatchObject({
    message: `${ref.path} does not match its recorded hash`,
    subject: `${RUN}/${ref.path}`,
    actions: [{ command: 'pawl recover' }],
  });
  expect((await told({ path: 'artifacts/gates/gone-000000000000.json' })).message).toMatch(/ is missing$/);
  for (const path of ['other/gates/x.json', 'artifacts/.gates/x.json', 'artifacts/gates/.x.json', 'artifacts/a/b/c'])
    expect((await told({ path })).message).toBe(`${path} is not an artifact path`);
  const bytes = Buffer.from([0xff, 0xfe]);
  await files.writeDurable(`${RUN}/artifacts/gates/odd.json`, bytes);
  expect((await told({ path: 'artifacts/gates/odd.json', sha256: sha256(bytes) })).message).toMatch(/ is not UTF-8$/);
});

it('one that is longer than any may be is a bug of ours', async () => {
  const files = filesOver(new MemoryFs());
  const most = 'x'.repeat(BOUNDS.artifactBytes);
  expect(readArtifact(files, RUN, await writeArtifact(files, RUN, 'gates', 'review', most))).toBe(most);
  await expect(writeArtifact(files, RUN, 'gates', 'review', `${most}x`)).rejects.toThrow(
    'bug: the artifact review is longer than',
  );
});
