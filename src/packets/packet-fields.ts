/**
 * The fields of one packet: reading both spellings, and naming what is missing, invalid or unknown.
 *
 * Owns: which spelling counts, what counts as missing, as approved and as invalid. Does not own: types and sizes (model/packet-schema), the file (packets/packets).
 *
 * Invariants: 1. Nothing is invented: a missing value stays null or empty. 2. Approval is never guessed: a plain `false` beside an approval means no.
 */
import { isObject } from '../base/canonical-json.ts';
import { quote } from '../base/sanitise.ts';
import { BOUNDS, type LimitOverrides } from '../model/limits.ts';
import type { Packet, Requirement } from '../model/packet.ts';
import { KNOWN_FIELDS, type LimitsInput, type PacketInput } from '../model/packet-schema.ts';
import { areSameBranch, branchProblem } from './branch-name.ts';
import { isInsideRepository } from './surfaces.ts';

type Maybe<T> = T | null | undefined;

const PROVIDER_DEFAULT = 'github';

/** A packet that says nothing at all. */
export function emptyPacket(taskId: string): Packet {
  return packetOf({}, taskId);
}

/** The packet as the rest of the system relies on it: every list a list, every missing text null. */
export function packetOf(input: PacketInput, fallbackId: string): Packet {
  const { approval, scope, implementation, verification, review } = input;
  return {
    taskId: line(input.task_id, input.taskId, input.id) ?? fallbackId,
    isApproved: isApproved(input),
    approvedBy: line(approval?.approved_by, approval?.approvedBy),
    approvedAt: line(approval?.approved_at, approval?.approvedAt),
    scm: scmOf(input),
    scope: {
      goal: line(scope?.goal),
      nonGoals: list(scope?.non_goals, scope?.nonGoals),
      acceptanceCriteria: list(scope?.acceptance_criteria, scope?.acceptanceCriteria),
    },
    instructions: list(implementation?.instructions),
    verification: { commands: list(verification?.commands), expectations: list(verification?.expectations) },
    review: { criteria: list(review?.criteria), reviewerPlan: list(review?.reviewer_plan, review?.reviewerPlan) },
    conflictSurface: list(input.conflict_surface, input.conflictSurface),
    agent: line(input.agent),
    allowedTools: list(input.allowed_tools, input.allowedTools),
    allowEmpty:
      (input.allow_empty ?? input.allowEmpty ?? implementation?.allow_empty ?? implementation?.allowEmpty) === true,
    limits: limitsOf(input.limits),
  };
}

/** What the packet lacks, in the order of REQUIREMENTS. */
export function missingFields(packet: Packet): readonly Requirement[] {
  const { scm, scope, verification, review } = packet;
  const present: readonly (readonly [Requirement, boolean])[] = [
    ['approval.approved', packet.isApproved],
    ['scm_target.repo', scm.repo !== null],
    ['scm_target.issue_number', scm.issueNumber !== null],
    ['scm_target.intended_branch', scm.intendedBranch !== null],
    ['scope.goal_or_acceptance_criteria', scope.goal !== null || scope.acceptanceCriteria.length > 0],
    ['implementation.instructions', packet.instructions.length > 0],
    ['verification.expectations_or_commands', verification.expectations.length > 0 || verification.commands.length > 0],
    ['review.criteria_or_reviewer_plan', review.criteria.length > 0 || review.reviewerPlan.length > 0],
    ['conflict_surface', packet.conflictSurface.length > 0],
  ];
  return present.flatMap(([name, isPresent]) => (isPresent ? [] : [name]));
}

/** What makes the packet invalid, each as `<field>: <what is wrong>`: an id, a branch name or a path that must never be used. */
export function invalidFields(packet: Packet): readonly string[] {
  const { scm } = packet;
  const problems: string[] = [];
  if (hasDotSegments(packet.taskId)) {
    problems.push(`task_id: ${quote(packet.taskId)} steps through folders; an id must not contain "../"`);
  }
  for (const [name, value] of [
    ['task_id', packet.taskId],
    ['scm_target.repo', scm.repo],
    ['scm_target.issue_number', scm.issueNumber],
    ['scm_target.provider', scm.provider],
    ['agent', packet.agent],
  ] as const) {
    if (value !== null && hasControl(value)) problems.push(`${name}: ${quote(value)} contains a control character`);
  }
  for (const [name, value] of [
    ['scm_target.intended_branch', scm.intendedBranch],
    ['scm_target.base_branch', scm.baseBranch],
  ] as const) {
    const problem = value === null ? null : branchProblem(value);
    if (problem !== null) problems.push(`${name}: ${quote(value ?? '')} ${problem}`);
  }
  const { intendedBranch, baseBranch } = scm;
  if (intendedBranch !== null && baseBranch !== null && areSameBranch(intendedBranch, baseBranch)) {
    problems.push(
      `scm_target.intended_branch: ${quote(intendedBranch)} is the base branch; a run works on a branch of its own`,
    );
  }
  for (const path of packet.conflictSurface) {
    if (!isInsideRepository(path)) {
      problems.push(
        `conflict_surface: ${quote(path)} is not a path inside the repository (relative, with "/" and without leaving it)`,
      );
    }
  }
  return problems;
}

