/**
 * The environment of a worker: an allow-list, what the request sets, and the task.
 *
 * Owns: which variables a worker gets. Does not own: which names an agent asks for (adapters/agents).
 *
 * Invariant: nothing of the runner's environment reaches a worker unless it is named here or in the request (agents see no secrets by accident).
 */
import { join } from 'node:path';
import { isObject, type Json } from '../base/canonical-json.ts';
import { MARK_VARIABLE, TASK_FILES, type TaskRequest } from '../model/request.ts';

const ALLOWED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TERM', 'TMPDIR', 'TZ'];

type Variables = Readonly<Record<string, string | undefined>>;

/** The worker's variables, from the host's own `inherited` ones and the request. */
export function workerEnvironment(
  request: TaskRequest,
  taskFolder: string,
  inherited: Variables,
): Record<string, string> {
  const env: Record<string, string> = {};
  const locale = Object.keys(inherited).filter((name) => name.startsWith('LC_'));
  for (const name of [...ALLOWED, ...locale, ...request.envNames]) {
    const value = inherited[name];
    if (value !== undefined) env[name] = value;
  }
  const outer = inherited[MARK_VARIABLE];
  return {
    ...env,
    ...Object.fromEntries(Object.entries(request.env).map(([name, value]) => [name, merged(env[name], value)])),
    PAWL_RUN_ID: request.runId,
    PAWL_TASK_ID: request.taskId,
    PAWL_PURPOSE: request.purpose,
    PAWL_EPOCH: String(request.epoch),
    PAWL_ATTEMPT: String(request.attempt),
    PAWL_TASK_FILE: join(taskFolder, TASK_FILES.task),
    PAWL_COMPLETION_FILE: request.completionFile,
    // Appended, so that a worker inside a worker belongs to both trees.
    [MARK_VARIABLE]: outer === undefined || outer === '' ? request.mark : `${outer}:${request.mark}`,
  };
}

/** A setting that both user and adapter give as a JSON object is merged, and the adapter's parts take precedence; any other is the adapter's. */
function merged(theirs: string | undefined, ours: string): string {
  const [one, other] = [objectIn(theirs), objectIn(ours)];
  return one === null || other === null ? ours : JSON.stringify(laidOver(one, other));
}

type Settings = Readonly<Record<string, unknown>>;

function objectIn(text: string | undefined): Settings | null {
  if (text === undefined || !text.trimStart().startsWith('{')) return null;
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function laidOver(under: Settings, over: Settings): Settings {
  const both = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const below = both[name];
    both[name] = isObject(below) && isObject(value) ? laidOver(below, value) : value;
  }
  return both;
}
