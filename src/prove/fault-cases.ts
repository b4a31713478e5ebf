/**
 * The ways in which a file operation fails, and which of all cases are tried.
 *
 * Owns: that list, the choice by seed and share. Does not own: what is disturbed and what must hold (inject-faults, host-faults), the failing
 * file system (memory/fault-fs).
 *
 * Invariant: a case is known by its operation and its fault; the same seed and share give the same cases.
 */
import type { FaultPlan } from './memory/fault-fs.ts';
import type { FsOp } from './memory/memory-fs.ts';
import { random } from './memory/memory-nodes.ts';

type Kind = Pick<FaultPlan, 'fault' | 'isLasting' | 'ops'>;

/** Operations that need a descriptor. */
const OPENING = ['open', 'list'] as const;
const WRITING = ['write'] as const;

/** The ways in which an operation fails, by their names in the result. */
export const FAULT_KINDS: Readonly<Record<string, Kind>> = {
  ENOSPC: { fault: { code: 'ENOSPC' } },
  EIO: { fault: { code: 'EIO' } },
  EACCES: { fault: { code: 'EACCES' } },
  EMFILE: { fault: { code: 'EMFILE' }, ops: OPENING },
  'ENOSPC from there on': { fault: { code: 'ENOSPC' }, isLasting: true },
  'EIO from there on': { fault: { code: 'EIO' }, isLasting: true },
  'EACCES from there on': { fault: { code: 'EACCES' }, isLasting: true },
  'EMFILE from there on': { fault: { code: 'EMFILE' }, isLasting: true, ops: OPENING },
  'short write': { fault: 'short', ops: WRITING },
  'empty write': { fault: 'none', ops: WRITING },
  'short writes from there on': { fault: 'short', isLasting: true, ops: WRITING },
  'empty writes from there on': { fault: 'none', isLasting: true, ops: WRITING },
};

/** One operation, by its number among those that its kind counts, and how it fails. */
export interface FaultCase {
  readonly kind: string;
  readonly at: number;
}

/** The plan of a case. */
export function planOf({ kind, at }: FaultCase): FaultPlan {
  const plan = FAULT_KINDS[kind];
  if (plan === undefined) throw new Error(`bug: no kind ${kind}`);
  return { ...plan, at };
}

/**
 * Every case of a story that makes these calls when nothing fails. With `turn` an operation is refused for good by one code alone, by the next
 * one in the next turn.
 */
export function allCases(calls: readonly FsOp[], turn?: number): readonly FaultCase[] {
  const lasting = Object.keys(FAULT_KINDS).filter((kind) => isRefusedForGood(FAULT_KINDS[kind]));
  return Object.entries(FAULT_KINDS).flatMap(([kind, { ops }]) => {
    const met = ops === undefined ? calls : calls.filter((op) => ops.includes(op));
    const cases = met.map((_, n): FaultCase => ({ kind, at: n + 1 }));
    const nth = lasting.indexOf(kind);
    return turn === undefined || nth < 0 ? cases : cases.filter(({ at }) => (at + turn) % lasting.length === nth);
  });
}

function isRefusedForGood(kind: Kind | undefined): boolean {
  return kind?.isLasting === true && typeof kind.fault === 'object';
}

/** Which of all cases are tried. */
export interface FaultChoice {
  readonly seed: number;
  /** The part of all cases, from 0 to 1; from a quarter on every operation is hit. */
  readonly share: number;
  /** Of the codes that refuse an operation for good, one for each; all when left out. */
  readonly turn?: number;
  /** Of all cases, those whose number leaves this remainder: the parts of all remainders are the whole. */
  readonly part?: { readonly remainder: number; readonly of: number };
}

/** Round by round every operation is hit once more, each time by its next kind; of the last round a part by chance. */
export function chooseCases(all: readonly FaultCase[], { seed, share, part }: FaultChoice): readonly FaultCase[] {
  const cases = part === undefined ? all : all.filter((_, n) => n % part.of === part.remainder);
  const byOperation = new Map<string, FaultCase[]>();
  for (const one of cases) {
    const name = `${FAULT_KINDS[one.kind]?.ops?.join(' ') ?? 'operation'} ${one.at}`;
    byOperation.set(name, [...(byOperation.get(name) ?? []), one]);
  }
  const chance = random(seed);
  const ranked = [...byOperation.values()].flatMap((kinds, n) =>
    kinds.map((_, round) => ({ one: kinds[(round + n + seed) % kinds.length], rank: round + chance() })),
  );
  ranked.sort((a, b) => a.rank - b.rank);
  const count = Math.round(Math.min(1, Math.max(0, share)) * cases.length);
  return ranked.slice(0, count).flatMap(({ one }) => (one === undefined ? [] : [one]));
}
