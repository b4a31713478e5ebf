/**
 * Blockers that speak of the packet, the surfaces, the worktree or git, as schemas.
 *
 * Owns: their parameters. Does not own: words and hints (blockers/place-words).
 */
import { z } from 'zod';
import { count, flag, ms, of, some, text, texts, when } from './blocker-parts.ts';

const notAllowed = z.strictObject({
  command: text,
  /** Why it needs a shell; null: it is not admitted. */
  needsShell: text.nullable(),
  /** How many other commands are refused too. */
  others: count,
  areAllForShell: flag,
});

/** How git failed. */
const gitFailure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('notFound') }),
  z.strictObject({ kind: z.literal('exit'), exitCode: z.int(), said: text }),
  z.strictObject({ kind: z.literal('signal'), signal: text.nullable(), said: text }),
  z.strictObject({ kind: z.literal('slow'), ms }),
  z.strictObject({ kind: z.literal('output'), bytes: count }),
  z.strictObject({ kind: z.literal('said'), words: text }),
]);

const filters = z.strictObject({ filters: texts, uses: texts });

/** Blockers that speak of the packet, the surfaces, the worktree or git, as schemas. */
export const PLACE_BLOCKERS = [
  of('PAWL_PACKET_INSUFFICIENT', z.strictObject({ missing: texts })),
  of('PAWL_REPOSITORY_MISMATCH', z.strictObject({ taskId: text, repo: text, here: text })),
  of('PAWL_SETUP_NOT_ALLOWED', notAllowed),
  of('PAWL_VERIFICATION_NOT_ALLOWED', notAllowed),
  of(
    'PAWL_LEASE_CONFLICT',
    z.discriminatedUnion('reason', [
      when('held', { holder: text, needed: some, held: some }),
      when('taken', { by: text }),
    ]),
  ),
  of(
    'PAWL_SURFACE_CONFLICT',
    z.strictObject({
      commit: text,
      paths: some,
      isStrict: flag,
      /** The runs that hold some of it, the first few: by the first one of all, a person may not accept it. */
      holders: z
        .array(z.strictObject({ holder: text, paths: some }))
        .max(20)
        .readonly(),
    }),
  ),
  of(
    'PAWL_WORKSPACE_BRANCH_PROTECTED',
    z.discriminatedUnion('reason', [
      when('packet', { taskId: text, branch: text }),
      when('base', { branch: text }),
      when('default', { branch: text }),
    ]),
  ),
  of(
    'PAWL_WORKSPACE_PATH_TOO_LONG',
    z.discriminatedUnion('reason', [
      when('notAccepted', { branch: text }),
      when('fullName', { branch: text }),
      when('longBranch', { branch: text, bytesMax: count }),
      when('longPart', { branch: text, bytesMax: count }),
      when('noRoom', { branch: text, folder: text }),
      when('worktree', { bytes: count }),
    ]),
  ),
  of('PAWL_WORKSPACE_BRANCH_ELSEWHERE', z.strictObject({ branch: text, path: text })),
  of('PAWL_WORKSPACE_BRANCH_IN_WAY', z.strictObject({ branch: text, names: texts })),
  of(
    'PAWL_WORKSPACE_FOREIGN',
    z.discriminatedUnion('reason', [
      when('taken', { path: text }),
      when('replaced', { path: text }),
      when('unknown', { path: text, repository: text }),
    ]),
  ),
  of(
    'PAWL_WORKSPACE_DIRTY',
    z.discriminatedUnion('reason', [
      when('elsewhere', { path: text, at: text, branch: text }),
      when('changes', { path: text }),
      when('halfMade', { path: text, ref: text.nullable(), branch: text }),
      when('strangers', { path: text }),
    ]),
  ),
  of('PAWL_WORKSPACE_BASE_MISSING', z.strictObject({ branch: text.nullable() })),
  of(
    'PAWL_WORKSPACE_DIVERGED',
    z.discriminatedUnion('reason', [
      when('fromBase', { branch: text, base: text }),
      when('fromWork', { branch: text }),
    ]),
  ),
  of(
    'PAWL_WORKSPACE_CHANGED',
    z.discriminatedUnion('reason', [
      when('gone', { path: text }),
      when('unfinished', {}),
      when('conflicts', {}),
      when('repositories', {}),
      when('untakable', { said: text }),
      when('afterEnd', {}),
      when('headDamaged', {}),
      when('offBranch', { ref: text.nullable(), head: text.nullable(), branch: text }),
      when('branchGone', { branch: text }),
    ]),
  ),
  of('PAWL_WORKSPACE_FILTERS', filters),
  of('PAWL_REPOSITORY_FILTERS', filters),
  of(
    'PAWL_WORKSPACE_FAILED',
    z.discriminatedUnion('reason', [
      when('git', { command: text, place: text, failure: gitFailure }),
      when('commitGone', { commit: text, repository: text }),
    ]),
  ),
  of(
    'PAWL_GIT_TAMPERED',
    z.strictObject({
      taskId: text,
      changes: z
        .array(z.strictObject({ name: text, change: z.enum(['set', 'removed', 'changed', 'unreadable']) }))
        .max(40)
        .readonly(),
      changeCount: count,
      others: texts,
    }),
  ),
  of(
    'PAWL_GIT_OBJECTS_DAMAGED',
    z.discriminatedUnion('reason', [when('object', { object: text, commit: text }), when('graph', { commit: text })]),
  ),
] as const;
