/**
 * Reads a script of the scripted agent and picks the steps for one task.
 *
 * Owns: checking a script plainly (no zod: the worker must start fast), the order of keys. Does not own: doing the steps (scripted-steps).
 *
 * Invariant: 1. A script that is not understood whole is refused whole: a misspelt step never passes for nothing.
 */
import { isObject } from '../../base/canonical-json.ts';
import type { Purpose } from '../../model/limits.ts';
import { SCRIPT_KEY, type Script, STEP_KINDS, type Step, type StepKind, type Steps } from '../../model/script.ts';

/** A script that cannot be followed; the worker says so and exits with SCRIPT_REFUSED_EXIT. */
export class ScriptError extends Error {}

/** The exit code of a worker whose script cannot be followed (EX_USAGE of sysexits.h). */
export const SCRIPT_REFUSED_EXIT = 64;

/** What a task is, as far as a script tells tasks apart. */
export interface ScriptPlace {
  readonly packetTaskId: string | null;
  readonly purpose: Purpose;
  readonly epoch: number;
  readonly attempt: number;
}

/** The script of a parsed JSON document. Throws ScriptError. */
export function parseScript(document: unknown): Script {
  if (!isObject(document)) throw new ScriptError('a script is an object of step lists by key');
  const { tasks = {}, $schema: _, ...rest } = document;
  if (!isObject(tasks)) throw new ScriptError('tasks: must be an object by packet task id');
  return {
    steps: parseSteps(rest, ''),
    tasks: Object.fromEntries(
      Object.entries(tasks).map(([id, steps]) => {
        if (!isObject(steps)) throw new ScriptError(`tasks.${id}: must be an object of step lists by key`);
        return [id, parseSteps(steps, `tasks.${id}.`)];
      }),
    ),
  };
}

/** The steps for a task, by the most specific key, those of its packet first; null when the script says nothing about it. */
export function pickSteps(script: Script, place: ScriptPlace): readonly Step[] | null {
  const { packetTaskId, purpose, epoch, attempt } = place;
  const keys = [`${purpose}.e${epoch}.a${attempt}`, `${purpose}.e${epoch}`, `${purpose}.a${attempt}`, purpose];
  const own =
    packetTaskId !== null && Object.hasOwn(script.tasks, packetTaskId) ? script.tasks[packetTaskId] : undefined;
  for (const steps of [own, script.steps]) {
    for (const key of keys) {
      const picked = steps !== undefined && Object.hasOwn(steps, key) ? steps[key] : undefined;
      if (picked !== undefined) return picked;
    }
  }
  return null;
}

function parseSteps(lists: Record<string, unknown>, prefix: string): Steps {
  return Object.fromEntries(
    Object.entries(lists).map(([key, list]) => {
      if (!SCRIPT_KEY.test(key)) throw new ScriptError(`${prefix}${key}: is not <purpose>[.e<epoch>][.a<attempt>]`);
      if (!Array.isArray(list)) throw new ScriptError(`${prefix}${key}: must be a list of steps`);
      return [key, list.map((step: unknown, index) => parseStep(step, `${prefix}${key}[${index}]`))];
    }),
  );
}

function parseStep(step: unknown, where: string): Step {
  const kind = STEP_KINDS.find((known) => isObject(step) && step.do === known);
  if (kind === undefined || !isObject(step)) {
    throw new ScriptError(`${where}: must be an object with "do", one of ${STEP_KINDS.join(', ')}`);
  }
  return stepOf(kind, new Fields(step, where));
}

function stepOf(kind: StepKind, fields: Fields): Step {
  switch (kind) {
    case 'write':
    case 'append':
      return { do: kind, path: fields.text('path'), text: fields.text('text', '') };
    case 'remove':
    case 'waitFor':
      return { do: kind, path: fields.text('path') };
    case 'commit':
      return { do: kind, message: fields.text('message', 'Work of the scripted agent') };
    case 'answer':
      return { ...fields.all, do: kind };
    case 'partialAnswer':
    case 'hang':
    case 'ignoreSigterm':
      return { do: kind };
    case 'exit':
      return { do: kind, code: fields.number('code', 0) };
    case 'crash':
      return { do: kind, signal: fields.text('signal', 'SIGKILL') };
    case 'sleep':
      return { do: kind, ms: fields.number('ms') };
    case 'grandchild':
      return {
        do: kind,
        holdsStdout: fields.flag('holdsStdout', true),
        lifeMs: fields.flag('forever', false) ? null : fields.number('ms', GRANDCHILD_MS),
        ignoreSigterm: fields.flag('ignoreSigterm', false),
        ownSession: fields.flag('ownSession', false),
      };
    case 'flood':
    case 'longLine':
      return { do: kind, bytes: fields.number('bytes') };
    case 'print':
      return { do: kind, text: fields.text('text') };
    case 'witness':
      return { do: kind, file: fields.text('file') };
  }
}

const GRANDCHILD_MS = 60_000;

/** The fields of one step, each checked when it is asked for. */
class Fields {
  readonly all: Record<string, unknown>;
  readonly #where: string;

  constructor(step: Record<string, unknown>, where: string) {
    this.all = step;
    this.#where = where;
  }

  text(name: string, fallback?: string): string {
    const value = this.all[name] ?? fallback;
    if (typeof value !== 'string') throw new ScriptError(`${this.#where}.${name}: must be a string`);
    return value;
  }

  number(name: string, fallback?: number): number {
    const value = this.all[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw new ScriptError(`${this.#where}.${name}: must be a whole number from 0`);
    }
    return value;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.all[name] ?? fallback;
    if (typeof value !== 'boolean') throw new ScriptError(`${this.#where}.${name}: must be true or false`);
    return value;
  }
}
