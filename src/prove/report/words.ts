/**
 * The words and numbers of a report, the same on a page and in a terminal.
 *
 * Owns: names of stages, classes and victims; how numbers and times are written; text from outside made safe to show.
 * Does not own: the layout (proof-html, proof-text).
 */
import { shellCommand } from '../../base/shell-words.ts';
import type { KillClass, Proof, Stage, Victim } from '../proof.ts';
import type { Share } from '../system/system-proof.ts';
import { doesHold, findingsIn, killSums } from './findings.ts';

/** Stages in words. */
export const STAGE_NAMES: Readonly<Record<Stage, string>> = {
  implementation: 'Implementation',
  verification: 'Verification',
  internalReview: 'Internal review',
  fixLoop: 'Fix loop',
  handoffReady: 'Handoff',
};

/** Classes in words. */
export const CLASS_NAMES: Readonly<Record<KillClass, string>> = {
  intentBeforeSpawn: 'Intent recorded, nothing started',
  spawnedBeforeResult: 'Worker started, no result yet',
  resultBeforeEvent: 'Result written, no event yet',
  eventBeforeSnapshot: 'Event recorded, snapshot older',
  staleOrTimeout: 'Stale lease or timeout',
  conflictingOrLate: 'Conflicting or late answer',
};

/** Victims in words. */
export const VICTIM_NAMES: Readonly<Record<Victim, string>> = {
  runner: 'runner',
  host: 'host',
  worker: 'worker',
  runnerAndHost: 'runner and host',
  all: 'everything',
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const grouping = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/** A number with its thousands apart. */
export function numeral(value: number): string {
  return grouping.format(value);
}

/** A count with its noun: `1 kill`, `2 kills`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${numeral(count)} ${count === 1 ? one : many}`;
}

/** A time in the unit that it is read in. */
export function duration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND_MS);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `text` without what a terminal or a page would obey: control codes and marks of direction are shown as such. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (sign) =>
    sign === '\n' ? ' ↵ ' : sign === '\t' ? ' ' : '\ufffd',
  );
}

/** What was tried of a kind, of so many where that is a part. */
export function shareOf({ tried, of }: Share, one: string): string {
  return tried === of ? counted(of, one) : `${numeral(tried)} of ${counted(of, one)}`;
}

/** The verdict: a headline, and what it rests on. */
export function verdictOf(proof: Proof): { readonly headline: string; readonly sentence: string } {
  if (doesHold(proof)) return { headline: 'The proof holds.', sentence: `${WHAT_HOLDS} ${restsOn(proof)}` };
  const faults = findingsIn(proof).reduce((sum, finding) => sum + finding.faults.length, 0);
  const what = faults === 0 ? 'The proof names no fault.' : `${counted(faults, 'fault')} found.`;
  return { headline: 'The proof does not hold.', sentence: `${what} ${restsOn(proof)}` };
}

const WHAT_HOLDS =
  'Killed and started again, Pawl ran no worker twice, lost no acknowledged event, and every run ended as it should.';

function restsOn(proof: Proof): string {
  const { kills, cells, impossible } = killSums(proof);
  const none = impossible === 0 ? '' : `; ${counted(impossible, 'cell')} cannot occur`;
  return `${counted(kills, 'kill')} of real processes in ${counted(cells, 'cell')} of the checklist${none}.`;
}

/** What the proof was asked for, in words. */
export function scopeOf(proof: Proof): string {
  return proof.only === null ? `${proof.level} level` : `only ${proof.only.join(', ')}, ${proof.level} level`;
}

/** The command that does the whole proof again. */
export function commandOf(proof: Proof): string {
  const cells = (proof.only ?? []).flatMap((name) => ['--cell', name]);
  return shellCommand(['pawl', 'prove', ...cells, '--level', proof.level, '--seed', String(proof.seed)]);
}
