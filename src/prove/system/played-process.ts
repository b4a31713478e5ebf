/**
 * One process that is led along a path: it opens the system, takes every move that is left, and closes it, or stops where it is told to.
 *
 * Owns: leading, witnessing what is performed and acknowledged. Does not own: the path (covering-paths), the machine (proof-machine), what is compared (stops).
 *
 * Invariants: 1. A dead process touches nothing any more. 2. Which move is next is read from the state: a process continues where the last one was recorded.
 * 3. An effect is performed only when its record would survive a power cut (L1).
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { ProcessIdentity } from '../../base/process-identity.ts';
import type { Performing } from '../../engine/durable-system.ts';
import type { Refusal } from '../../engine/live-system.ts';
import type { Input } from '../../kernel/decide.ts';
import type { PlainEffect, PlainEvent } from '../../model/system-record.ts';
import type { FsPort } from '../../ports/fs.ts';
import { Halted } from '../memory/memory-fs.ts';
import type { PlayedPath } from './covering-paths.ts';
import { type Move, START, type Subject } from './moves.ts';
import { ProofClock, type ProofMachine } from './proof-machine.ts';
import type { OpenEngine, ProvenEngine } from './proven-engine.ts';
import { recordsOn } from './proven-journal.ts';

/** What is played, and by which engine. */
export interface Play {
  readonly subject: Subject;
  readonly path: PlayedPath;
  readonly open: OpenEngine;
}

/** How a process ended. */
export type ProcessEnd =
  | { readonly kind: 'closed' }
  | { readonly kind: 'killed' }
  /** It was told of a failure. */
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'stuck'; readonly why: string };

/** Told of every call that changes something, before it is done, with the place of the move that is under way; may kill the process. */
export type CallHook = (call: string, process: PlayedProcess) => void;

/** Turns of the event loop in which nothing happens: in memory everything that is to happen happens in one. */
const IDLE_TURNS_MAX = 12;
const CHANGES: readonly string[] = [
  'open',
  'write',
  'truncate',
  'sync',
  'dataSync',
  'link',
  'rename',
  'unlink',
  'makeFolder',
  'touch',
];

type Answer = (event: PlainEvent | null) => void;

/** One process on a machine. */
export class PlayedProcess {
  readonly machine: ProofMachine;
  /** The place of the move that is under way; the length of the path once all are taken. */
  place = 0;
  readonly #play: Play;
  readonly #hook: CallHook | null;
  readonly #pending = new Map<string, Answer>();
  readonly #clock: ProofClock;
  readonly #self: ProcessIdentity;
  #isDead = false;
  #isWatched = true;

  constructor(play: Play, machine: ProofMachine, hook: CallHook | null = null) {
    this.#play = play;
    this.machine = machine;
    this.#hook = hook;
    this.#clock = new ProofClock(machine);
    this.#self = machine.begin();
  }

  /** Lives until the path has ended, the process has died or failed, or nothing moves. `fs`: the disk, or something in front of it. */
  async live(fs: FsPort = this.machine.disk): Promise<ProcessEnd> {
    const { disk } = this.machine;
    disk.isHalving = true;
    disk.changes.isUnseen = (name) => name.startsWith('.tmp-');
    disk.onCall = (op, path, isHalfDone) => {
      if (this.#isWatched && CHANGES.includes(op)) this.#at(`${op} ${path}${isHalfDone ? ' (half)' : ''}`);
    };
    try {
      return await this.#live(fs);
    } catch (error) {
      return this.#isDead || error instanceof Halted ? { kind: 'killed' } : { kind: 'failed', error };
    } finally {
      this.#isDead = true;
      disk.halt();
      this.machine.end(this.#self);
    }
  }

  /** Dies at once. */
  kill(): never {
    this.#isDead = true;
    this.machine.disk.halt();
    throw new Halted('the process was killed');
  }

  async #live(fs: FsPort): Promise<ProcessEnd> {
    const { subject, path, open } = this.#play;
    const opening = subject.moves(START).find(({ type }) => type === path.names[0]);
    if (opening === undefined) throw new Error('bug: a path begins with an opening');
    const ports = { fs, clock: this.#clock, processes: this.machine.processes(this.#self) };
    const engine = await open(ports, subject.system, opening.input.event, (performing) => this.#perform(performing));
    for (;;) {
      this.#acknowledge(engine);
      const name = path.names[this.place];
      if (name === undefined) break;
      const why = await this.#lead(engine, name);
      if (why !== null) return { kind: 'stuck', why };
    }
    for (const answer of this.#pending.values()) answer(null);
    await engine.close();
    if (this.#isDead) return { kind: 'killed' };
    return { kind: 'closed' };
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
      if (!this.#isDead && engine.fault === null) this.machine.blame('the engine reports a failure but is not halted');
      throw error;
    }
  }

  /** Whether it comes true while the event loop turns. Throws when the process dies or the engine fails meanwhile. */
  async #idleUntil(engine: ProvenEngine, isTrue: () => boolean): Promise<boolean> {
    for (let turns = 0; turns < IDLE_TURNS_MAX; turns += 1) {
      if (this.#isDead) throw new Halted('the process is dead');
      if (engine.fault !== null) throw engine.fault;
      if (isTrue()) return true;
      await turn();
    }
    return false;
  }

  async #perform({ effect, signal, mayBeRepeated }: Performing<PlainEffect>): Promise<PlainEvent | null> {
    this.#at(`perform ${effect.kind}`);
    this.#witnessDurable(effect);
    this.machine.perform(effect, this.#self.pid, mayBeRepeated);
    this.#at(`${effect.kind} performed`);
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
    const records = this.#unseen(() => recordsOn(disk.changes.isSettled ? disk : disk.crash('nothing')));
    if (!records.some(({ effects }) => effects.some((effect) => effect.key === key)))
      this.machine.blame(`${kind} is performed under a key that no durable record asks for`);
  }

  /** What the engine says is recorded. */
  #acknowledge(engine: ProvenEngine): void {
    const { machine } = this;
    const { seq, owed } = engine.state;
    const records = this.#unseen(() => recordsOn(machine.disk)).slice(0, seq);
    const known = new Set(machine.acknowledged);
    const fresh = records.filter(({ sum }) => !known.has(sum));
    machine.acknowledged = [...machine.acknowledged, ...fresh.map(({ sum }) => sum)];
    for (const { event } of records)
      if (event.key !== undefined && !owed.some(({ key }) => key === event.key)) machine.settle(event.key);
    if (records.length < seq) machine.blame(`the engine is at record ${seq}, and its journal at ${records.length}`);
    this.place = seq;
  }

  #at(call: string): void {
    if (this.#isDead) throw new Halted(`the process is dead: ${call}`);
    this.#hook?.(call, this);
  }

  /** What the witness does on the disk is not a call of the process. */
  #unseen<T>(look: () => T): T {
    this.#isWatched = false;
    try {
      return look();
    } finally {
      this.#isWatched = true;
    }
  }
}
