/**
 * The schema of a packets file as users write it: names in snake_case or camelCase, their types and sizes.
 *
 * Owns: which fields are read and what each may hold; docs/schemas/packet.schema.json is made of it.
 * Does not own: what a packet lacks, paths, ids and branch names (packets/packets), the type of a packet once read (model/packet).
 *
 * Invariants: 1. A field that is missing, null or blank is not an error here: what is missing is told by its own name. 2. Unknown fields pass.
 */
import { z } from 'zod';
import { limitShape } from './limit-schema.ts';
import { BOUNDS } from './limits.ts';

const lineRange = { error: `must be a string of at most ${BOUNDS.packetLineChars} characters` };
const listRange = { error: `must be a string or a list of at most ${BOUNDS.packetListEntries} strings` };
const lineListRange = {
  error: `must be a string or a list of at most ${BOUNDS.packetListEntries} strings, each of at most ${BOUNDS.packetLineChars} characters`,
};
const idRange = { error: `must be a string of at most ${BOUNDS.packetLineChars} characters, or a positive integer` };

const line = z.string(lineRange).max(BOUNDS.packetLineChars, lineRange).nullish();
const text = z.string({ error: 'must be a string' }).nullish();
const list = z
  .union([z.string(), z.array(z.string(listRange)).max(BOUNDS.packetListEntries, listRange)], listRange)
  .nullish();
const lineList = z
  .union(
    [
      z.string().max(BOUNDS.packetLineChars, lineListRange),
      z
        .array(z.string(lineListRange).max(BOUNDS.packetLineChars, lineListRange))
        .max(BOUNDS.packetListEntries, lineListRange),
    ],
    lineListRange,
  )
  .nullish();
const id = z
  .union([z.string().max(BOUNDS.packetLineChars, idRange), z.int(idRange).min(1, idRange)], idRange)
  .nullish();
const flag = z.boolean({ error: 'must be true or false' }).nullish();
/** Anything but `true` or `approved` counts as no approval, so that a doubtful one is reported by its name. */
const approval = z
  .union([z.boolean(), z.string(), z.number()], { error: 'must be true, false or a string' })
  .nullish()
  .describe('Only true counts.');

const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.looseObject(shape, { error: 'must be an object' });

const scmSchema = section({
  repo: line.describe('The repository, as owner/name.'),
  issue_number: id,
  issueNumber: id,
  intended_branch: line.describe('The branch that the run works on.'),
  intendedBranch: line,
  branch: line.describe('Same as intended_branch.'),
  base_branch: line.describe("The branch that it starts from; default: the repository's default branch."),
  baseBranch: line,
  base: line.describe('Same as base_branch.'),
  provider: line.describe('Default: github.'),
});

const limitsSchema = section({
  attemptsMax: limitShape.attemptsMax.nullish(),
  attempts_max: limitShape.attemptsMax.nullish(),
  fixAttemptsMax: limitShape.fixAttemptsMax.nullish(),
  fix_attempts_max: limitShape.fixAttemptsMax.nullish(),
  lostRetriesMax: limitShape.lostRetriesMax.nullish(),
  lost_retries_max: limitShape.lostRetriesMax.nullish(),
  interruptionsMax: limitShape.interruptionsMax.nullish(),
  interruptions_max: limitShape.interruptionsMax.nullish(),
  limitWaitsMax: limitShape.limitWaitsMax.nullish(),
  limit_waits_max: limitShape.limitWaitsMax.nullish(),
  hostStartsMax: limitShape.hostStartsMax.nullish(),
  host_starts_max: limitShape.hostStartsMax.nullish(),
  deadlineMs: limitShape.deadlineMs.nullish(),
  deadline_ms: limitShape.deadlineMs.nullish(),
  stallMs: limitShape.stallMs.nullish(),
  stall_ms: limitShape.stallMs.nullish(),
  silenceMaxMs: limitShape.silenceMaxMs.nullish(),
  silence_max_ms: limitShape.silenceMaxMs.nullish(),
  graceMs: limitShape.graceMs.nullish(),
  grace_ms: limitShape.graceMs.nullish(),
  outputBytesMax: limitShape.outputBytesMax.nullish(),
  output_bytes_max: limitShape.outputBytesMax.nullish(),
  leaseTtlMs: limitShape.leaseTtlMs.nullish(),
  lease_ttl_ms: limitShape.leaseTtlMs.nullish(),
  firstEventMs: limitShape.firstEventMs.nullish(),
  first_event_ms: limitShape.firstEventMs.nullish(),
  budgetUsd: limitShape.budgetUsd.nullish(),
  budget_usd: limitShape.budgetUsd.nullish(),
  tokens: limitShape.tokens.nullish(),
});

const approvalSchema = section({
  approved: approval,
  status: approval.describe('Only the string "approved" counts.'),
  approved_by: line,
  approvedBy: line,
  approved_at: line,
  approvedAt: line,
});

const scopeSchema = section({
  goal: text,
  non_goals: list,
  nonGoals: list,
  acceptance_criteria: list,
  acceptanceCriteria: list,
});

const implementationSchema = section({ instructions: list, allow_empty: flag, allowEmpty: flag });
const verificationSchema = section({
  commands: list.describe('Commands, run one after another without a shell.'),
  expectations: list,
});
const reviewSchema = section({ criteria: list, reviewer_plan: list, reviewerPlan: list });

/** One packet as a user writes it. */
export const packetSchema = section({
  task_id: id,
  taskId: id,
  id,
  approved: approval,
  approval: approvalSchema.nullish(),
  scm_target: scmSchema.nullish(),
  scmTarget: scmSchema.nullish(),
  github: scmSchema.nullish().describe('Same as scm_target, of provider github.'),
  scope: scopeSchema.nullish(),
  implementation: implementationSchema.nullish(),
  verification: verificationSchema.nullish(),
  review: reviewSchema.nullish(),
  conflict_surface: lineList.describe('Paths, below the repository, that the work may touch; "." for everything.'),
  conflictSurface: lineList,
  agent: line.describe('The agent for this packet, by its name in the config.'),
  allowed_tools: list.describe('Tools that its agents may use without being asked, as they name them.'),
  allowedTools: list,
  allow_empty: flag.describe('True when no change at all is an acceptable result.'),
  allowEmpty: flag,
  limits: limitsSchema.nullish(),
});

/** A packet as given, its known fields checked. */
export type PacketInput = z.infer<typeof packetSchema>;
/** Limits as a packet gives them, its known fields checked. */
export type LimitsInput = z.infer<typeof limitsSchema>;

/** The names that are read, by section; '' is the packet itself. */
export const KNOWN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(packetSchema.shape),
  approval: Object.keys(approvalSchema.shape),
  scm_target: Object.keys(scmSchema.shape),
  scmTarget: Object.keys(scmSchema.shape),
  github: Object.keys(scmSchema.shape),
  scope: Object.keys(scopeSchema.shape),
  implementation: Object.keys(implementationSchema.shape),
  verification: Object.keys(verificationSchema.shape),
  review: Object.keys(reviewSchema.shape),
  limits: Object.keys(limitsSchema.shape),
};
