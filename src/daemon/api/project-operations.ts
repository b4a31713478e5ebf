/**
 * The operations on projects.
 *
 * Owns: that contract. Does not own: answering (api/handlers), errors that every operation can give (api/document).
 */
import { z } from 'zod';
import { count, flag, NO_QUERY, type Operation, text } from './operation.ts';
import { errorSchema, findingSchema } from './run-schema.ts';

const projectSchema = z
  .object({
    id: text,
    name: text,
    path: text.describe('The top level of its repository.'),
    registry: text.describe('Where its runs are kept.'),
    repo: text.nullable().describe('The URL of `origin`, without credentials; null where there is none.'),
    defaultBranch: text.nullable(),
    addedAt: text.describe('RFC 3339.'),
    state: z.enum(['opening', 'driven', 'elsewhere', 'degraded', 'closed']),
    code: text.nullable().describe('Why it is degraded: a code of docs/errors.md.'),
    reason: text.nullable().describe('The same in words; of `elsewhere`, who drives it.'),
    since: text.nullable().describe('RFC 3339: since when it has been in this state.'),
    runs: z.object({ active: count, blocked: count, terminal: count, quarantined: count }).nullable(),
  })
  .meta({ id: 'Project' });

const cleanedSchema = z
  .object({
    runId: text,
    taskId: text,
    state: text,
    endedAtMs: z.number(),
    worktree: z
      .enum(['ours', 'locked', 'submodules', 'foreign', 'absent'])
      .describe('`ours`: it was removed, or would be. Any other stays, or was not there.'),
    worktreeBytes: count,
    rescueRef: text.nullable().describe('Where work is kept that was only in the worktree.'),
    keptFolder: text.nullable().describe('The same of what no commit can hold.'),
    removesFolder: z.boolean(),
    folderBytes: count,
    branch: z
      .object({ name: text, fate: z.enum(['merged', 'moved', 'checkedOut', 'tracked', 'unmerged', 'absent']) })
      .nullable()
      .describe('`merged`: it was removed, or would be.'),
    problem: errorSchema.nullable().describe('Why it was not cleaned to the end.'),
  })
  .meta({ id: 'CleanedRun' });

const cleanOrder = z.object({
  dryRun: z.boolean().describe('`true`: nothing is changed. It must be said.'),
  olderThanMs: count.nullable().default(null).describe('Only runs that ended at least so long ago.'),
  largerThanBytes: count.nullable().default(null).describe('Only runs of which more than that would be removed.'),
  removesFolders: z
    .boolean()
    .default(false)
    .describe('The whole folder of the run, evidence included; needs one of the two limits.'),
  keepsBranches: z.boolean().default(false).describe('Branches that add nothing stay, too.'),
  after: text.default('').describe('The `next` of the part before.'),
});

/** By their names. */
export const PROJECT_OPERATIONS = {
  listProjects: {
    summary: 'The projects of this machine',
    tag: 'projects',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: z.object({ projects: z.array(projectSchema), cursor: count }),
    errors: [],
  },
  addProject: {
    summary: 'Registers a repository: its runs are driven from now on',
    tag: 'projects',
    query: NO_QUERY,
    body: z.object({
      path: text
        .regex(/^\/[^\0]*$/, { error: 'must be an absolute path' })
        .describe('Absolute; the top level of a git repository after resolving links.'),
      id: text.optional().describe('By default the lower-case name of the folder.'),
      name: text.optional(),
    }),
    bodyExamples: { minimal: { path: '/srv/widget' }, named: { path: '/srv/widget', id: 'w', name: 'Widget' } },
    key: 'required',
    status: 201,
    answer: projectSchema,
    others: { 200: { schema: projectSchema, means: 'This key has registered it before.' } },
    errors: ['PAWL_PROJECT_EXISTS', 'PAWL_PROJECT_INVALID', 'KEY_REUSED'],
  },
  getProject: {
    summary: 'One project',
    tag: 'projects',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: projectSchema,
    errors: ['PAWL_PROJECT_UNKNOWN'],
  },
  removeProject: {
    summary: 'Archives a project: it is not driven any more; its repository and its runs stay as they are',
    tag: 'projects',
    query: z.object({ force: flag.optional().describe('Also while runs of it have not ended.') }),
    body: null,
    status: 200,
    answer: projectSchema,
    errors: ['PAWL_PROJECT_UNKNOWN', 'PAWL_PROJECT_BUSY'],
  },
  cleanProject: {
    summary: 'Removes what ended runs have left on the disk, after a rescue of what is nowhere else',
    description:
      'One request cleans up to 100 runs, or for 10 seconds; where others are left, `next` is passed on as `after`. It takes no `Idempotency-Key`: what was removed is not there to be removed again, so the same request twice is harmless. A run whose folder was removed is told as `run_removed`.',
    tag: 'projects',
    query: NO_QUERY,
    body: cleanOrder.refine(
      ({ removesFolders, olderThanMs, largerThanBytes }) =>
        !removesFolders || olderThanMs !== null || largerThanBytes !== null,
      { error: 'removesFolders needs olderThanMs or largerThanBytes' },
    ),
    bodyExamples: {
      worktrees: { dryRun: false, olderThanMs: 604_800_000 },
      everything: { dryRun: true, olderThanMs: 2_592_000_000, removesFolders: true },
    },
    status: 200,
    answer: z.object({
      dryRun: z.boolean(),
      runs: z.array(cleanedSchema),
      bytes: count.describe('What was deleted, or would be.'),
      next: text.nullable(),
    }),
    errors: [
      'PAWL_PROJECT_UNKNOWN',
      'PROJECT_UNAVAILABLE',
      'PAWL_REPOSITORY_MISSING',
      'PAWL_REGISTRY_LOCKED',
      'PAWL_GIT_FAILED',
    ],
  },
  recoverProject: {
    summary: 'Checks every run as a start does, also those that have ended, and settles what has ended',
    description:
      'The registry is given back and taken again for it: workers go on meanwhile, and everything is driven on. A check that is under way is joined.',
    tag: 'projects',
    query: NO_QUERY,
    body: null,
    status: 200,
    answer: z.object({
      runs: z.array(z.object({ runId: text, findings: z.array(findingSchema) })).describe('At most 1,000.'),
      leftOut: count.describe('How many other runs something was found about.'),
    }),
    errors: ['PAWL_PROJECT_UNKNOWN', 'PROJECT_UNAVAILABLE', 'PAWL_REPOSITORY_MISSING', 'PAWL_REGISTRY_LOCKED'],
  },
} as const satisfies Readonly<Record<string, Operation>>;
