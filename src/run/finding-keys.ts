/**
 * Findings made comparable across rounds: the essence of a fault, without what changes from run to run.
 *
 * Owns: the key of a finding, whether findings lie in lines that a fix has added. Does not own: what repeated findings mean (machines/run/fix-loop).
 *
 * Invariant: keys are hashes: no text of a worker's output gets into a journal through them.
 */
import { BOUNDS } from '../model/limits.ts';
import type { Finding } from '../model/request.ts';
import type { AddedLines } from '../ports/git.ts';

const KEY_CHARS = 16;

/** The keys of `findings`, each once, in order; none if there are more than can be kept, because a part would compare as the whole. `hash` gives SHA-256 in hex. */
export function findingKeys(findings: readonly Finding[], hash: (text: string) => string): readonly string[] {
  const keys = new Set(findings.map((finding) => hash(normalised(finding)).slice(0, KEY_CHARS)));
  return keys.size > BOUNDS.findingKeys ? [] : [...keys].sort();
}

/** File and text: without line numbers, as lines move, and without figures, times, addresses and white space. */
function normalised({ file, message }: Finding): string {
  const text = message
    .toLowerCase()
    .replace(/\b(?:0x)?[0-9a-f]*\d[0-9a-f]*\b/g, '#')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
  return `${(file ?? '').replace(/^\.\//, '')}\n${text}`;
}

/** True when every finding names a place, and all of them lie in added lines. */
export function areAllAdded(findings: readonly Finding[], added: readonly AddedLines[]): boolean {
  return (
    findings.length > 0 &&
    findings.every(({ file, line }) => {
      const name = file?.replace(/^\.\//, '');
      return added.some(
        (lines) => lines.file === name && line !== undefined && line >= lines.first && line <= lines.last,
      );
    })
  );
}
