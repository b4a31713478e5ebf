/**
 * What a guard inside of an agent is told: the rules of the turn, as one word.
 *
 * Owns: their form, and the words by which a denial of the guard is known. Does not own: the rules (tool-policy), the guards (tool-hook, opencode-plugin).
 */
import { canonicalJson } from '../../base/canonical-json.ts';
import { list, oneOf, type Parsed, parse, passable, text } from '../../model/fields.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** How what a guard tells its agent begins. */
export const GUARD_WORDS = 'Not allowed here, and nobody is available to approve it.';

/** True for what a guard has told the agent. */
export function isGuardDenial(said: string): boolean {
  return said.includes(GUARD_WORDS);
}

/** What a guard says for a denial; the reason is a sentence. */
export function guardDenial(reason: string): string {
  return `${GUARD_WORDS} ${reason} Continue without it, or report what blocks you.`;
}

/** The rules as one word of letters, digits, `-` and `_`. */
export function encodePolicy(policy: ToolPolicy): string {
  return Buffer.from(canonicalJson({ ...policy })).toString('base64url');
}

/** The rules in `word`, or why it holds none. */
export function parsePolicy(word: string): Parsed<ToolPolicy> {
  return parse(
    Buffer.from(word, 'base64url'),
    (file): ToolPolicy => ({
      permission: oneOf(file, 'permission', ['read', 'edit', 'bypass'] as const),
      allowedTools: list(file, 'allowedTools', text),
      allowedCommands: list(file, 'allowedCommands', (words, name) => list(words, name, passable)),
      roots: list(file, 'roots', text),
      ownServer: file.ownServer === null ? null : text(file, 'ownServer'),
    }),
  );
}
