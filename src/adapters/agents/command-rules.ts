/**
 * Commands that an agent's shell tool may run, as its own rules write them.
 *
 * Owns: which commands can be written as a rule, and how. Does not own: which are allowed (engine), the rest of an agent's permissions (its own file).
 *
 * Invariant: a rule allows nothing that was not named: a word that would need quoting, or that a rule may read as a pattern, makes no rule, and its command stays denied.
 */

/** A word that every shell and every rule takes as it is. */
const PLAIN_WORD = /^[\w@%+=./:-]+$/;

/** The rules for `commands`: `exact` gets one's words, `prefix` those before its `*`. */
export function commandRules(
  commands: readonly (readonly string[])[],
  exact: (words: string) => string,
  prefix: (words: string) => string,
): readonly string[] {
  return commands.flatMap((command) => {
    const isPrefix = command.at(-1) === '*';
    const words = isPrefix ? command.slice(0, -1) : command;
    if (words.length === 0 || !words.every((word) => PLAIN_WORD.test(word))) return [];
    return [(isPrefix ? prefix : exact)(words.join(' '))];
  });
}
