/**
 * What the agents of a night do, each in the run that is named after it.
 *
 * Owns: their plans. Does not own: the night (turns/night.test), playing them (fixture-agent).
 */
import { change, goodTurn, LINES, openTurn, type Step, say } from './fixture-lines.ts';
import type { Plain } from './scenario-packet.ts';
import type { ScenarioAgent } from './turn-scenario.ts';

const PASS = { verdict: { status: 'PASS', summary: 'fine', findings: [] } } as const;
const FINDING = { severity: 'error', message: 'the same fault', file: 'a.txt', line: 1 };
const FAIL = { verdict: { status: 'FAIL', summary: 'not fine', findings: [FINDING] } } as const;
const review = (): readonly Step[] => goodTurn('claude', [], PASS, { input: 10, usd: 0.001 });
const work = (name: string): readonly Step[] => [change(`work-of/${name}/done.txt`)];
const resumed = (name: string): readonly Step[] => goodTurn('claude', work(name));
const refused: readonly Step[] = [
  { do: 'complain', text: 'No conversation found with session ID: x\n' },
  { do: 'exit', code: 1 },
];
const window = { type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: '$SOON' } };
const denial = { type: 'system', subtype: 'permission_denied', tool_name: 'WebFetch', message: 'not permitted' };

/** Those that wait for nothing of ours. */
const AGENTS: Readonly<Record<string, ScenarioAgent>> = {
  OTHER: {
    kind: 'claude',
    plan: {
      'implementation-e0-a1': openTurn('claude', [
        say({ ...(LINES.claude.started as object), session_id: 'other-session' }),
        change('half.txt'),
      ]).slice(1),
      implementation: resumed('OTHER'),
      review: review(),
    },
  },
  REFUSED: {
    kind: 'claude',
    plan: {
      'implementation-e0-a1': openTurn('claude', [change('half.txt')]),
      'implementation-e0-a2': refused,
      implementation: resumed('REFUSED'),
      review: review(),
    },
  },
  DENIED: {
    kind: 'claude',
    plan: {
      implementation: goodTurn('claude', [...work('DENIED'), say(denial)], { status: 'blocked', summary: 'no web' }),
    },
  },
  COSTLY: {
    kind: 'opencode',
    plan: {
      'implementation-e0-a1': openTurn('opencode', [
        ...work('COSTLY'),
        say(LINES.opencode.step('p1', { input: 1_000, usd: 0.6 })),
      ]),
      implementation: goodTurn('opencode', work('COSTLY'), {}, { input: 10, usd: 0.5 }),
    },
  },
  TOKENS: {
    kind: 'codex',
    plan: { implementation: goodTurn('codex', work('TOKENS')) },
  },
  STUCK: {
    kind: 'claude',
    plan: {
      implementation: goodTurn('claude', [change('a.txt')]),
      fix: goodTurn('claude', [change('a.txt', undefined)]),
      review: goodTurn('claude', [], FAIL),
    },
  },
  CANCELLED: {
    kind: 'claude',
    plan: { implementation: openTurn('claude', [{ do: 'takes', signal: 'SIGTERM', code: 143 }]) },
  },
  FORGETFUL: {
    kind: 'claude',
    plan: {
      'implementation-e0-a1': [
        say(LINES.claude.started),
        ...work('FORGETFUL'),
        say(LINES.claude.text('All done, I think.')),
        say(LINES.claude.done({ input: 1 })),
      ],
      implementation: goodTurn('claude'),
      review: review(),
    },
  },
  SILENT: {
    kind: 'claude',
    plan: { implementation: [say(LINES.claude.started), ...work('SILENT'), say(LINES.claude.done({ input: 1 }))] },
  },
};

/** The agents of the night, each with a packet of its own; those that stay wait for `goFile`, the last of them for `lateFile`, and one is limited after `limitFile`. */
export function nightAgents(
  goFile: string,
  lateFile: string,
  limitFile: string,
): Readonly<Record<string, ScenarioAgent>> {
  return {
    LIMITED: {
      kind: 'claude',
      plan: {
        'implementation-e0-a1': [
          say(LINES.claude.started),
          ...work('LIMITED'),
          { do: 'until', file: limitFile },
          say(window),
          say(LINES.claude.failed('usage limit reached')),
          { do: 'exit', code: 1 },
        ],
        implementation: resumed('LIMITED'),
        review: review(),
      },
    },
    LIVING: {
      kind: 'claude',
      plan: {
        implementation: goodTurn('claude', [
          { do: 'note', text: 'open' },
          { do: 'until', file: goFile },
          ...work('LIVING'),
        ]),
        review: review(),
      },
    },
    ADOPTED: {
      kind: 'claude',
      plan: {
        implementation: goodTurn('claude', [
          say({ type: 'assistant', message: { content: [{ type: 'tool_use', id: 't', name: 'Bash' }] } }),
          { do: 'note', text: 'open' },
          { do: 'until', file: lateFile },
          ...work('ADOPTED'),
        ]),
        review: review(),
      },
    },
    ORPHAN: {
      kind: 'opencode',
      plan: {
        implementation: [
          say(LINES.opencode.started),
          { do: 'note', text: 'open' },
          { do: 'until', file: goFile },
          say(LINES.opencode.step('p1', { input: 1_000, usd: 0.6 })),
          { do: 'hold' },
        ],
      },
    },
    ...AGENTS,
  };
}

/** What the packets of the night override. */
export const NIGHT_LIMITS: Readonly<Record<string, Plain>> = {
  ADOPTED: { stall_ms: 2_000 },
  ORPHAN: { budget_usd: 0.5 },
  COSTLY: { budget_usd: 0.5 },
  TOKENS: { budget_usd: 0.5 },
  STUCK: { fix_attempts_max: 5 },
};