/** The fields that nobody reads, as dotted paths, the first of them when there are very many. */
export function unknownFields(given: Record<string, unknown>): readonly string[] {
  const known = (section: string): readonly string[] => KNOWN_FIELDS[section] ?? [];
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (!known('').includes(name)) unknown.push(name);
    else if (isObject(value) && Object.hasOwn(KNOWN_FIELDS, name)) {
      for (const inner of Object.keys(value)) if (!known(name).includes(inner)) unknown.push(`${name}.${inner}`);
    }
  }
  return unknown.slice(0, BOUNDS.filesListed).map(printable);
}

function isApproved({ approved, approval }: PacketInput): boolean {
  if (approved === false || approval?.approved === false) return false;
  return approved === true || approval?.approved === true || approval?.status === 'approved';
}

function scmOf(input: PacketInput): Packet['scm'] {
  const targets = [input.scm_target, input.scmTarget, input.github];
  return {
    provider: line(...targets.map((target) => target?.provider)) ?? PROVIDER_DEFAULT,
    repo: line(...targets.map((target) => target?.repo)),
    issueNumber: issueOf(line(...targets.flatMap((target) => [target?.issue_number, target?.issueNumber]))),
    intendedBranch: exact(...targets.flatMap((it) => [it?.intended_branch, it?.intendedBranch, it?.branch])),
    baseBranch: exact(...targets.flatMap((it) => [it?.base_branch, it?.baseBranch, it?.base])),
  };
}

function limitsOf(input: Maybe<LimitsInput>): LimitOverrides {
  if (!input) return {};
  const limits: LimitOverrides = {
    attemptsMax: input.attemptsMax ?? input.attempts_max ?? undefined,
    fixAttemptsMax: input.fixAttemptsMax ?? input.fix_attempts_max ?? undefined,
    lostRetriesMax: input.lostRetriesMax ?? input.lost_retries_max ?? undefined,
    interruptionsMax: input.interruptionsMax ?? input.interruptions_max ?? undefined,
    limitWaitsMax: input.limitWaitsMax ?? input.limit_waits_max ?? undefined,
    hostStartsMax: input.hostStartsMax ?? input.host_starts_max ?? undefined,
    deadlineMs: input.deadlineMs ?? input.deadline_ms ?? undefined,
    stallMs: input.stallMs ?? input.stall_ms ?? undefined,
    silenceMaxMs: input.silenceMaxMs ?? input.silence_max_ms ?? undefined,
    graceMs: input.graceMs ?? input.grace_ms ?? undefined,
    outputBytesMax: input.outputBytesMax ?? input.output_bytes_max ?? undefined,
    leaseTtlMs: input.leaseTtlMs ?? input.lease_ttl_ms ?? undefined,
    firstEventMs: input.firstEventMs ?? input.first_event_ms ?? undefined,
    budgetUsd: input.budgetUsd ?? input.budget_usd ?? undefined,
    tokens: input.tokens ?? undefined,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** The first value that says something, without white space around it. */
function line(...values: readonly Maybe<string | number>[]): string | null {
  for (const value of values) {
    const trimmed = value === null || value === undefined ? '' : String(value).trim();
    if (trimmed !== '') return trimmed;
  }
  return null;
}

/** The first value that says something, exactly as given: git does not trim either. */
function exact(...values: readonly Maybe<string>[]): string | null {
  return values.find((value) => typeof value === 'string' && value.trim() !== '') ?? null;
}

/** The first list that holds something; a text is a list of one, blank entries are left out. */
function list(...values: readonly Maybe<string | readonly string[]>[]): readonly string[] {
  for (const value of values) {
    const entries = typeof value === 'string' ? [value] : (value ?? []);
    const filled = entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
    if (filled.length > 0) return filled;
  }
  return [];
}

/** `#12` and `12` are the same issue. */
function issueOf(issue: string | null): string | null {
  return issue === null ? null : issue.replace(/^#(?=[0-9]+$)/, '');
}

function hasDotSegments(id: string): boolean {
  if (!/[/\\]/.test(id)) return false;
  return /\.\.[/\\]/.test(id) || id.split(/[/\\]/).some((part) => part === '.' || part === '..');
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** A field's name, safe to print; names are as long as their writer liked. */
function printable(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, BOUNDS.packetLineChars);
}
