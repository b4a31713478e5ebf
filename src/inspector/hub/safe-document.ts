/**
 * A JSON document of which every text is safe to show.
 *
 * Owns: going through it, its bounds. Does not own: what makes a text safe (base/sanitise).
 *
 * Invariant: the result is plain JSON, its texts sanitised and bounded, names of members included, and so is their number.
 */
import { isObject, type Json } from '../../base/canonical-json.ts';
import { sanitise } from '../../base/sanitise.ts';
import { HUB_BOUNDS } from './hub-bounds.ts';

const DEPTH_MAX = 8;
const CUT = '[… more, not shown …]';

/** Members whose names say that their value is nobody's business. */
const SECRET_NAME =
  /^(?:(?:.*[_-])?(?:secret|token|password|passwd|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization|cookie)s?|(?:.*[_-])?pass)$/i;
const CAMEL_SECRET = /(?:(?:Secret|Token|Password|Passphrase|Pwd|ApiKey|AccessKey|PrivateKey|Credential)s?|[a-z]Pass)$/;
/** Of these a number is one as well; `tokens` are counted, and `pass` is. */
const SECRET_NUMBER = /(?:password|passwd|passphrase|pwd|secret)s?$/i;

/** `document` with its texts sanitised; what is beyond `membersMax` values is cut, with a mark. */
export function safeDocument(document: unknown, membersMax: number = HUB_BOUNDS.documentMembers): Json {
  return new Walk(membersMax).safe(document);
}

class Walk {
  #left: number;

  constructor(membersMax: number) {
    this.#left = membersMax;
  }

  safe(value: unknown): Json {
    this.#left -= 1;
    if (this.#left < 0) return CUT;
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : null;
    if (typeof value === 'string') return sanitise(value, HUB_BOUNDS.textChars);
    if (Array.isArray(value)) return this.#list(value);
    return isObject(value) ? this.#object(value) : null;
  }

  #list(values: readonly unknown[]): Json {
    const safe: Json[] = [];
    for (const value of values) {
      safe.push(this.safe(value));
      if (this.#left < 0) break;
    }
    return safe;
  }

  #object(value: Readonly<Record<string, unknown>>): Json {
    const safe: [string, Json][] = [];
    for (const [name, member] of Object.entries(value)) {
      safe.push([sanitise(name, HUB_BOUNDS.textChars), isSecret(name, member) ? '[secret]' : this.safe(member)]);
      if (this.#left < 0) break;
    }
    return Object.fromEntries(safe);
  }
}

function isSecret(name: string, member: unknown): boolean {
  if (typeof member === 'number') return SECRET_NUMBER.test(name);
  return (SECRET_NAME.test(name) || CAMEL_SECRET.test(name)) && holdsText(member);
}

/** True where a text is in it, at whatever depth that is looked at; beyond that one is taken to be there. */
function holdsText(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return true;
  if (typeof value !== 'object' || value === null) return false;
  return depth === DEPTH_MAX || Object.values(value).some((member) => holdsText(member, depth + 1));
}
