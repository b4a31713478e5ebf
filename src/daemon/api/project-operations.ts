/**
 * The operations on projects.
 *
 * Owns: that contract. Does not own: answering (api/handlers), errors that every operation can give (api/document).
 */
import { z } from 'zod';
import { count, flag, NO_QUERY, type Operation, text } from './operation.ts';

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
} as const satisfies Readonly<Record<string, Operation>>;
