/**
 * What a page says, checked.
 *
 * Owns: the check. Does not own: the messages (wire/page-api), answering them (hub/page-session).
 */
import { isObject } from '../../base/canonical-json.ts';
import { isOrdinal, parseJson } from '../../store/json-file.ts';
import { isSafeName } from '../../store/registry-paths.ts';
import type { PageMessage } from '../wire/page-api.ts';

const PATH_CHARS_MAX = 1_000;

/** The message in `text`, null when it is none. */
export function parsePageMessage(text: string): PageMessage | null {
  const value = parseJson(text);
  if (!isObject(value)) return null;
  const { type, runId, taskId, fromSeq, isOn, path } = value;
  switch (type) {
    case 'unwatch':
    case 'proof':
      return { type };
    case 'watch':
      return isId(runId) && isOrdinal(fromSeq, 1) ? { type, runId, fromSeq } : null;
    case 'tail':
      return isId(runId) && isId(taskId) && typeof isOn === 'boolean' ? { type, runId, taskId, isOn } : null;
    case 'artifact':
      return isId(runId) && typeof path === 'string' && path.length <= PATH_CHARS_MAX ? { type, runId, path } : null;
    default:
      return null;
  }
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && isSafeName(value);
}
