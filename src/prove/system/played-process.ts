/**
 * One process that is led along a path: it opens the system, takes every move that is left, and closes it, or stops where it is told to.
 *
 * Owns: leading, telling the witness what is performed and acknowledged. Does not own: the path (covering-paths), living and dying (memory/memory-process),
 * what is compared (stops).
 *
 * Invariants: 1. Which move is next is read from the state: a process continues where the last one was recorded. 2. An effect is performed only when its record would survive a power cut (L1).
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Performing } from '../../engine/durable-system.ts';
import type { Refusal } from '../../engine/live-system.ts';
import type { Input } from '../../kernel/decide.ts';
import type { PlainEffect, PlainEvent } from '../../model/system-record.ts';
import type { FsPort } from '../../ports/fs.ts';
import { MemoryClock } from '../memory/memory-clock.ts';
import { MemoryMachine, type StopKind } from '../memory/memory-machine.ts';
import { MemoryProcess, type ProcessEnd } from '../memory/memory-process.ts';
import type { PlayedPath } from './covering-paths.ts';
import { type Move, START, type Subject } from './moves.ts';
import type { OpenEngine, ProvenEngine } from './proven-engine.ts';
import { recordsOn } from './proven-journal.ts';
import { EPOCH_MS } from './sameness.ts';
import { Witness } from './witness.ts';

/** What is played, and by which engine. */
export interface Play {
  readonly subject: Subject;
  readonly path: PlayedPath;
  readonly open: OpenEngine;
}

/** A machine, and what was seen of the engine on it. */
export interface Watched {
  readonly machine: MemoryMachine;
  readonly witness: Witness;
}

/** A machine on which nothing was ever done. */
export function watchedMachine(): Watched {
  return { machine: new MemoryMachine({ nowMs: EPOCH_MS }), witness: new Witness() };
}

/** Told of every call that changes something, before it is done, with the place of the move that is under way; may kill the process. */
export type CallHook = (call: string, process: PlayedProcess) => void;

/** Turns of the event loop in which nothing happens: in memory everything that is to happen happens in one. */
const IDLE_TURNS_MAX = 12;

type Answer = (event: PlainEvent | null) => void;

/** One process on a machine. */
export class PlayedProcess implements Watched {
  readonly machine: MemoryMachine;
  readonly witness: Witness;
  /** The place of the move that is under way; the length of the path once all are taken. */
  place = 0;
  readonly #play: Play;
  readonly #pending = new Map<string, Answer>();
  readonly #clock: MemoryClock;
  readonly #process: MemoryProcess;

