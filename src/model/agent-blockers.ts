/**
 * Blockers that speak of an agent or its budget, as schemas.
 *
 * Owns: their parameters. Does not own: words and hints (blockers/agent-words).
 */
import { z } from 'zod';
import { budget, count, ended, endedOnly, flag, ms, of, said, some, text, texts, used, when } from './blocker-parts.ts';

/** Blockers that speak of an agent or its budget, as schemas. */
export const AGENT_BLOCKERS = [
  of(
    'PAWL_AGENT_MISSING',
    z.discriminatedUnion('reason', [
      when('noneForRole', { role: text, hasAgents: flag, agent: text.nullable(), usable: some, without: texts }),
      when('notConfigured', { name: text, role: text, usable: some }),
      when('notInstalled', { name: text, role: text, installation: text, usable: some }),
      when('programMissing', { name: text, program: text, installation: text.nullable() }),
      when('notFound', { name: text, program: text, installation: text }),
      when('notNamed', { name: text, names: texts }),
      when('removed', { name: text, role: text }),
    ]),
  ),
  of(
    'PAWL_AGENT_UNUSABLE',
    z.discriminatedUnion('reason', [
      when('notExecutable', { name: text, path: text }),
      when('scriptUnreadable', { name: text, path: text }),
      when('unreadable', { path: text, title: text, installation: text, said: text }),
      when('unanswered', { path: text, title: text, installation: text, asked: text, said: text }),
      when('exit', { path: text, title: text, installation: text, asked: text, exitCode: z.int(), said: text }),
      when('noVersion', { path: text, title: text, installation: text, said: text }),
      when('noFlags', { path: text, title: text, installation: text, said: text }),
    ]),
  ),
  of(
    'PAWL_AGENT_FLAG_UNKNOWN',
    z.strictObject({ name: text, title: text, version: text, flags: texts, isOfConfig: flag, installation: text }),
  ),
  of(
    'PAWL_AGENT_CAPABILITY',
    z.discriminatedUnion('reason', [
      when('budget', { name: text, title: text, unit: z.enum(['usd', 'tokens']) }),
      when('resume', { name: text, title: text }),
      when('maxTurns', { name: text, title: text }),
      when('allowedTools', { name: text, title: text }),
      when('longPrompt', { name: text, title: text, bytes: count, bytesMax: count }),
    ]),
  ),
  of('PAWL_AGENT_DENIED', z.strictObject({ denied: texts, why: text })),
  of('PAWL_AGENT_LOGIN', said),
  of('PAWL_AGENT_ACCOUNT', said),
  of('PAWL_AGENT_SETTING_REFUSED', z.strictObject({ setting: text.nullable(), said: text })),
  of('PAWL_AGENT_FAILED', z.strictObject({ reason: z.enum(['error', 'interrupted']), said: text })),
  of('PAWL_AGENT_NO_ANSWER', z.strictObject({ problem: text.nullable() })),
  of(
    'PAWL_AGENT_NO_END',
    z.discriminatedUnion('reason', [
      when('overlong', { bytesMax: count, said: text }),
      when('unsaid', { hasAnswer: flag, said: text }),
    ]),
  ),
  of('PAWL_AGENT_NO_EVENT', endedOnly),
  of('PAWL_AGENT_UNREADABLE', endedOnly),
  of('PAWL_AGENT_TURN_LIMIT', said),
  of('PAWL_AGENT_SESSION_REFUSED', z.strictObject({ session: text.nullable(), said: text })),
  of(
    'PAWL_AGENT_LIMITED',
    z.discriminatedUnion('reason', [
      when('usage', { resetsAtMs: ms.nullable(), said: text }),
      when('rate', { resetsAtMs: ms.nullable(), said: text }),
      when('capacity', { resetsAtMs: ms.nullable(), said: text }),
      when('waiting', { untilMs: ms }),
    ]),
  ),
  /** `untilMs`: of a run that waits. */
  of('PAWL_AGENT_UNREACHABLE', z.strictObject({ resetsAtMs: ms.nullable(), said: text, untilMs: ms.nullable() })),
  of('PAWL_AGENT_LIMIT_WAITS', z.strictObject({ times: count })),
  of(
    'PAWL_BUDGET_EXCEEDED',
    z.discriminatedUnion('reason', [
      /** `estimated`: the part of it that was never reported; null where that is not known. */
      when('usedUp', {
        whose: z.enum(['run', 'registry']),
        spent: z.strictObject({ ...used.shape, isEstimate: flag, estimated: used.nullable() }),
        budget,
      }),
      when('byAgent', { usage: used.nullable(), said: text }),
      when('ended', ended),
    ]),
  ),
] as const;
