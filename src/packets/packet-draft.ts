/**
 * A packet in the making: what answers, a Markdown file or an issue say of it, and the packet that comes of it.
 *
 * Owns: the parts, putting one draft over another, the layout of the packet. Does not own: reading any of the sources (packet-markdown,
 * packet-issue, cli), what a packet lacks (packets/packets).
 *
 * Invariant: what comes of a draft is never approved: that is for a person who has read it.
 */
import type { JsonObject } from '../base/canonical-json.ts';

/** The parts of a packet, each null or empty while nobody has said it. */
export interface PacketDraft {
  readonly taskId: string | null;
  readonly repo: string | null;
  readonly issue: string | null;
  readonly branch: string | null;
  readonly base: string | null;
  readonly goal: string | null;
  readonly nonGoals: readonly string[];
  readonly acceptance: readonly string[];
  readonly instructions: readonly string[];
  readonly commands: readonly string[];
  readonly expectations: readonly string[];
  readonly criteria: readonly string[];
  readonly surface: readonly string[];
  readonly agent: string | null;
}

/** Nothing said yet. */
export const EMPTY_DRAFT: PacketDraft = {
  ...{ taskId: null, repo: null, issue: null, branch: null, base: null, goal: null },
  ...{ nonGoals: [], acceptance: [], instructions: [], commands: [], expectations: [], criteria: [], surface: [] },
  agent: null,
};

/** What `over` says, and what `draft` says where `over` says nothing. */
export function overlaid(draft: PacketDraft, over: Partial<PacketDraft>): PacketDraft {
  const said = Object.entries(over).filter(([, value]) => isSaid(value));
  return { ...draft, ...Object.fromEntries(said) };
}

function isSaid(value: string | readonly string[] | null | undefined): boolean {
  if (value === null || value === undefined) return false;
  return typeof value === 'string' ? value.trim() !== '' : value.length > 0;
}

const TASK_CHARS = 48;

/** A task id made of a title; null when nothing of it can be part of one. */
export function taskIdOf(title: string): string | null {
  const words = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '');
  return words.slice(0, TASK_CHARS).replace(/-$/, '') || null;
}

/** The branch that a task works on when nobody names one. */
export function branchOf(taskId: string): string {
  return `work/${taskIdOf(taskId) ?? 'packet'}`;
}

/** The packet, unapproved; parts that nobody has said are left out. */
export function packetOfDraft(draft: PacketDraft): JsonObject {
  const { taskId, repo, issue, branch, base, goal, agent } = draft;
  const number = Number(issue?.replace(/^#/, ''));
  const issueNumber = Number.isSafeInteger(number) && number > 0 ? number : issue;
  return filled({
    task_id: taskId,
    approval: { status: 'proposed' },
    scm_target: filled({ repo, issue_number: issueNumber, intended_branch: branch, base_branch: base }),
    scope: filled({ goal, non_goals: list(draft.nonGoals), acceptance_criteria: list(draft.acceptance) }),
    implementation: filled({ instructions: list(draft.instructions) }),
    verification: filled({ commands: list(draft.commands), expectations: list(draft.expectations) }),
    review: filled({ criteria: list(draft.criteria) }),
    conflict_surface: list(draft.surface),
    agent,
  });
}

type Value = JsonObject[string];

function list(entries: readonly string[]): Value {
  return entries.length === 0 ? null : [...entries];
}

/** Without the parts that say nothing. */
function filled(object: Record<string, Value>): JsonObject {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([, value]) => value !== null && !(typeof value === 'object' && Object.keys(value).length === 0),
    ),
  );
}
