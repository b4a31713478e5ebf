/**
 * The smallest parts of the config's schema: names, words, texts.
 *
 * Owns: what each may hold and how a wrong one is told. Does not own: where they stand (model/config, model/agent-config).
 */
import { z } from 'zod';

const variableRule = { error: 'must be the name of an environment variable, without a value' };
/** The name of an environment variable. */
export const variableName = z.string(variableRule).regex(/^[A-Za-z_][A-Za-z0-9_]*$/, variableRule);

const filledRule = { error: 'must be a non-empty string' };
/** A text that says something. */
export const filled = z
  .string(filledRule)
  .regex(/\S/, filledRule)
  .refine((text) => !text.includes('\0'), { error: 'must not contain a NUL character' });

/** A text that may be empty. */
export const word = z.string({ error: 'must be a string' }).refine((text) => !text.includes('\0'), {
  error: 'must not contain a NUL character',
});
