/**
 * How Gemini's policy engine decides on a shell command, after its documentation and 0.61.0.
 *
 * Owns: rules read from a policy file, the order in which they are tested, the parts of a text. Does not own: the file (adapters/agents/gemini-policy).
 */

interface Rule {
  readonly tool: string;
  readonly pattern: RegExp | null;
  readonly decision: string;
  readonly priority: number;
}

/** The rules of a policy file, the first one that matches decides. Throws for one that Gemini would leave out. */
export function rulesOf(toml: string): readonly Rule[] {
  const rules = toml
    .split('[[rule]]')
    .slice(1)
    .map((text): Rule => {
      const value = (name: string): string | undefined => new RegExp(`^${name} = (.*)$`, 'm').exec(text)?.[1];
      const pattern = value('argsPattern')?.slice(1, -1);
      if (pattern !== undefined && (pattern.length > 2048 || /\([^)]*[*+?{].*\)[*+?{]/.test(pattern)))
        throw new Error(`unsafe for Gemini (${pattern.length} characters): ${pattern}`);
      return {
        tool: value('toolName')?.slice(1, -1) ?? '',
        pattern: pattern === undefined ? null : new RegExp(pattern),
        decision: value('decision')?.slice(1, -1) ?? '',
        priority: Number(value('priority')),
      };
    });
  return rules.toSorted((a, b) => b.priority - a.priority);
}

/** What becomes of a shell command: the whole text is tested, then every part. */
export function decide(rules: readonly Rule[], command: string): string {
  const one = (text: string): string => {
    const json = `{\0"command":${JSON.stringify(text)}\0,\0"description":"x"\0}`;
    return (
      rules.find(({ tool, pattern }) => tool === 'run_shell_command' && (pattern === null || pattern.test(json)))
        ?.decision ?? 'deny'
    );
  };
  const parts = partsOf(command);
  return [command, ...parts].every((text) => one(text) === 'allow') ? 'allow' : 'deny';
}

/** The commands of a text, split where no quote holds the sign; without what they throw away. */
function partsOf(text: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (quote === '' && /[|;&\n]/.test(char) && !/[<>]/.test(text.charAt(index - 1))) {
      parts.push(part);
      part = '';
      continue;
    }
    if (char === '\\' && quote !== "'") {
      part += char + text.charAt(index + 1);
      index += 1;
      continue;
    }
    if (/['"]/.test(char)) quote = quote === '' ? char : quote === char ? '' : quote;
    part += char;
  }
  return [...parts, part].map((one) => one.trim()).filter((one) => one !== '' && one !== '1');
}
