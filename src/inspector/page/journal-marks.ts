/**
 * What stands out in a journal: restarts, adopted workers, interruptions, silences, stops.
 *
 * Owns: telling them from the records alone, the facts of an event in short, the tone of a state or a result.
 * Does not own: showing them (timeline, scrubber, tasks).
 */
import { spanMs } from '../../base/elapsed.ts';
import type { JournalRecord } from '../../model/record.ts';
import type { Standing } from '../../run/liveness.ts';
import { duration } from './words.ts';

/** What something means; each has a colour and a sign of its own. */
export type Tone = 'plain' | 'now' | 'good' | 'warn' | 'bad';

/** Something that stands out, at one record. */
export interface Mark {
  readonly kind: 'takeover' | 'rehydrated' | 'adopted' | 'interrupted' | 'refused' | 'silence' | 'decision' | 'verdict';
  readonly tone: Tone;
  readonly text: string;
}

/** A silence is worth telling from here on. */
const SILENCE_MS = 30_000;

/** What stands out at `record`, which follows `before`. */
export function marksOf(record: JournalRecord, before: JournalRecord | undefined): readonly Mark[] {
  const marks: Mark[] = [];
  if (before !== undefined) {
    const gapMs = spanMs(before.atMs, record.atMs);
    if (record.gen !== before.gen) {
      const tone = record.event.type === 'runRehydrated' ? 'warn' : 'plain';
      const text = `another runner continued (lock ${before.gen} → ${record.gen}), ${duration(gapMs)} after the last record`;
      marks.push({ kind: 'takeover', tone, text });
    } else if (gapMs >= SILENCE_MS)
      marks.push({ kind: 'silence', tone: 'plain', text: `${duration(gapMs)} without a record` });
  }
  return [...eventMarks(record), ...marks];
}

function eventMarks({ event }: JournalRecord): readonly Mark[] {
  switch (event.type) {
    case 'runRehydrated':
      return event.findings.map((finding) => ({
        kind: 'rehydrated' as const,
        tone: 'warn' as const,
        text: `${finding.class}: ${finding.detail} (${finding.action})`,
      }));
    case 'workerAdopted':
      return [{ kind: 'adopted', tone: 'warn', text: 'a worker that outlived its host was adopted' }];
    case 'workerEnded': {
      const isLost = event.result === 'interrupted' || event.result === 'lost';
      return isLost
        ? [{ kind: 'interrupted', tone: 'warn', text: `the worker was ${event.result}, as the ${event.by} found` }]
        : [];
    }
    case 'hostDoubted':
      return [{ kind: 'interrupted', tone: 'bad', text: 'it is unknown whether the host is alive' }];
    case 'settlementRefused':
    case 'commandRefused':
      return [{ kind: 'refused', tone: 'plain', text: `refused: ${event.code}` }];
    case 'decisionMade':
      return [{ kind: 'decision', tone: 'now', text: `${event.by} decided: ${event.decision}: ${event.reason}` }];
    case 'packetReplaced':
      return [{ kind: 'decision', tone: 'now', text: `${event.by} replaced the packet${because(event.reason)}` }];
    case 'cancelRequested':
      return [{ kind: 'decision', tone: 'now', text: `cancelled by ${event.by}: ${event.reason}` }];
    case 'gateJudged':
      return [
        {
          kind: 'verdict',
          tone: toneOfResult(event.status),
          text: `${event.gate} of round ${event.epoch}: ${event.status}`,
        },
      ];
    default:
      return [];
  }
}

const HIDDEN_FACTS = new Set([
  'type',
  'key',
  'requestHash',
  'outcomeHash',
  'completionHash',
  'agentHash',
  'claimHash',
  'patchHash',
]);
const FACT_CHARS_MAX = 60;

/** The facts of an event that fit on a line. */
export function factsOf({ event }: JournalRecord): readonly (readonly [name: string, value: string])[] {
  return Object.entries(event).flatMap(([name, value]): (readonly [string, string])[] => {
    if (HIDDEN_FACTS.has(name)) return [];
    if (typeof value === 'string') return [[name, shortened(name, value)]];
    return typeof value === 'number' && !name.endsWith('AtMs') ? [[name, String(value)]] : [];
  });
}

function shortened(name: string, value: string): string {
  if (/commit$/i.test(name)) return value.slice(0, 10);
  return value.length > FACT_CHARS_MAX ? `${value.slice(0, FACT_CHARS_MAX)}…` : value;
}

/** The tone of a run's state. */
export function toneOfState(state: string): Tone {
  if (state === 'readyForManualReview') return 'good';
  if (state === 'failedExecution' || state === 'quarantined') return 'bad';
  if (state.startsWith('blocked')) return 'warn';
  return state === 'cancelled' || state === 'packetReceived' || state === 'queued' ? 'plain' : 'now';
}

/** The tone of a verdict, or of a task's result. */
export function toneOfResult(result: string | null): Tone {
  switch (result) {
    case 'PASS':
    case 'ACCEPTED':
    case 'completed':
      return 'good';
    case 'FAIL':
    case 'failed':
    case 'timedOut':
      return 'bad';
    case 'BLOCKED':
    case 'blocked':
    case 'interrupted':
    case 'lost':
    case 'limited':
      return 'warn';
    case null:
      return 'now';
    default:
      return 'plain';
  }
}

/** The tone of how a run stands to the world. */
export function toneOfStanding(standing: Standing): Tone {
  if (standing === 'working') return 'now';
  return standing === 'gone' ? 'bad' : 'warn';
}

/** The last word of a person on the run among these records, in a sentence; null when there is none. */
export function lastDecision(records: readonly JournalRecord[]): string | null {
  for (const { event } of records.toReversed()) {
    const reason = 'reason' in event ? because(event.reason) : '';
    if (event.type === 'packetReplaced') return `${event.by} replaced the packet${reason}`;
    if (event.type === 'cancelRequested') return `Cancelled by ${event.by}${reason}`;
    if (event.type === 'decisionMade') return `${event.by} decided: ${event.decision}${reason}`;
  }
  return null;
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${reason}`;
}

/** A stretch of records in one state. */
export interface Stretch {
  readonly state: string;
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** The states of a run one after another, from its place after each record. */
export function stretchesOf(places: readonly string[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const [index, place] of places.entries()) {
    const [state = ''] = place.split('.');
    const last = stretches.at(-1);
    if (last?.state === state) stretches[stretches.length - 1] = { ...last, toSeq: index + 1 };
    else stretches.push({ state, fromSeq: index + 1, toSeq: index + 1 });
  }
  return stretches;
}
