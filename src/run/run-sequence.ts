/**
 * The history of a run as a Mermaid sequence diagram, for a review.
 *
 * Owns: participants, messages, Mermaid's escapes, what is left out of a long history. Does not own: reading it.
 *
 * Invariants: 1. The text stays within what GitHub's Mermaid draws: SEQUENCE_RECORDS records (L9), the left-out ones counted. 2. No text
 * of a record can end its line or be read as Mermaid.
 */
import { counted } from '../base/counted.ts';
import { sanitise } from '../base/sanitise.ts';
import { type JournalRecord, RUN_ACTOR } from '../model/record.ts';

/** Records shown at most: the first ones and the last ones. */
export const SEQUENCE_RECORDS = 200;
const FIRST_RECORDS = 40;
const WORDS_CHARS = 90;

/** The input of a sequence. */
export interface SequenceSource {
  readonly runId: string;
  readonly records: readonly JournalRecord[];
  /** The state of the run after the record of that sequence; null where it is not known. */
  readonly stateAt: (seq: number) => string | null;
  /** Why the journal cannot be followed beyond these records; absent or null when it can. */
  readonly journalFault?: string | null;
}

/** The Mermaid text: paste it into a code block of the language `mermaid`. */
export function runSequence({ runId, records, stateAt, journalFault = null }: SequenceSource): string {
  const shown = shownOf(records);
  const tasks = [...new Set(shown.flatMap(({ actor, event }) => (isTask(actor) ? [actor] : taskOf(event))))];
  const names = new Map(tasks.map((taskId, index) => [taskId, `T${index + 1}`]));
  const lines = [
    'sequenceDiagram',
    `  actor O as Operator`,
    `  participant P as Pawl`,
    `  participant R as ${words(runId)}`,
    ...[...names].map(([taskId, name]) => `  participant ${name} as ${words(taskId)}`),
  ];
  let state: string | null = null;
  let before: JournalRecord | null = null;
  for (const record of shown) {
    if (before !== null && record.seq !== before.seq + 1) lines.push(note('R', leftOut(record.seq - before.seq - 1)));
    if (before !== null && record.gen !== before.gen) lines.push(note('P', `started again (generation ${record.gen})`));
    lines.push(...linesOf(record, names));
    const next = stateAt(record.seq);
    if (next !== null && next !== state) lines.push(note('R', next));
    state = next ?? state;
    before = record;
  }
  if (journalFault !== null) lines.push(note('P', `the journal cannot be followed any further: ${journalFault}`));
  return `${lines.join('\n')}\n`;
}

function shownOf(records: readonly JournalRecord[]): readonly JournalRecord[] {
  if (records.length <= SEQUENCE_RECORDS) return records;
  return [...records.slice(0, FIRST_RECORDS), ...records.slice(FIRST_RECORDS - SEQUENCE_RECORDS)];
}

function linesOf({ actor, event }: JournalRecord, names: ReadonlyMap<string, string>): string[] {
  switch (event.type) {
    case 'runRehydrated':
      return [
        note('P', `brought the run back: ${event.findings.map((finding) => finding.class).join(', ') || 'as it was'}`),
      ];
    case 'settlementRefused':
    case 'commandRefused':
      return [note('P', `${event.type} ${event.code}`)];
    case 'agentNamed':
      return [note('P', `the agent is ${event.agentOverride}, set by --agent`)];
    case 'cancelRequested':
      return [says('O', 'R', `cancel: ${event.reason}`)];
    case 'decisionMade':
      return [says('O', 'R', `${event.decision}: ${event.reason}`)];
    case 'packetReplaced':
      return [says('O', 'R', `another packet: ${event.reason}`)];
    case 'taskRequested': {
      const task = names.get(event.taskId) ?? 'R';
      return [says('P', 'R', `taskRequested ${event.taskId}`), says('R', task, `start (${event.agent})`)];
    }
    case 'workerEnded': {
      const task = names.get(actor) ?? 'R';
      const how = event.blocker === null ? event.result : `${event.result}, ${event.blocker.code}`;
      return [says('P', task, 'workerEnded'), `  ${task}-->>R: ${words(how)}`];
    }
    default:
      return [says('P', names.get(actor) ?? 'R', told(event))];
  }
}

/** The event's name and its most important facts. */
function told(event: JournalRecord['event']): string {
  switch (event.type) {
    case 'gateJudged':
      return `${event.gate} ${event.status} (round ${event.epoch}, ${counted(event.findingCount, 'finding')})`;
    case 'workCommitted':
      return `workCommitted ${event.commit.slice(0, 12)} (${counted(event.fileCount, 'file')})`;
    case 'workerSpawned':
      return `workerSpawned pid ${event.pid}`;
    case 'handoffProjected':
      return `handoffProjected ${event.artifact.path}`;
    default:
      return 'blocker' in event && event.blocker !== null ? `${event.type} ${event.blocker.code}` : event.type;
  }
}

function leftOut(count: number): string {
  return `${counted(count, 'record')} ${count === 1 ? 'is' : 'are'} left out`;
}

function isTask(actor: string): boolean {
  return actor !== RUN_ACTOR && actor !== 'driver';
}

function taskOf(event: JournalRecord['event']): string[] {
  return event.type === 'taskRequested' ? [event.taskId] : [];
}

function says(from: string, to: string, text: string): string {
  return `  ${from}->>${to}: ${words(text)}`;
}

function note(over: string, text: string): string {
  return `  Note over ${over}: ${words(text)}`;
}

/** One line of plain text: what Mermaid would interpret is written as a character code. */
function words(text: string): string {
  const line = sanitise(text, WORDS_CHARS).replace(/\s+/g, ' ').trim();
  return line.replace(/[^\p{L}\p{N} .,_/():=+|…[\]-]/gu, (char) => `#${char.codePointAt(0)};`);
}
