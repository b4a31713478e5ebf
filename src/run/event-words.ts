/**
 * A journal as a readable history: every record in one plain line.
 *
 * Owns: the words of each event, bounded and without control characters. Does not own: reading the journal, columns and colours (cli).
 *
 * Invariant: every event has words: without them a new event does not compile.
 */

import { counted } from '../base/counted.ts';
import { elapsed, spanMs } from '../base/elapsed.ts';
import { listed } from '../base/listed.ts';
import { sanitise } from '../base/sanitise.ts';
import { unreachable } from '../base/unreachable.ts';
import { messageOf } from '../blockers/shown-blocker.ts';
import type { ArtifactRef, JournalEvent } from '../model/event.ts';
import { type JournalRecord, RUN_ACTOR } from '../model/record.ts';
import { turnNotes } from '../turn/turn-words.ts';

const LINE_CHARS = 240;
const LISTED = 3;

/** Describes records one after another, oldest first; an end is described with the time since its start. */
export class EventStory {
  readonly #startedAtMs = new Map<string, number>();

  /** The record in one line, without its time. */
  tell({ actor, event, atMs }: Pick<JournalRecord, 'actor' | 'event' | 'atMs'>): string {
    if (event.type === 'workerSpawned') this.#startedAtMs.set(actor, event.startedAtMs);
    const startedAtMs = this.#startedAtMs.get(actor);
    const words =
      event.type === 'rulesRaised'
        ? `continues under rules ${event.to}; before, it was under rules ${event.from}`
        : wordsOf(event, startedAtMs === undefined ? null : spanMs(startedAtMs, atMs));
    const about = isTask(actor) ? `${taskWords(actor)}: ` : '';
    const line = sanitise(`${about}${words}`, LINE_CHARS).replaceAll(/\s+/g, ' ').trim();
    return line.length > LINE_CHARS ? `${line.slice(0, LINE_CHARS - 1)}…` : line;
  }
}

function isTask(actor: string): boolean {
  return actor !== RUN_ACTOR && /-e\d+-a\d+$/.test(actor);
}

/** A task's id in words: `fix-e1-a2` is the second attempt of the first round's fix. */
export function taskWords(taskId: string): string {
  const [, purpose = taskId, round = '0', attempt = '1'] = /^(.*)-e(\d+)-a(\d+)$/.exec(taskId) ?? [];
  const notes = [round === '0' ? '' : `round ${round}`, attempt === '1' ? '' : `attempt ${attempt}`];
  const told = notes.filter((note) => note !== '').join(', ');
  return told === '' ? purpose : `${purpose} (${told})`;
}

