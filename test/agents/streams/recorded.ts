/**
 * Streams that real agents wrote, by kind and case.
 *
 * Owns: finding them, and folding one as the host does. Does not own: the streams (data), what they come to (golden.test).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { adapterOf } from '../../../src/adapters/agents/adapters.ts';
import type { AgentKind } from '../../../src/model/turn.ts';
import { FIRST_LINE, readRest } from '../../../src/turn/agent-lines.ts';
import { foldLines, SILENT_TURN, type Turn } from '../../../src/turn/turn.ts';

/** A stream that was recorded. */
export interface RecordedStream {
  readonly kind: AgentKind;
  readonly name: string;
  readonly lines: readonly string[];
}

const DATA = new URL('data/', import.meta.url);

/** The kinds that streams were recorded of. */
export const RECORDED_KINDS = ['claude', 'codex', 'opencode', 'gemini', 'copilot', 'qwen'] as const;

/** All streams of a kind. */
export function streamsOf(kind: AgentKind): readonly RecordedStream[] {
  const folder = new URL(`${kind}/`, DATA);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ndjson'))
    .sort()
    .map((file) => ({
      kind,
      name: file.replace('.ndjson', ''),
      lines: readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n'),
    }));
}

/** What `turn` comes to with `text` as the last of its output. */
export function turnOf(kind: AgentKind, text: string, turn: Turn = SILENT_TURN): Turn {
  const { lines } = readRest(FIRST_LINE, new TextEncoder().encode(text));
  return foldLines(turn, lines, adapterOf(kind).read);
}
