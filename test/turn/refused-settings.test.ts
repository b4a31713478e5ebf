/** Which words of an agent refuse a setting, and which one: the words as the agents say them. */
import { describe, expect, it } from 'vitest';
import { shownBlocker } from '../../src/blockers/shown-blocker.ts';
import { blocker } from '../../src/model/blocker.ts';
import { refusedSetting, refusingLine } from '../../src/turn/refused-settings.ts';

const REFUSALS: readonly (readonly [words: string, setting: string])[] = [
  [
    '--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons',
    'permission "bypass"',
  ],
  ['Cannot start in YOLO mode since it is disabled by your admin', 'permission "bypass"'],
  ['Error: When using --print, --output-format=stream-json requires --verbose', '--verbose'],
  ["error: option '--permission-mode <mode>' argument 'foo' is invalid. Allowed choices are plan.", 'nativeMode'],
  ["error: option '--effort <level>' argument 'foo' is invalid.", '--effort'],
  ["error: unknown option '--nonsense'", '--nonsense'],
  ['Error: Settings file not found: /nowhere.json', "the agent's own configuration"],
  ['Error: Invalid MCP configuration:', "the agent's own configuration"],
  ["There's an issue with the selected model (foo). It may not exist or you may not have access to it.", 'model'],
  ['Not inside a trusted directory and --skip-git-repo-check was not specified.', 'trust in the folder'],
  ["error: invalid value 'foo' for '--sandbox <SANDBOX_MODE>'", 'nativeMode'],
  ["error: unexpected argument '--nonsense' found", '--nonsense'],
  ['Error: Model provider `nope` not found', 'model'],
  ["The 'gpt-x' model is not supported when using Codex with a ChatGPT account.", 'model'],
  ['Error loading config.toml: unknown variant `nope`', "the agent's own configuration"],
  ['The model `gpt-x` does not exist or you do not have access to it.', 'model'],
  ['Gemini CLI is not running in a trusted directory. To proceed, use --skip-trust.', 'trust in the folder'],
  ['The folder is not trusted: exit code 55', 'trust in the folder'],
  ['  Argument: approval-mode, Given: "foo", Choices: "default", "plan"', 'nativeMode'],
  ['Unknown argument: nonsense', '--nonsense'],
  ['Unknown arguments: nonsense, more', '--nonsense'],
  ['Model not found: nope/nope. Did you mean: other?', 'model'],
  ['Configuration is invalid at OPENCODE_CONFIG_CONTENT', "the agent's own configuration"],
  ['agent "nope" not found. Falling back to default agent', 'nativeMode'],
  ["error: invalid value 'nope' for '--mode <mode>'", 'nativeMode'],
  ["error: invalid value 'nope' for '--model <model>'", 'model'],
  ['The agent offers no mode "yolo"; it offers ask, plan.', 'nativeMode'],
  ['The agent offers no model "huge"; it offers small.', 'model'],
];

const OTHERS: readonly string[] = [
  '',
  'Invalid API key · Please run /login',
  'Selected model is at capacity. Please try a different model.',
  'API Error: 529 overloaded_error',
  'You have hit your usage limit.',
  'No conversation found with session ID: x',
  'Error: Session not found',
  'fatal: not a git repository',
  'Error: 404 page not found',
  'the test says: unknown option, and that is fine',
  'exit code 1',
];

describe('a setting', () => {
  it.each(REFUSALS)('is refused by "%s": %s', (words, setting) => {
    expect(refusedSetting(words)?.name).toBe(setting);
  });

  it.each(OTHERS)('is not refused by "%s"', (words) => {
    expect(refusedSetting(words)).toBeNull();
  });

  it.each(REFUSALS)('that is refused by "%s" has a hint that is shown as it is', (words) => {
    const { name, hint } = refusedSetting(words) ?? expect.fail();
    expect(hint).toMatch(/retry: no attempt was used\.$/);
    const found = blocker('PAWL_AGENT_SETTING_REFUSED', { setting: name, said: words }, []);
    expect(shownBlocker(found).hint).toBe(hint);
  });

  it('is not refused by an agent that has worked, unless it says that it works under another', () => {
    expect(refusedSetting("error: unknown option '--nonsense'", 1)).toBeNull();
    expect(refusedSetting('agent "nope" not found. Falling back to default agent', 1)?.name).toBe('nativeMode');
  });
});

it('the first line that refuses a setting counts', () => {
  const lines = ['Warning: x', "error: unknown option '--a'", "error: unknown option '--b'"];
  expect(refusingLine(lines)).toBe(lines[1]);
  expect(refusingLine(['nothing'])).toBeNull();
});
