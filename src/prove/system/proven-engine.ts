/**
 * The engine that is proven, as the proof handles it.
 *
 * Owns: that interface, the real engine behind it. Does not own: leading it along a path (played-process).
 */
import type { Performing } from '../../engine/durable-system.ts';
import type { Refusal } from '../../engine/live-system.ts';
import { SystemRegistry } from '../../engine/system-registry.ts';
import type { AnyState, System } from '../../kernel/system.ts';
import type { PlainEffect, PlainEvent } from '../../model/system-record.ts';
import type { ClockPort } from '../../ports/clock.ts';
import type { FsPort } from '../../ports/fs.ts';
import type { ProcessesPort } from '../../ports/processes.ts';
import { Files } from '../../store/files.ts';
import { PROVEN_ID } from './sameness.ts';

/** The folder of the registry on the machine of the proof. */
export const PROOF_FOLDER = '/registry';

/** What an engine works with. */
export interface EnginePorts {
  readonly fs: FsPort;
  readonly clock: ClockPort;
  readonly processes: ProcessesPort;
}

/** Performs an effect of whatever kind; what it resolves to settles the effect, null leaves it owed. */
export type PerformEffect = (performing: Performing<PlainEffect>) => Promise<PlainEvent | null>;

/** An engine that drives the system. */
export interface ProvenEngine {
  /** The committed state. */
  readonly state: AnyState;
  /** What halted the system, or null. */
  readonly fault: unknown;
  send(event: PlainEvent, actor: string): Promise<Refusal | null>;
  close(): Promise<void>;
}

/** Opens the system on a machine, with `begin` as its first event where it is new. */
export type OpenEngine = (
  ports: EnginePorts,
  system: System,
  begin: PlainEvent,
  perform: PerformEffect,
) => Promise<ProvenEngine>;

/** The engine that everybody gets. */
export const openRealEngine: OpenEngine = async ({ fs, clock, processes }, system, begin, perform) => {
  const registry = await SystemRegistry.open({ files: new Files(fs, clock), clock, processes }, PROOF_FOLDER);
  const performers = Object.fromEntries(Object.keys(system.effects).map((kind) => [kind, perform]));
  const live = await registry.open(system, PROVEN_ID, { begin, perform: performers });
  return {
    get state() {
      return live.state;
    },
    get fault() {
      return live.fault;
    },
    send: (event, actor) => live.send(event, actor),
    close: () => registry.close(),
  };
};
