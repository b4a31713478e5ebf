/**
 * Preloaded (`node --import`) into the process of one role: counts its file operations and starts of children, and at one of them kills or
 * stops the process, or lets the operation fail.
 *
 * Owns: following a plan. Does not own: making it, deciding what else dies at that moment (real/trial).
 *
 * Invariants: 1. Without a plan for this process nothing is touched. 2. Neither plan nor preload is inherited by what the process starts.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { PLAN_VARIABLE, type Place, type Plan } from '../real/plan.ts';

const FILE_OPERATIONS = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'fsync',
  'fdatasync',
  'ftruncateSync',
  'closeSync',
  'linkSync',
  'renameSync',
  'unlinkSync',
  'mkdirSync',
  'rmSync',
  'utimesSync',
  'copyFileSync',
];
/** Operations of the thread pool: what they come to is told to a callback. */
const POOLED: readonly string[] = ['fsync', 'fdatasync'];
const CHILD_OPERATIONS = ['spawn', 'spawnSync'];
const ROLES = { runner: '/cli/main.js', host: '/host/main.js', smallFiles: '/prove/daemon/small-files.js' };
/** Enough to tell records apart. */
const BYTES_READ_MAX = 65_536;
const REHYDRATED = '"runRehydrated"';

/** The real functions, for what this program does itself. */
const { openSync, writeSync, closeSync, readFileSync, constants } = fs;
const kill = process.kill.bind(process);

type Args = readonly unknown[];

/** One counted operation. */
interface Operation {
  readonly name: string;
  readonly args: Args;
  readonly label: string;
  /** What was last written to the file it is about. */
  readonly written: string;
}

function takePlan(): Plan | null {
  const text = process.env[PLAN_VARIABLE];
  if (text === undefined) return null;
  const plan: Plan = JSON.parse(text);
  if (process.argv[1]?.endsWith(ROLES[plan.role]) !== true) return null;
  delete process.env[PLAN_VARIABLE];
  leaveOptions();
  return plan.task === undefined || basename(process.argv[2] ?? '') === plan.task ? plan : null;
}

/** Takes this program out of NODE_OPTIONS; others stay. */
function leaveOptions(): void {
  const kept = (process.env.NODE_OPTIONS ?? '').split(' ').filter((option) => !option.includes(import.meta.url));
  if (kept.join('') === '') delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = kept.join(' ');
}

/** What follows one plan. */
class KillPoint {
  readonly #plan: Plan;
  /** Descriptors that were opened to read: opening and closing them changes nothing. */
  readonly #reading = new Set<unknown>();
  readonly #paths = new Map<unknown, string>();
  readonly #written = new Map<string, string>();
  #count = 0;
  #isDone = false;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Every counted function of Node goes through this plan from now on. */
  install(): void {
    for (const name of FILE_OPERATIONS) this.#wrap(fs, name);
    for (const name of CHILD_OPERATIONS) this.#wrap(childProcess, name);
    syncBuiltinESMExports();
    process.on('exit', () => {
      this.#isDone = true;
      this.#tell(`total ${this.#count}`);
    });
  }

  #wrap(module: object, name: string): void {
    const real: unknown = Reflect.get(module, name);
    if (typeof real !== 'function') return;
    const call = (args: Args): unknown => this.#after(name, args, Reflect.apply(real, module, args));
    Reflect.set(module, name, (...args: unknown[]) => {
      if (this.#isDone || !this.#isCounted(name, args)) return call(args);
      return this.#meet(name, args, call);
    });
  }

