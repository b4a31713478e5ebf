/**
 * What is known of agents beyond their adapters: where a login shows, how they speak ACP.
 *
 * Owns: those two tables. Does not own: looking there (agent-checks).
 */
import type { AgentKind } from '../../model/turn.ts';

/** Where a login of an agent shows. */
export interface LoginPlaces {
  /** Variables of which each is a login. */
  readonly variables: readonly string[];
  /** Files that a login leaves: a folder, named by a variable or else below the home, and a path in it. */
  readonly files: readonly { readonly variable: string | null; readonly folder: string; readonly path: string }[];
}

/** How an agent is started as an ACP agent: by itself with a flag that its help must name, or through another program that must be there. */
export type AcpWay =
  | { readonly by: 'itself'; readonly args: string; readonly flag: string | null }
  | { readonly by: 'program'; readonly program: string };

/** Facts of every kind with an adapter of its own. */
export const AGENT_FACTS: Readonly<
  Record<Exclude<AgentKind, 'acp'>, { readonly login: LoginPlaces; readonly acp: AcpWay }>
> = {
  claude: {
    login: {
      variables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
      files: [{ variable: 'CLAUDE_CONFIG_DIR', folder: '.claude', path: '.credentials.json' }],
    },
    acp: { by: 'program', program: 'claude-agent-acp' },
  },
  codex: {
    login: {
      variables: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
      files: [{ variable: 'CODEX_HOME', folder: '.codex', path: 'auth.json' }],
    },
    acp: { by: 'program', program: 'codex-acp' },
  },
  opencode: {
    login: {
      variables: ['OPENCODE_API_KEY', 'ANTHROPIC_API_KEY', 'OPENAI_API_KEY', 'GEMINI_API_KEY', 'OPENROUTER_API_KEY'],
      files: [{ variable: 'XDG_DATA_HOME', folder: '.local/share', path: 'opencode/auth.json' }],
    },
    acp: { by: 'itself', args: 'acp', flag: null },
  },
  gemini: {
    login: {
      variables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_APPLICATION_CREDENTIALS'],
      files: [{ variable: null, folder: '.gemini', path: 'oauth_creds.json' }],
    },
    acp: { by: 'itself', args: '--acp', flag: '--acp' },
  },
  copilot: {
    // It keeps its login in the system's keychain, or in a file that is there without one too.
    login: { variables: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'COPILOT_PROVIDER_API_KEY'], files: [] },
    acp: { by: 'itself', args: '--acp', flag: '--acp' },
  },
  qwen: {
    login: {
      variables: ['OPENAI_API_KEY', 'DASHSCOPE_API_KEY'],
      files: [{ variable: 'QWEN_HOME', folder: '.qwen', path: 'oauth_creds.json' }],
    },
    acp: { by: 'itself', args: '--acp', flag: '--acp' },
  },
};
