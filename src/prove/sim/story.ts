/**
 * A story: the steps that a run is to walk, the packet it is about, and how far a journal has come in it.
 *
 * Owns: naming recorded events as the model does, following a journal along a story. Does not own: bringing a step about (sim/director).
 *
 * Invariants: 1. How far a story has come is read from the journal alone: a new process knows no more. 2. A run that was never stopped walks
 * exactly the story's steps; after a stop there may be more: a worker that went down with the machine is tried again, a host is started
 * again, a lease is renewed earlier or later.
 */
import { canonicalJson, type Json } from '../../base/canonical-json.ts';
import { sha256 } from '../../base/sha256.ts';
import type { IntakeEntry } from '../../engine/intake.ts';
import { BOUNDS } from '../../model/limits.ts';
import type { JournalRecord, RecordedEvent } from '../../model/record.ts';
import { DRIVER_ACTOR } from '../../model/system-record.ts';
import { readPackets } from '../../packets/packets.ts';
import { resolveLimits } from '../../run/limits.ts';

/** What a run is to walk, and its circumstances. */
export interface Story {
  readonly name: string;
  /** The names of its events, after the first. */
  readonly types: readonly string[];
  readonly entry: IntakeEntry;
  readonly hasSetup: boolean;
  /** What it tells the end of: that may not be spent on recovering. */
  readonly scarce: readonly Scarce[];
}

/** What a run can run out of. */
export type Scarce = 'hosts' | 'interruptions';

/** How far a journal has come in a story. */
export interface Progress {
  /** Index of the next step. */
  readonly next: number;
  /** Tasks that were tried again because the machine went down. */
  readonly detours: number;
  /** What the journal says instead of the next step; null while it follows the story. */
  readonly problem: string | null;
  /** True when it has every step and nothing else. */
  readonly isExact: boolean;
  /** True when the run was cancelled earlier than told: between two attempts, where no worker is left to be ended. */
  readonly isOvertaken: boolean;
}

const LEASE_OVER = 'deadlineReached lease';

/** Where a story begins. */
export const AT_START: Progress = { next: 0, detours: 0, problem: null, isExact: true, isOvertaken: false };

/** The story along those events. */
export function storyOf(name: string, types: readonly string[], scarce: readonly Scarce[]): Story {
  return {
    name,
    types,
    entry: packetEntry('SIM-1', 'src', {
      allowsEmpty: types.includes('workEmpty allowed'),
      scarce,
      hasShortLease: isLeaseShort(types),
    }),
    hasSetup: types.includes('runAdmitted withSetup'),
    scarce,
  };
}

/** The story's packet with another goal, as its `step` wants it: at no other step it is the same. */
export function otherPacket({ entry: { reading } }: Story, step: number): Json {
  const given = JSON.parse(canonicalJson(reading.given));
  return { ...given, scope: { goal: `Go on from step ${step}` } };
}

/** A lease that is to be renewed while the run waits for its agent: it is half over before that wait is. */
function isLeaseShort(types: readonly string[]): boolean {
  return types.some((type, at) => type === LEASE_OVER && types[at - 1] === 'workerEnded limited');
}

/** The n-th packet that wants the surfaces of the story's own. */
export function rivalEntry(n: number): IntakeEntry {
  return packetEntry(`RIVAL-${n}`, 'src');
}

/** The folder that a neighbour leases, and nobody else. */
export const NEIGHBOUR_SURFACE = 'taken';

/** The packet of a run that leases what the story's own may come to touch. */
export function neighbourEntry(): IntakeEntry {
  return packetEntry('NEIGHBOUR', NEIGHBOUR_SURFACE);
}

/** As in the world that the stories are from. */
const COUNTED_ONCE = { attemptsMax: 2, fixAttemptsMax: 1, lostRetriesMax: 1, limitWaitsMax: 1 } as const;

const entries = new Map<string, IntakeEntry>();

interface PacketWishes {
  readonly allowsEmpty: boolean;
  readonly scarce: readonly Scarce[];
  readonly hasShortLease: boolean;
}

