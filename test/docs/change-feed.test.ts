/** The file of a feed that docs/change-feed.md shows is one. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import type { ChangeDraft } from '../../src/model/change.ts';
import { MemoryFs } from '../../src/prove/memory/memory-fs.ts';
import { closed, contentOf, names, openFeed } from '../store/change-log/feed-kit.ts';

const DOC = resolve(import.meta.dirname, '../../docs/change-feed.md');

it('docs/change-feed.md shows a file of the feed, byte for byte', async () => {
  const fs = new MemoryFs();
  const feed = await openFeed(fs);
  await feed.adopt('web', { run_add_login: 41 });
  const about = { project: 'web', system: 'run_add_login', atMs: 1_700_000_000_120 };
  const of = { runId: 'run_add_login', journalSeq: 42, event: 'taskRequested' };
  const changes: readonly ChangeDraft[] = [
    { ...about, type: 'run_updated', data: { ...of, state: 'implementing', view: { seq: 42 } } },
    { ...about, type: 'task_requested', data: { ...of, task: 'implementation-e0-a1', agent: 'codex' } },
  ];
  await feed.append({ source: { project: 'web', system: 'run_add_login', seq: 42 }, changes });
  await feed.forget('web');
  await closed(feed);
  const [name = ''] = names(fs);
  const [, shown] = /```ndjson\n(.*?)```/s.exec(readFileSync(DOC, 'utf8')) ?? [];
  expect(shown).toBe(new TextDecoder().decode(contentOf(fs, name)));
});
