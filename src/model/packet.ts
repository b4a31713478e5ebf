/**
 * The plain types of a packet once it has been read: what the rest of the system relies on.
 *
 * Owns: types and names. Does not own: reading what a user wrote (packets/packets), the input's schema (model/packet-schema).
 */
import type { LimitOverrides } from './limits.ts';

/** The parts that an agent can play. */
export const ROLES = ['implementer', 'fixer', 'reviewer', 'verifier'] as const;
/** The part that an agent plays. */
export type Role = (typeof ROLES)[number];

/** The names of what a packet can lack, in the order in which they are reported. */
const REQUIREMENTS = [
  'packet_object',
  'approval.approved',
  'scm_target.repo',
  'scm_target.issue_number',
  'scm_target.intended_branch',
  'scope.goal_or_acceptance_criteria',
  'implementation.instructions',
  'verification.expectations_or_commands',
  'review.criteria_or_reviewer_plan',
  'conflict_surface',
] as const;
/** The name of something that a packet can lack. */
export type Requirement = (typeof REQUIREMENTS)[number];

/** A packet, read: every list a list, every missing text null. */
export interface Packet {
  readonly taskId: string;
  readonly isApproved: boolean;
  readonly approvedBy: string | null;
  readonly approvedAt: string | null;
  readonly scm: {
    readonly provider: string;
    readonly repo: string | null;
    readonly issueNumber: string | null;
    readonly intendedBranch: string | null;
    readonly baseBranch: string | null;
  };
  readonly scope: {
    readonly goal: string | null;
    readonly nonGoals: readonly string[];
    readonly acceptanceCriteria: readonly string[];
  };
  readonly instructions: readonly string[];
  readonly verification: { readonly commands: readonly string[]; readonly expectations: readonly string[] };
  readonly review: { readonly criteria: readonly string[]; readonly reviewerPlan: readonly string[] };
  readonly conflictSurface: readonly string[];
  readonly agent: string | null;
  /** Tools that its agents may use without being asked, as they name them. */
  readonly allowedTools: readonly string[];
  readonly allowEmpty: boolean;
  /** Only those that the packet overrides. */
  readonly limits: LimitOverrides;
}

/** One packet of a file: as it was given, as it was read, and what it lacks. */
export interface PacketReading {
  readonly runId: string;
  /** SHA-256 of the packet as given, in canonical JSON. */
  readonly packetHash: string;
  readonly given: unknown;
  readonly packet: Packet;
  readonly missingFields: readonly Requirement[];
  /** Fields that nobody reads, as dotted paths; kept with the packet. */
  readonly unknownFields: readonly string[];
}
