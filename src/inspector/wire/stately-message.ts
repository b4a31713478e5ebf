/**
 * The inspection messages that Stately's tools understand, as this hub sends them.
 *
 * Owns: their types, their form, the ids of sessions, the machines as JSON. Does not own: when one is sent (wire/run-stream).
 *
 * Invariants: 1. A message is plain JSON. 2. The same journal gives the same messages, byte for byte: their times are those of the records.
 */

import { runMachine } from '../../../machines/run/run.machine.ts';
import { taskMachine } from '../../../machines/task/task.machine.ts';
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import { wholeDefinition } from '../../kernel/machine-definition.ts';
import { RUN_ACTOR } from '../../model/record.ts';
import { machineOf } from '../../run/system.ts';

/** The version of `@statelyai/inspect` whose messages these are. */
export const STATELY_VERSION = '0.7.2';

interface Common {
  readonly sessionId: string;
  readonly rootId: string;
  /** Milliseconds since the epoch, as text. */
  readonly createdAt: string;
  readonly id: null;
  readonly _version: string;
}

/** An actor has come to be. */
export interface ActorMessage extends Common {
  readonly type: '@xstate.actor';
  readonly name: string;
  readonly parentId?: string;
  /** The machine's config as JSON text. */
  readonly definition: string;
  readonly snapshot: Json;
}

/** An actor is sent an event. */
export interface EventMessage extends Common {
  readonly type: '@xstate.event';
  /** Absent where the event comes from outside of the run's machines. */
  readonly sourceId?: string;
  readonly event: JsonObject;
}

/** Where an actor stands after an event. */
export interface SnapshotMessage extends Common {
  readonly type: '@xstate.snapshot';
  readonly event: JsonObject;
  readonly snapshot: Json;
}

/** One message of the inspection protocol. */
export type StatelyMessage = ActorMessage | EventMessage | SnapshotMessage;

/** The session of an actor: the run's id, and below it the task's. */
export function sessionIdOf(runId: string, actor: string): string {
  return actor === RUN_ACTOR ? runId : `${runId}/${actor}`;
}

/** What all messages of one actor have in common. */
export function commonOf(runId: string, actor: string, atMs: number): Common {
  return {
    sessionId: sessionIdOf(runId, actor),
    rootId: runId,
    createdAt: String(atMs),
    id: null,
    _version: STATELY_VERSION,
  };
}

const definitions = new Map<string, string>();

/** The config of an actor's machine as JSON text: what it does by functions is left out. */
export function definitionOf(actor: string): string {
  const machine = machineOf(actor);
  const known = definitions.get(machine.id);
  if (known !== undefined) return known;
  const text = JSON.stringify(machine.config);
  definitions.set(machine.id, text);
  return text;
}

/** Both machines with their transitions resolved to ids of states, for drawing. */
export function machineDefinitions(): { readonly run: JsonObject; readonly task: JsonObject } {
  return { run: wholeDefinition(runMachine), task: wholeDefinition(taskMachine) };
}
