/**
 * How each agent is turned to the stand-in of its model: variables, files of a home of its own, arguments.
 *
 * Owns: that table. Does not own: the stand-in (model-stand-in), the agents' command lines (adapters/agents).
 *
 * Invariants: 1. No login of the user is in it: keys are dummies (long ones: some agents blank out their key wherever it occurs in their output). 2. Whatever an agent
 * keeps, it keeps in the given home.
 */
import type { AgentKind } from '../../model/turn.ts';

/** What an agent is started with beyond its own command line. */
export interface StandInEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** Contents of files by their path in the home. */
  readonly files: Readonly<Record<string, string>>;
  readonly model: string | null;
  readonly extraArgs: readonly string[];
}

const MODEL = 'stand-in';
const KEY = 'sk-stand-in-dummy-key-0123456789';
const NO_RETRIES = '1';

type Making = (url: string, home: string) => Partial<StandInEnvironment>;

const TABLE: Readonly<Record<Exclude<AgentKind, 'acp'>, Making>> = {
  claude: (url, home) => ({
    env: {
      ANTHROPIC_API_KEY: KEY,
      ANTHROPIC_BASE_URL: url,
      CLAUDE_CONFIG_DIR: `${home}/.claude`,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_MAX_RETRIES: NO_RETRIES,
    },
  }),
  codex: (url, home) => ({
    env: { OPENAI_API_KEY: KEY, CODEX_HOME: `${home}/.codex` },
    files: {
      '.codex/config.toml': [
        `model = "${MODEL}"`,
        'model_provider = "stand-in"',
        '[model_providers.stand-in]',
        'name = "stand-in"',
        `base_url = "${url}/v1"`,
        'env_key = "OPENAI_API_KEY"',
        'wire_api = "responses"',
        `request_max_retries = ${NO_RETRIES}`,
        `stream_max_retries = ${NO_RETRIES}`,
        '',
      ].join('\n'),
    },
  }),
  opencode: (url, home) => ({
    env: {
      XDG_CONFIG_HOME: `${home}/.config`,
      XDG_DATA_HOME: `${home}/.local/share`,
      XDG_STATE_HOME: `${home}/.local/state`,
      XDG_CACHE_HOME: `${home}/.cache`,
    },
    files: { '.config/opencode/opencode.json': JSON.stringify(openCodeConfig(url)) },
  }),
  gemini: (url) => ({
    env: { GEMINI_API_KEY: KEY, GOOGLE_GEMINI_BASE_URL: url },
    // With an endpoint of one's own it asks how to log in, unless told.
    files: { '.gemini/settings.json': JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }) },
  }),
  copilot: (url, home) => ({
    env: {
      COPILOT_HOME: `${home}/.copilot`,
      COPILOT_MODEL: MODEL,
      COPILOT_OFFLINE: 'true',
      COPILOT_PROVIDER_API_KEY: KEY,
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
    },
  }),
  qwen: (url) => ({ env: { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${url}/v1`, OPENAI_MODEL: MODEL } }),
};

function openCodeConfig(url: string): object {
  return {
    provider: {
      'stand-in': {
        npm: '@ai-sdk/openai-compatible',
        name: 'stand-in',
        options: { baseURL: `${url}/v1`, apiKey: KEY },
        models: { [MODEL]: { name: MODEL, limit: { context: 100_000, output: 4_000 } } },
      },
    },
    model: `stand-in/${MODEL}`,
    small_model: `stand-in/${MODEL}`,
    autoupdate: false,
    share: 'disabled',
  };
}

/** What an agent of that kind needs to take the stand-in at `url` for its model; its home is the absolute folder `home`. Null: no way is known. */
export function standInEnvironment(kind: AgentKind, url: string, home: string): StandInEnvironment | null {
  if (kind === 'acp') return null;
  const made = TABLE[kind](url, home);
  return { files: {}, model: null, extraArgs: [], ...made, env: { HOME: home, ...made.env } };
}
