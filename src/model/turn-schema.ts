/**
 * A turn's report as a journal holds it: its schema.
 *
 * Owns: that schema. Does not own: the type (model/turn), the event it stands in (model/event).
 */
import { z } from 'zod';
import { BOUNDS } from './limits.ts';
import {
  AGENT_KINDS,
  ANSWER_ORIGINS,
  DENIAL_KINDS,
  END_CAUSES,
  LIMIT_KINDS,
  TURN_ENDS,
  type TurnReport,
  USAGE_SCOPES,
} from './turn.ts';

const text = z.string().max(BOUNDS.summaryChars * 2);
const count = z.int().min(0);

/** A turn's report, bounded. */
export const turnReportSchema: z.ZodType<TurnReport> = z.strictObject({
  agent: text,
  kind: z.enum(AGENT_KINDS),
  cliVersion: text.nullable(),
  model: text.nullable(),
  permissionMode: text.nullable(),
  bypassesPermissions: z.boolean(),
  askedSession: text.nullable(),
  session: text.nullable(),
  isResume: z.boolean(),
  sessionMismatch: z.strictObject({ asked: text, got: text }).nullable(),
  isSessionRefused: z.boolean(),
  usage: z
    .strictObject({
      scope: z.enum([...USAGE_SCOPES, 'estimate']),
      tokens: z.number(),
      usd: z.number().nullable(),
      estimated: z
        .strictObject({
          tokens: z.number(),
          usd: z.number().nullable(),
          assumedUsdPerMillion: z.number().exactOptional(),
        })
        .exactOptional(),
      cacheReadTokens: z.number().exactOptional(),
      cacheWriteTokens: z.number().exactOptional(),
      outputTokens: z.number().exactOptional(),
      contextTokens: z.number().exactOptional(),
    })
    .nullable(),
  limited: z.strictObject({ kind: z.enum(LIMIT_KINDS), resetsAtMs: z.number().nullable() }).nullable(),
  denials: z
    .array(
      z.strictObject({
        tool: text,
        reason: text,
        isExpected: z.boolean(),
        what: text.exactOptional(),
        kind: z.enum(DENIAL_KINDS).exactOptional(),
      }),
    )
    .max(BOUNDS.denials),
  unasked: z
    .array(z.strictObject({ tool: text, reason: text }))
    .max(BOUNDS.denials)
    .exactOptional(),
  ended: z.strictObject({ how: z.enum(TURN_ENDS), cause: z.enum(END_CAUSES), reason: text }).nullable(),
  answerFrom: z.enum(ANSWER_ORIGINS).nullable(),
  hasNoAnswer: z.boolean().exactOptional(),
  lines: z.strictObject({
    all: count,
    unknown: count,
    malformed: count,
    overlong: count,
    endsOverlong: z.literal(true).exactOptional(),
  }),
});