  constructor(play: Play, { machine, witness }: Watched, hook: CallHook | null = null) {
    this.#play = play;
    this.machine = machine;
    this.witness = witness;
    this.#clock = new MemoryClock(machine, 0);
    this.#process = new MemoryProcess(machine, {
      onChange: hook === null ? null : (call) => hook(call, this),
      nameOf: (op, path, isHalfDone) => `${op} ${path}${isHalfDone ? ' (half)' : ''}`,
    });
  }

  /** Lives until the path has ended, the process has died or failed, or nothing moves. `fs`: the disk, or something in front of it. */
  live(fs: FsPort = this.machine.disk): Promise<ProcessEnd> {
    return this.#process.live(() => this.#live(fs));
  }

  /** Dies at once. */
  kill(): never {
    this.#process.kill();
  }

  /** What is left when the process, or the power, goes now. */
  stopped(kind: StopKind, seed: number): Watched {
    return { machine: this.#process.stopped(kind, seed), witness: this.witness.copy() };
  }

  async #live(fs: FsPort): Promise<string | null> {
    const { subject, path, open } = this.#play;
    const opening = subject.moves(START).find(({ type }) => type === path.names[0]);
    if (opening === undefined) throw new Error('bug: a path begins with an opening');
    const ports = { fs, clock: this.#clock, processes: this.machine.processes(this.#process.self) };
    const engine = await open(ports, subject.system, opening.input.event, (performing) => this.#perform(performing));
    for (;;) {
      this.#acknowledge(engine);
      const name = path.names[this.place];
      if (name === undefined) break;
      const why = await this.#lead(engine, name);
      if (why !== null) return why;
    }
    for (const answer of this.#pending.values()) answer(null);
    await engine.close();
    return null;
  }

  /** The engine takes the move of that name; why it does not, otherwise. */
  async #lead(engine: ProvenEngine, name: string): Promise<string | null> {
    const { state } = engine;
    this.#clock.moveTo(this.machine.nowMs + 1);
    const move = this.#play.subject.moves({ state, nowMs: this.machine.nowMs }).find(({ type }) => type === name);
    if (move === undefined) return `${name} cannot happen in the state that the engine has reached`;
    const why = await this.#begin(engine, move);
    if (why !== null) return why;
    const hasMoved = await this.#idleUntil(engine, () => engine.state.seq > state.seq);
    return hasMoved ? null : `${name} was given to the engine, which records nothing`;
  }

  async #begin(engine: ProvenEngine, { kind, type, input, settles }: Move): Promise<string | null> {
    if (kind === 'command') {
      const refusal = await this.#send(engine, input);
      return refusal === null ? null : `the engine refuses ${type}: ${refusal.reason}`;
    }
    if (settles === null) return `bug: ${type} settles nothing`;
    if (kind === 'deadline') {
      this.#clock.moveTo(input.atMs);
      return null;
    }
    const { key } = settles;
    if (!(await this.#idleUntil(engine, () => this.#pending.has(key))))
      return `${settles.kind} is owed, and the engine does not perform it`;
    const { key: _key, ...event } = input.event;
    this.#pending.get(key)?.(event);
    return null;
  }

  async #send(engine: ProvenEngine, { event, actor }: Input): Promise<Refusal | null> {
    try {
      return await engine.send(event, actor);
    } catch (error) {
      // Its state may be ahead of what it has told, and behind what it owes.
      if (!this.#process.isDead && engine.fault === null)
        this.witness.blame('the engine reports a failure but is not halted');
      throw error;
    }
  }

  /** Whether it comes true while the event loop turns. Throws when the process dies or the engine fails meanwhile. */
  async #idleUntil(engine: ProvenEngine, isTrue: () => boolean): Promise<boolean> {
    for (let turns = 0; turns < IDLE_TURNS_MAX; turns += 1) {
      this.#process.mustLive('it waits');
      if (engine.fault !== null) throw engine.fault;
      if (isTrue()) return true;
      await turn();
    }
    return false;
  }

  async #perform({ effect, signal, mayBeRepeated }: Performing<PlainEffect>): Promise<PlainEvent | null> {
    this.#process.at(`perform ${effect.kind}`);
    this.#witnessDurable(effect);
    this.witness.perform(effect, this.#process.self.pid, mayBeRepeated);
    this.#process.at(`${effect.kind} performed`);
    return new Promise((resolve) => {
      const answer: Answer = (event) => {
        this.#pending.delete(effect.key);
        resolve(event);
      };
      this.#pending.set(effect.key, answer);
      signal.addEventListener('abort', () => answer(null), { once: true });
    });
  }

  #witnessDurable({ key, kind }: PlainEffect): void {
    const { disk } = this.machine;
    const records = this.#process.unseen(() => recordsOn(disk.changes.isSettled ? disk : disk.crash('nothing')));
    if (!records.some(({ effects }) => effects.some((effect) => effect.key === key)))
      this.witness.blame(`${kind} is performed under a key that no durable record asks for`);
  }

  /** What the engine says is recorded. */
  #acknowledge(engine: ProvenEngine): void {
    const { machine, witness } = this;
    const { seq, owed } = engine.state;
    const records = this.#process.unseen(() => recordsOn(machine.disk)).slice(0, seq);
    const known = new Set(witness.acknowledged);
    const fresh = records.filter(({ sum }) => !known.has(sum));
    witness.acknowledged = [...witness.acknowledged, ...fresh.map(({ sum }) => sum)];
    for (const { event } of records)
      if (event.key !== undefined && !owed.some(({ key }) => key === event.key)) witness.settle(event.key);
    if (records.length < seq) witness.blame(`the engine is at record ${seq}, and its journal at ${records.length}`);
    this.place = seq;
  }
}
