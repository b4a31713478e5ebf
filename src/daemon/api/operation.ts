/**
 * One operation of the API: what it takes, what it gives, which errors it can give.
 *
 * Owns: that form, and the kinds of values that several operations take. Does not own: the operations (api/operations and the files that it collects).
 */
import { z } from 'zod';
import type { ApiCode } from './codes.ts';

/** Plain text. */
export const text = z.string();
/** A whole number from 0. */
export const count = z.int().min(0);
/** `true` or `false` in a query. */
export const flag = z.enum(['true', 'false']).transform((word) => word === 'true');
/** A whole number in a query. */
export const whole = z
  .string()
  .regex(/^\d{1,16}$/, { error: 'must be a whole number' })
  .transform(Number);
/** Of an operation that takes none. */
export const NO_QUERY = z.object({});

/** One operation. */
export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly tag: 'daemon' | 'projects' | 'runs' | 'changes';
  readonly query: z.ZodObject;
  /** Null: it has none. */
  readonly body: z.ZodType | null;
  /** Bodies as they are sent, by what they ask for. */
  readonly bodyExamples?: Readonly<Record<string, object>>;
  /** Carries `Idempotency-Key`; `required`: it must. */
  readonly key?: 'required';
  /** Takes `If-Match`. */
  readonly takesCondition?: true;
  readonly status: number;
  /** Null: the answer is not JSON. */
  readonly answer: z.ZodType | null;
  readonly mediaType?: string;
  /** It can be an event stream; what its events hold. */
  readonly streams?: string;
  /** Headers of its answer, and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Another answer than that of success, by status. */
  readonly others?: Readonly<Record<number, { readonly schema: z.ZodType; readonly means: string }>>;
  /** Errors of its own. */
  readonly errors: readonly ApiCode[];
}
