/**
 * Which agents filled which role in a run, what each role has used, and what was denied to it.
 *
 * Owns: both lists, from the attempts alone. Does not own: adding up reports (turn/ledger), the page (run/handoff/page).
 *
 * Invariant: the roles together have used what the run has used: a session that two roles shared is divided between them turn by turn.
 */
import { ROLES, type Role } from '../../model/packet.ts';
import type { TurnReport } from '../../model/turn.ts';
import { reportsIn, type SpentPart, spentBy } from '../../turn/ledger.ts';
import type { AttemptRow } from '../attempts.ts';

/** An agent as it ran. */
export interface RoleAgent {
  /** Its name in the config. */
  readonly agent: string;
  /** Null if none of its turns was reported, as for a program whose output Pawl does not read. */
  readonly kind: string | null;
  readonly cliVersion: string | null;
  readonly model: string | null;
}

/** The sums for one role. */
export interface RoleCost {
  readonly role: Role;
  readonly agents: readonly RoleAgent[];
  readonly attempts: number;
  /** Those of them that were turns of a coding agent, which alone report what they use. */
  readonly turns: number;
  /** Null if none of its turns reported any. */
  readonly tokens: number | null;
  readonly usd: number | null;
  /** The part of it that was never reported. */
  readonly estimated: { readonly tokens: number; readonly usd: number };
}

/** An action that an agent was denied. */
export interface DeniedAction {
  readonly taskId: string;
  readonly role: Role | null;
  readonly tool: string;
  /** What was requested, such as a command; null if that is not known. */
  readonly what: string | null;
  readonly reason: string;
  readonly isExpected: boolean;
}

/** The roles that were filled, in their order. */
export function rolesOf(attempts: readonly AttemptRow[]): readonly RoleCost[] {
  const shares = sharesOf(attempts);
  return ROLES.flatMap((role): readonly RoleCost[] => {
    const played = shares.filter(({ attempt }) => roleOf(attempt.taskId) === role && !isOwn(attempt));
    if (played.length === 0) return [];
    const sum = (part: (share: Share) => number): number => cents(played.reduce((all, share) => all + part(share), 0));
    const usages = played.flatMap(({ attempt }) => attempt.turn?.usage ?? []);
    return [
      {
        role,
        agents: agentsOf(played.map(({ attempt }) => attempt)),
        attempts: played.length,
        turns: played.filter(({ attempt }) => attempt.turn !== null).length,
        tokens: usages.length === 0 ? null : sum(({ tokens }) => tokens),
        usd: usages.some(({ usd }) => usd !== null) ? sum(({ usd }) => usd) : null,
        estimated: { tokens: sum(({ estimated }) => estimated.tokens), usd: sum(({ estimated }) => estimated.usd) },
      },
    ];
  });
}

/** What was denied, in the order of the attempts. */
export function denialsOf(attempts: readonly AttemptRow[]): readonly DeniedAction[] {
  return attempts.flatMap(({ taskId, turn }) =>
    (turn?.denials ?? []).map((denial): DeniedAction => {
      const { tool, reason, isExpected } = denial;
      const what = 'what' in denial && typeof denial.what === 'string' ? denial.what : null;
      return { taskId, role: roleOf(taskId), tool, what, reason, isExpected };
    }),
  );
}

/** The role that a task belongs to; null for the setup, which belongs to no role. */
export function roleOf(taskId: string): Role | null {
  const [purpose = ''] = taskId.split('-');
  return ROLE_OF_PURPOSE[purpose] ?? null;
}

const ROLE_OF_PURPOSE: Readonly<Record<string, Role>> = {
  implementation: 'implementer',
  fix: 'fixer',
  review: 'reviewer',
  verification: 'verifier',
};

/** Verification by commands is a program of Pawl's own. */
function isOwn({ taskId, agent, turn }: AttemptRow): boolean {
  return agent === 'pawl' && turn === null && roleOf(taskId) === 'verifier';
}

interface Share {
  readonly attempt: AttemptRow;
  readonly tokens: number;
  readonly usd: number;
  readonly estimated: RoleCost['estimated'];
}

/** What each attempt adds to what those before it have used. */
function sharesOf(attempts: readonly AttemptRow[]): readonly Share[] {
  const all = reportsIn(attempts);
  const turns: TurnReport[] = [];
  return attempts.map((attempt) => {
    const before = spentBy(turns, all);
    if (attempt.turn !== null) turns.push(attempt.turn);
    const after = spentBy(turns, all);
    return { attempt, ...grown(after, before), estimated: grown(after.estimated, before.estimated) };
  });
}

function grown(after: SpentPart = NOTHING, before: SpentPart = NOTHING): SpentPart {
  return { tokens: after.tokens - before.tokens, usd: after.usd - before.usd };
}

const NOTHING: SpentPart = { tokens: 0, usd: 0 };

/** Without the rounding error of adding fractions. */
function cents(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}

function agentsOf(attempts: readonly AttemptRow[]): readonly RoleAgent[] {
  const reported = new Set(attempts.filter(({ turn }) => turn !== null).map(({ agent }) => agent));
  const found = new Map<string, RoleAgent>();
  for (const { agent, turn } of attempts) {
    if (turn === null && reported.has(agent)) continue;
    const { kind = null, cliVersion = null, model = null } = turn ?? {};
    found.set(JSON.stringify([agent, kind, cliVersion, model]), { agent, kind, cliVersion, model });
  }
  return [...found.values()];
}
