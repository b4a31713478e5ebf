/**
 * Changes to the text of a packets file: a packet at its end, an approval in one of its packets.
 *
 * Owns: where in the text they go, and the layout of what is new. Does not own: reading packets (packets/packets), the file (cli).
 *
 * Invariants: 1. Every byte that is not changed stays as it is. 2. An approval leaves nothing that speaks against it: a plain `false` beside
 * it would count as no.
 */
import { isObject, type JsonObject } from '../base/canonical-json.ts';
import {
  changedText,
  type JsonMember,
  type JsonObjectSpan,
  type JsonSpan,
  jsonSpans,
  memberOf,
  type TextChange,
} from './json-spans.ts';

/** Who approves, and when. */
export interface Approval {
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
}

const UNIT = '  ';

/** A packets file of this packet alone. */
export function firstPacket(packet: JsonObject): string {
  return `${JSON.stringify({ packets: [packet] }, null, UNIT)}\n`;
}

/** The text of a packets file, which has been read without a problem, with the packet behind its last one. */
export function withPacket(text: string, packet: JsonObject): string {
  const list = packetsIn(text);
  const last = list.items.at(-1);
  const unit = unitOf(text);
  if (last === undefined) {
    const outer = lineIndent(text, list.start);
    const shown = indented(packet, unit, outer + unit);
    return edited(text, [{ start: list.start, end: list.end, text: `[\n${outer}${unit}${shown}\n${outer}]` }]);
  }
  const indent = indentAt(text, last.start);
  const isMultiLine = text.slice(last.start, last.end).includes('\n');
  const fresh =
    indent !== null
      ? `,\n${indent}${indented(packet, unit, indent)}`
      : `, ${isMultiLine ? indented(packet, unit, lineIndent(text, last.end)) : JSON.stringify(packet)}`;
  return edited(text, [{ start: last.end, end: last.end, text: fresh }]);
}

/** The changes in the text, with the text's own line ends. */
function edited(text: string, changes: readonly TextChange[]): string {
  if (!text.includes('\r\n')) return changedText(text, changes);
  return changedText(
    text,
    changes.map((change) => ({ ...change, text: change.text.replaceAll('\n', '\r\n') })),
  );
}

/** The text with an approval of its packet at `place`, counted from 0. Throws on a packet that is not an object: nothing can be approved there. */
export function withApproval(text: string, place: number, approval: Approval): string {
  const packet = packetsIn(text).items[place];
  if (packet?.kind !== 'object') throw new Error(`bug: packet ${place} is no object`);
  return edited(text, approvalChanges(text, packet, approval));
}

function approvalChanges(text: string, packet: JsonObjectSpan, { by, at }: Approval): readonly TextChange[] {
  const changes: TextChange[] = [];
  const plain = memberOf(packet, 'approved');
  // A false beside the approval means no, whatever the approval says.
  if (plain !== undefined) changes.push(replaced(plain, 'true'));
  const member = memberOf(packet, 'approval');
  if (member?.value.kind !== 'object') {
    const fresh = `{ "status": "approved", "approved_by": ${JSON.stringify(by)}, "approved_at": ${JSON.stringify(at)} }`;
    changes.push(member === undefined ? added(text, packet, 'approval', fresh, 'task_id') : replaced(member, fresh));
    return changes;
  }
  const { value } = member;
  const inner = memberOf(value, 'approved');
  if (inner !== undefined) changes.push(replaced(inner, 'true'));
  const wanted: readonly (readonly [string, string, string])[] = [
    ['status', 'status', 'approved'],
    ['approved_by', 'approvedBy', by],
    ['approved_at', 'approvedAt', at],
  ];
  const lacking: [string, string][] = [];
  for (const [name, other, said] of wanted) {
    const names = [name, ...(other === name ? [] : [other])];
    const standing = names.map((each) => memberOf(value, each)).filter((each) => each !== undefined);
    if (standing.length === 0) lacking.push([name, JSON.stringify(said)]);
    for (const each of standing) changes.push(replaced(each, JSON.stringify(said)));
  }
  if (lacking.length > 0) changes.push(addedAll(text, value, lacking));
  return changes;
}

function replaced({ value }: JsonMember, text: string): TextChange {
  return { start: value.start, end: value.end, text };
}

/** A new member behind the one of the name `after`, else in front of all. */
function added(text: string, object: JsonObjectSpan, name: string, value: string, after: string): TextChange {
  const before = memberOf(object, after);
  if (before !== undefined) {
    const indent = indentAt(text, before.nameStart);
    const gap = indent === null ? ' ' : `\n${indent}`;
    const at = before.value.end;
    return { start: at, end: at, text: `,${gap}${JSON.stringify(name)}: ${value}` };
  }
  const [first] = object.members;
  if (first === undefined) return addedAll(text, object, [[name, value]]);
  const indent = indentAt(text, first.nameStart);
  const gap = indent === null ? ' ' : `\n${indent}`;
  return { start: first.nameStart, end: first.nameStart, text: `${JSON.stringify(name)}: ${value},${gap}` };
}

/** New members behind the last. */
function addedAll(text: string, object: JsonObjectSpan, members: readonly (readonly [string, string])[]): TextChange {
  const last = object.members.at(-1);
  const shown = members.map(([name, value]) => `${JSON.stringify(name)}: ${value}`);
  if (last === undefined) return { start: object.start, end: object.end, text: `{ ${shown.join(', ')} }` };
  const indent = indentAt(text, last.nameStart);
  const gap = indent === null ? ' ' : `\n${indent}`;
  return { start: last.value.end, end: last.value.end, text: shown.map((each) => `,${gap}${each}`).join('') };
}

function packetsIn(text: string): Extract<JsonSpan, { kind: 'array' }> {
  const document = jsonSpans(text);
  const list = document.kind === 'object' ? memberOf(document, 'packets')?.value : document;
  if (list?.kind !== 'array') throw new Error('bug: no list of packets');
  return list;
}

/** The white space in front of what begins at `at`, when it begins its line; null when something else stands before it. */
function indentAt(text: string, at: number): string | null {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^[ \t]*$/.test(line) && text.lastIndexOf('\n', at - 1) >= 0 ? line : null;
}

/** The white space at the beginning of the line in which `at` is. */
function lineIndent(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', at - 1) + 1))?.[0] ?? '';
}

/** One step of the text's own indentation. */
function unitOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? UNIT;
}

function indented(value: JsonObject, unit: string, indent: string): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', `\n${indent}`);
}

/** True when both say the same but for the approval. */
export function differInApprovalOnly(before: unknown, after: unknown): boolean {
  return JSON.stringify(withoutApproval(before)) === JSON.stringify(withoutApproval(after));
}

function withoutApproval(packet: unknown): unknown {
  if (!isObject(packet)) return packet;
  const { approved: _approved, approval: _approval, ...rest } = packet;
  return rest;
}