function packetEntry(
  taskId: string,
  surface: string,
  { allowsEmpty, scarce, hasShortLease }: PacketWishes = { allowsEmpty: false, scarce: [], hasShortLease: false },
): IntakeEntry {
  const key = `${taskId} ${allowsEmpty} ${scarce.join()} ${hasShortLease}`;
  const known = entries.get(key);
  if (known !== undefined) return known;
  const packet = {
    task_id: taskId,
    approved: true,
    allow_empty: allowsEmpty,
    scm_target: {
      repo: 'sim/app',
      issue_number: entries.size + 1,
      intended_branch: `sim/${taskId}`,
      base_branch: 'main',
    },
    scope: { goal: 'Go on' },
    implementation: { instructions: 'Do it.' },
    verification: { commands: ['check'] },
    review: { criteria: ['It is done.'] },
    conflict_surface: [surface],
  };
  const [reading] = readPackets(JSON.stringify([packet]), sha256).readings;
  if (reading === undefined) throw new Error('bug: the packet cannot be read');
  // What a stop may use up is plenty, unless the story is about running out of it.
  const spare = {
    interruptionsMax: scarce.includes('interruptions') ? 1 : 10,
    hostStartsMax: scarce.includes('hosts') ? 2 : 10,
    ...(hasShortLease ? { leaseTtlMs: BOUNDS.limitWaitFirstMs * 1.6 } : {}),
  };
  const limits = resolveLimits({ ...COUNTED_ONCE, graceMs: 1_000, ...spare }, {});
  const entry = { runId: reading.runId, reading, limits };
  entries.set(key, entry);
  return entry;
}

/** The story has come one record further. */
export function advance({ types }: Story, before: Progress, { actor, event }: JournalRecord): Progress {
  if (before.problem !== null || before.isOvertaken || actor === DRIVER_ACTOR || event.type === 'packetReceived')
    return before;
  const { next } = before;
  const type = typeOf(event);
  const expected = types[next];
  if (type === expected) return { ...before, next: next + 1 };
  const other = { ...before, isExact: false };
  // A lease that is renewed earlier, later or not at all changes nothing else.
  if (type === LEASE_OVER || type === 'hostStartRepeated') return other;
  if (expected === LEASE_OVER && type === types[next + 1]) return { ...other, next: next + 2 };
  if (type === 'cancelRequested' && before.detours > 0 && types.includes(type, next)) {
    return { ...other, next: types.length, isOvertaken: true };
  }
  if (event.type === 'workerEnded') {
    // Ended on request: how a task ended that is being ended changes nothing, and the machine's going down has a say in it.
    if (event.key.endsWith(':endTask') && expected?.startsWith('workerEnded') === true)
      return { ...other, next: next + 1 };
    const again = types.lastIndexOf('taskRequested', next - 1);
    if (event.result === 'interrupted' && next > 0 && again >= 0) {
      return { ...other, next: again, detours: before.detours + 1 };
    }
  }
  return { ...other, problem: `${type} is recorded where ${expected ?? 'the end'} is told (step ${next + 1})` };
}

/** The model's name of a recorded event. */
function typeOf(event: RecordedEvent): string {
  switch (event.type) {
    case 'runAdmitted':
      return event.hasSetup ? 'runAdmitted withSetup' : event.type;
    case 'workCommitted':
      return event.surfacesAdded === undefined ? event.type : `${event.type} beyond`;
    case 'workRefused':
      return event.blocker.code === 'PAWL_WORKSPACE_CHANGED' ? `${event.type} changed` : event.type;
    case 'surfaceExceeded':
      return `${event.type} ${event.holder === null ? 'strict' : 'held'}`;
    case 'workEmpty':
      return event.isAllowed ? 'workEmpty allowed' : event.type;
    case 'gateJudged':
      return `${event.type} ${event.status}`;
    case 'workerEnded':
      return `${event.type} ${event.result}`;
    case 'decisionMade':
      return `${event.type} ${event.decision}`;
    case 'deadlineReached':
      return `${event.type} ${event.id}`;
    default:
      return event.type;
  }
}

/** How far the journal's records come. */
export function follow(story: Story, records: readonly JournalRecord[]): Progress {
  return records.reduce((progress, record) => advance(story, progress, record), AT_START);
}
