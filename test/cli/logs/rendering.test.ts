/** What the output of every recorded agent looks like to a person: one rendering for all of them. */
import { createColors } from 'picocolors';
import { describe, expect, it } from 'vitest';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import type { LogEntry } from '../../../src/app/task-log.ts';
import { LogLines } from '../../../src/cli/log-lines.ts';
import { RECORDED_KINDS, type RecordedStream, streamsOf } from '../../agents/streams/recorded.ts';

function rendered(entries: readonly LogEntry[]): readonly string[] {
  const lines = new LogLines({ colour: createColors(false), worktree: '/srv/tree', isInterleaved: false });
  return [...entries.flatMap((entry) => lines.take(entry)), ...lines.rest()];
}

function entriesOf({ kind, lines }: RecordedStream): readonly LogEntry[] {
  const { read } = adapterOf(kind);
  return lines.flatMap((line) => read(JSON.parse(line)) ?? []);
}

describe.each(RECORDED_KINDS)('%s', (kind) => {
  it('has every recorded stream rendered as lines', async () => {
    const shown = streamsOf(kind).map((stream) => `# ${stream.name}\n${rendered(entriesOf(stream)).join('\n')}\n`);
    await expect(shown.join('\n')).toMatchFileSnapshot(`data/${kind}.txt`);
  });
});