  #meet(name: string, args: Args, call: (args: Args) => unknown): unknown {
    const { when } = this.#plan;
    this.#count += 1;
    const operation = this.#operation(name, args);
    if (when === 'count') this.#tell(operation.label);
    if (when === 'resume') this.#noteResume(operation);
    const isHere = this.#isHere(operation);
    if (isHere && when === 'before' && this.#isFirst()) this.#strike(operation);
    if (when === 'partial' && this.#isWriteFrom(operation, isHere) && this.#isFirst()) this.#writeHalf(operation, call);
    const strikes = isHere && when === 'after';
    if (this.#isFailing(operation, isHere)) {
      const error = this.#failure(operation, call);
      if (!POOLED.includes(name)) throw error;
      return process.nextTick(doneOf(args), error);
    }
    if (strikes && POOLED.includes(name)) return call(this.#strikingWhenDone(operation));
    const result = call(args);
    if (strikes && this.#isFirst()) this.#strike(operation);
    return result;
  }

  /** The arguments, with a callback that strikes before it tells. */
  #strikingWhenDone(operation: Operation): Args {
    const done = doneOf(operation.args);
    const strike = (...results: unknown[]): void => {
      if (!this.#isDone && this.#isFirst()) this.#strike(operation);
      done(...results);
    };
    return [...operation.args.slice(0, -1), strike];
  }

  #operation(name: string, args: Args): Operation {
    const [subject, second] = args;
    const about = typeof subject === 'string' ? subject : (this.#paths.get(subject) ?? '');
    if (name === 'writeSync' && ArrayBuffer.isView(second)) {
      const bytes = new Uint8Array(second.buffer, second.byteOffset, Math.min(second.byteLength, BYTES_READ_MAX));
      this.#written.set(about, new TextDecoder().decode(bytes));
    }
    const more = Array.isArray(second)
      ? second.slice(-4).join(' ')
      : name === 'linkSync' || name === 'renameSync'
        ? String(second)
        : '';
    const label = `${this.#count} ${this.#plan.when} ${this.#short(`${name} ${about} ${more}`)}`;
    return { name, args, label, written: this.#written.get(about) ?? '' };
  }

  /** Without what differs from one run to the next. */
  #short(text: string): string {
    const root = this.#plan.root ?? '';
    const place = root === '' ? text : text.replaceAll(`${root}/`, '');
    return place.replaceAll(/repo\/\.pawl\/|runs\/run_[^/]+\//g, '').trim();
  }

  #isCounted(name: string, args: Args): boolean {
    if (name === 'openSync') return !isToRead(args[1]);
    if (name === 'closeSync') return !this.#reading.has(args[0]);
    return true;
  }

  #isHere({ name, label, written }: Operation): boolean {
    const { at } = this.#plan;
    if (typeof at === 'number') return this.#count === at;
    if (typeof at === 'string') return label.endsWith(at);
    return isAt(at, name, label, written);
  }

  /** By number, the first write from there on; by place, exactly there. */
  #isWriteFrom({ name }: Operation, isHere: boolean): boolean {
    const { at } = this.#plan;
    return name === 'writeSync' && (typeof at === 'number' ? this.#count >= at : isHere);
  }

  #writeHalf(operation: Operation, call: (args: Args) => unknown): void {
    const [fd, bytes, offset = 0, given, position = null] = operation.args;
    const length =
      typeof given === 'number' ? given : ArrayBuffer.isView(bytes) ? bytes.byteLength - Number(offset) : 0;
    if (length > 1) call([fd, bytes, offset, Math.floor(length / 2), position]);
    this.#strike(operation);
  }

  #isFailing({ name }: Operation, isHere: boolean): boolean {
    const { when, at } = this.#plan;
    if (!FILE_OPERATIONS.includes(name)) return false;
    if (when === 'failOn') return typeof at === 'number' && this.#count >= at;
    return when === 'fail' && isHere && this.#isFirst();
  }

  #failure({ name, args, label }: Operation, call: (args: Args) => unknown): Error {
    this.#tell(`failed ${label}`);
    if (name === 'closeSync') call(args);
    const code = this.#plan.error ?? 'EIO';
    return Object.assign(new Error(`${code}: injected, ${name} '${String(args[0])}'`), {
      code,
      syscall: name.replace('Sync', ''),
    });
  }

  /** The first operation for a run after what recovery itself does: that is when the run continues. */
  #noteResume({ name, label, args, written }: Operation): void {
    if (!this.#isEffect(name, args, written)) return;
    this.#tell(`resumed ${Date.now()} ${label}`);
    this.#isDone = true;
  }

  /** Recovery reads, cuts off half a record, appends what it found; git and hosts are started without waiting by effects alone. */
  #isEffect(name: string, args: Args, written: string): boolean {
    if (name === 'spawn') return true;
    const subject = typeof args[0] === 'string' ? args[0] : (this.#paths.get(args[0]) ?? '');
    if (!subject.includes('/runs/run_') || name.startsWith('fsync')) return false;
    if (!subject.endsWith('/events.jsonl')) return true;
    return name === 'writeSync' && !written.includes(REHYDRATED);
  }

  #strike({ label }: Operation): void {
    const { action = 'kill', withParent = false } = this.#plan;
    this.#isDone = true;
    if (action === 'stop') {
      this.#tell(`stopped ${process.pid} ${label}`);
      kill(process.pid, 'SIGSTOP');
      return;
    }
    this.#tell(`killed ${label}`);
    const parent = process.ppid;
    if (withParent && readFileSync(`/proc/${parent}/cmdline`, 'latin1').includes(ROLES.runner)) kill(parent, 'SIGKILL');
    kill(process.pid, 'SIGKILL');
    for (;;); // The signal is on its way.
  }

  /** Only one process of the role is hit, and only once. */
  #isFirst(): boolean {
    const { once } = this.#plan;
    if (once === undefined) return true;
    try {
      closeSync(openSync(once, 'wx'));
      return true;
    } catch {
      return false; // Somebody else was hit before.
    }
  }

  #after(name: string, args: Args, result: unknown): unknown {
    if (name === 'openSync') {
      this.#paths.set(result, String(args[0]));
      if (isToRead(args[1])) this.#reading.add(result);
      else this.#reading.delete(result);
    }
    if (name === 'closeSync') this.#reading.delete(args[0]);
    return result;
  }

  #tell(line: string): void {
    if (this.#plan.log === undefined) return;
    const fd = openSync(this.#plan.log, 'a');
    writeSync(fd, `${line}\n`);
    closeSync(fd);
  }
}

/** The callback of an operation of the thread pool. */
function doneOf(args: Args): (...results: unknown[]) => void {
  const done = args.at(-1);
  if (typeof done !== 'function') throw new Error('bug: an operation without a callback');
  return (...results) => void Reflect.apply(done, undefined, results);
}

function isAt(place: Place, name: string, label: string, written: string): boolean {
  if (name !== place.operation || !label.includes(place.about)) return false;
  return (place.bytes ?? []).every((text) => written.includes(text));
}

function isToRead(flags: unknown): boolean {
  if (typeof flags !== 'number') return flags === undefined || flags === 'r';
  return (flags & 3) === constants.O_RDONLY && (flags & constants.O_CREAT) === 0;
}

const plan = takePlan();
if (plan !== null) new KillPoint(plan).install();
