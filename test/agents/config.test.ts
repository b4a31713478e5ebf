/** pawl.config.json: what it may hold, its defaults, and the sentence for what it may not. */
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { PawlError } from '../../src/model/error.ts';

const parse = (document: unknown) => parseConfig(JSON.stringify(document), '/r/pawl.config.json');

function refusal(read: () => unknown): PawlError {
  try {
    read();
  } catch (error) {
    if (error instanceof PawlError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const DEFAULTS = {
  agents: {},
  roles: {},
  verification: { allow: [] },
  surface: 'lease',
  scm: { allowRepos: [] },
  workspace: { setup: [] },
  limits: {},
  budget: {},
};

describe('parseConfig', () => {
  it('gives the defaults when there is no file or nothing in it', () => {
    expect(parseConfig(null, 'x')).toEqual(DEFAULTS);
    expect(parse({})).toEqual(DEFAULTS);
    expect(parseConfig('\uFEFF{}', 'x')).toEqual(DEFAULTS);
    expect(parse({ verification: {}, workspace: {} })).toEqual(DEFAULTS);
  });

  it('reads every key of the contract', () => {
    const whole = {
      $schema: './docs/schemas/config.schema.json',
      agents: {
        coder: {
          kind: 'command',
          argv: ['coder', '--task', '{taskFile}', ''],
          env: ['API_KEY'],
          completion: 'exitCode',
        },
        claude: {
          kind: 'claude',
          program: './bin/claude',
          model: 'opus',
          permission: 'bypass',
          nativeMode: 'plan',
          allowedTools: ['Bash(npm test)'],
          expectedDenials: ['WebFetch'],
          extraArgs: ['--verbose'],
          env: ['MY_KEY'],
          maxTurns: 40,
          resume: false,
          fixResumesImplementer: true,
          mcp: false,
          structuredOutput: false,
        },
        file: { kind: 'scripted', script: 'agents/script.json' },
        inline: {
          kind: 'scripted',
          steps: { 'review.e1.a2': [{ do: 'answer', verdict: 'FAIL' }], tasks: { T: { fix: [{ do: 'hang' }] } } },
        },
      },
      roles: { implementer: 'coder', fixer: 'coder', reviewer: 'inline', verifier: 'file' },
      verification: { allow: ['npm test', 'node --test *'] },
      workspace: { setup: ['npm ci'] },
      limits: { attemptsMax: 3, fixAttemptsMax: 0, deadlineMs: { review: 5 }, parallelRunsMax: 4 },
      budget: { usd: 20, tokens: 5_000_000 },
      surface: 'strict',
      scm: { allowRepos: ['acme/widgets'] },
    };
    expect(parse(whole)).toEqual(whole);
    expect(parse({ limits: { deadlineMs: 5 } }).limits.deadlineMs).toBe(5);
  });

  it('fills in what an agent leaves out', () => {
    expect(parse({ agents: { a: { kind: 'command', argv: ['x'] } } }).agents.a).toEqual({
      kind: 'command',
      argv: ['x'],
      env: [],
      completion: 'file',
    });
  });

  it.each<[string, unknown]>([
    ['agent: is not a known key', { agent: {} }],
    ['limits.graceSeconds: is not a known key', { limits: { graceSeconds: 1 } }],
    ['roles.tester: is not a known key', { roles: { tester: 'a' } }],
    ['verification.deny: is not a known key', { verification: { deny: [] } }],
    ['workspace.steps: is not a known key', { workspace: { steps: [] } }],
    ['agents.a.shell: is not a known key', { agents: { a: { kind: 'command', argv: ['x'], shell: true } } }],
    ['agents.a.argv: is not a known key', { agents: { a: { kind: 'scripted', argv: ['x'] } } }],
    ['agents.a.kind: must be', { agents: { a: { kind: 'shell' } } }],
    ['agents.a b: must be a name: letters', { agents: { 'a b': { kind: 'scripted' } } }],
    ['agents: must be an object of agents by name', { agents: [] }],
    ['budget.usd: must be a positive number', { budget: { usd: -1 } }],
    ['budget.usd: must be a positive number', { budget: { usd: 'x' } }],
    ['budget.tokens: must be a positive integer', { budget: { tokens: 1.5 } }],
    ['budget.tokens: must be a positive integer', { budget: { tokens: 0 } }],
    ['agents.a.argv.0: must be', { agents: { a: { kind: 'command', argv: [] } } }],
    ['agents.a.argv.0: must be', { agents: { a: { kind: 'command', argv: [' '] } } }],
    ['agents.a.argv.1: must not contain a NUL', { agents: { a: { kind: 'command', argv: ['x', '\0'] } } }],
    ['agents.a.argv: must be', { agents: { a: { kind: 'command', argv: 'npm test' } } }],
    ['agents.a.env.0: must be the name', { agents: { a: { kind: 'command', argv: ['x'], env: ['A=1'] } } }],
    ['agents.a.completion: must be', { agents: { a: { kind: 'command', argv: ['x'], completion: 'stdout' } } }],
    ['agents.a: has both', { agents: { a: { kind: 'scripted', script: 'x', steps: {} } } }],
    ['agents.a.steps', { agents: { a: { kind: 'scripted', steps: { implement: [] } } } }],
    [
      'agents.a.steps.review.0.do: must be one of',
      { agents: { a: { kind: 'scripted', steps: { review: [{ do: 'dance' }] } } } },
    ],
    ['agents.../x', { agents: { '../x': { kind: 'scripted' } } }],
    ['verification.allow: must be', { verification: { allow: 'npm test' } }],
    ['verification.allow.0: must be', { verification: { allow: [''] } }],
    ['limits.attemptsMax: must be a whole number from 1', { limits: { attemptsMax: 0 } }],
    ['limits.graceMs: must be', { limits: { graceMs: 1.5 } }],
    ['limits.parallelRunsMax: must be', { limits: { parallelRunsMax: 0 } }],
    ['limits.deadlineMs.fixing: is not a known key', { limits: { deadlineMs: { fixing: 1 } } }],
    ['the document: must be an object', []],
  ])('%s', (message, document) => {
    const error = refusal(() => parse(document));
    expect(error.code).toBe('PAWL_CONFIG_INVALID');
    expect(error.subject).toBe('/r/pawl.config.json');
    expect(error.message).toContain(message);
  });

  it('a file that is not JSON is refused', () => {
    expect(refusal(() => parseConfig('{', 'x')).message).toContain('it is not JSON');
  });
});