function wordsOf(event: JournalEvent, sinceStartMs: number | null): string {
  switch (event.type) {
    case 'packetReceived':
      return receivedWords(event);
    case 'packetReplaced':
      return `packet replaced by ${event.by}: ${event.packetHash.slice(0, 12)} instead of ${event.previousHash.slice(0, 12)}${agentWords(event)}${because(event.reason)}`;
    case 'runAdmitted':
      return `admitted, agents: ${few(Object.entries(event.agents).map(([role, agent]) => `${role} ${agent}`))}`;
    case 'leaseAcquired':
      return `holds ${few(event.surfaces)}`;
    case 'leaseContended':
      return `waits until ${event.holder} releases what overlaps ${few(event.surfaces)}`;
    case 'leaseReclaimed':
      return `lost its surfaces to ${event.by}: its lease had expired`;
    case 'surfaceFreed':
      return 'the surfaces it waited for are free';
    case 'workspacePrepared':
      return `worktree ready at ${short(event.headCommit)}, from ${event.baseBranch}`;
    case 'admissionRefused':
      return `cannot begin: ${event.blockers.map(messageOf).join(' ')}`;
    case 'agentMissing':
    case 'leaseRefused':
    case 'workspaceRefused':
    case 'taskRefused':
    case 'workRefused':
    case 'surfaceExceeded':
    case 'handoffRefused':
    case 'hostDoubted':
      return `stopped: ${messageOf(event.blocker)}`;
    case 'taskRequested':
      return `${taskWords(event.taskId)} requested from ${event.agent}${event.rescueRef === null ? '' : `; the previous contents of the worktree are kept as ${event.rescueRef}`}`;
    case 'workCommitted':
      return `committed ${short(event.commit)}: ${counted(event.fileCount, 'file')} changed (${listed(event.filesChanged, LISTED, event.fileCount)})${alsoLeased(event.surfacesAdded)}`;
    case 'workEmpty':
      return emptyWords(event);
    case 'gateJudged':
      return `${event.gate}: ${event.status}${event.findingCount === 0 ? '' : `, ${counted(event.findingCount, 'finding')}`} at ${short(event.commit)}${evidenceOf(event.evidence)}`;
    case 'handoffProjected':
      return `ready for review${evidenceOf(event.artifact)}${event.rescueRef === undefined ? '' : `; the previous contents of the branch are kept as ${event.rescueRef}`}`;
    case 'deadlineReached':
      return event.id === 'lease' ? 'lease renewed' : 'the wait for the agent is over';
    case 'cancelRequested':
      return `cancelled by ${event.by}${because(event.reason)}`;
    case 'decisionMade':
      return `${event.by} decided: ${event.decision}${because(event.reason)}`;
    case 'hostStartRepeated':
      return 'restarted: its host was gone before it began';
    case 'hostClaimed':
      return 'its host is ready';
    case 'workerSpawned':
      return `started, pid ${event.pid}`;
    case 'workerAdopted':
      return 'found running without its host; watched from here on';
    case 'workerEnded':
      return endWords(event, sinceStartMs);
    case 'completionReported':
      return `${event.isValid ? 'another answer' : 'an invalid answer'} was reported after its end; it is kept and changes nothing`;
    case 'agentNamed':
      return `assigned to ${event.agentOverride} by --agent`;
    case 'settlementRefused':
      return `a late result (${event.settlement}) is kept and changes nothing`;
    case 'commandRefused':
      return `the command ${event.command} was refused: the run was ${event.state}`;
    case 'runRehydrated':
      return `checked after a restart: ${few(event.findings.map(({ detail, action }) => `${detail}, ${action}`))}`;
    default:
      return unreachable(event);
  }
}

function receivedWords(event: Extract<JournalEvent, { type: 'packetReceived' }>): string {
  const { taskId, branch, missingFields } = event;
  const what = missingFields.length === 0 ? `, branch ${branch}` : `; it lacks ${few(missingFields)}`;
  return `packet ${taskId} recorded${what}${agentWords(event)}`;
}

function agentWords({ agentOverride }: { readonly agentOverride?: string | undefined }): string {
  return agentOverride === undefined ? '' : `, with --agent ${agentOverride}`;
}

function emptyWords({ isAllowed, surfacesAdded }: Extract<JournalEvent, { type: 'workEmpty' }>): string {
  return isAllowed ? `nothing to commit, as the packet allows${alsoLeased(surfacesAdded)}` : 'nothing was changed';
}

function alsoLeased(surfaces: readonly string[] = []): string {
  return surfaces.length === 0 ? '' : `; also holds ${few(surfaces)}, outside its packet`;
}

function endWords(event: Extract<JournalEvent, { type: 'workerEnded' }>, sinceStartMs: number | null): string {
  const { result, exitCode, signal, blocker, turn } = event;
  const how = signal === null ? (exitCode === null || exitCode === 0 ? '' : `exit ${exitCode}`) : signal;
  const facts = [
    how,
    sinceStartMs === null ? '' : `after ${elapsed(sinceStartMs)}`,
    ...(turn === undefined ? [] : turnNotes(turn)),
  ];
  const told = facts.filter((fact) => fact !== '').join(', ');
  return `${result}${told === '' ? '' : ` (${told})`}${blocker === null ? '' : `: ${messageOf(blocker)}`}`;
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${reason}`;
}

function evidenceOf(ref: ArtifactRef): string {
  return `, evidence ${ref.path}`;
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

function few(all: readonly string[]): string {
  return listed(all, LISTED);
}
