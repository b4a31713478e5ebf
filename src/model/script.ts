/**
 * The script of the built-in scripted agent: which steps it knows and how they are keyed.
 *
 * Owns: the plain types and names. Does not own: checking a script file (adapters/agents/script), doing the steps (adapters/agents).
 * Free of zod: the scripted worker loads this file.
 */
import { PURPOSES } from './limits.ts';

/** Every kind of step, by its name in `do`. */
export const STEP_KINDS = [
  'write',
  'append',
  'remove',
  'commit',
  'answer',
  'partialAnswer',
  'exit',
  'crash',
  'hang',
  'ignoreSigterm',
  'sleep',
  'waitFor',
  'grandchild',
  'flood',
  'print',
  'longLine',
  'witness',
] as const;
/** The name of a kind of step. */
export type StepKind = (typeof STEP_KINDS)[number];

/** One thing that the scripted agent does. Paths are relative to the worktree. */
export type Step =
  | { readonly do: 'write' | 'append'; readonly path: string; readonly text: string }
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'commit'; readonly message: string }
  | { readonly do: 'answer'; readonly [field: string]: unknown }
  | { readonly do: 'partialAnswer' | 'hang' | 'ignoreSigterm' }
  | { readonly do: 'exit'; readonly code: number }
  | { readonly do: 'crash'; readonly signal: string }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'waitFor'; readonly path: string }
  | {
      readonly do: 'grandchild';
      readonly holdsStdout: boolean;
      /** Null: it never ends by itself. */
      readonly lifeMs: number | null;
      readonly ignoreSigterm: boolean;
      readonly ownSession: boolean;
    }
  | { readonly do: 'flood' | 'longLine'; readonly bytes: number }
  | { readonly do: 'print'; readonly text: string }
  | { readonly do: 'witness'; readonly file: string };

/** Steps by key: `<purpose>[.e<epoch>][.a<attempt>]`. */
export type Steps = Readonly<Record<string, readonly Step[]>>;

/** A script, checked: the steps for everything, and those of single packets, which go first. */
export interface Script {
  readonly steps: Steps;
  readonly tasks: Readonly<Record<string, Steps>>;
}

/** What a key of a script looks like. */
export const SCRIPT_KEY = new RegExp(`^(?:${PURPOSES.join('|')})(?:\\.e[0-9]+)?(?:\\.a[0-9]+)?$`);

/** The environment variable that hands an inline script to the scripted worker. */
export const SCRIPT_VARIABLE = 'PAWL_SCRIPT';
